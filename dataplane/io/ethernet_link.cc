#include "io/ethernet_link.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"
#include "net/answers.h"
#include "net/udp_head.h"

namespace fanlight::io {
namespace {

constexpr Micros kLookInterval = seconds(1);

// A hop is a slot, and above it the slot's generation, which is never 0: nor is a hop.
constexpr unsigned kSlotBits = 10, kGenerations = 1 << (16 - kSlotBits);
static_assert(net::Neighbours::kCapacity == 1 << kSlotBits);
constexpr std::uint16_t slot_of(std::uint16_t hop) { return hop & ((1 << kSlotBits) - 1); }
constexpr std::uint8_t generation_of(std::uint16_t hop) { return static_cast<std::uint8_t>(hop >> kSlotBits); }

ByteSpan head_of(const Envelope& envelope) { return ByteSpan{envelope.head}.first(envelope.head_bytes); }
bool is_v4_head(ByteSpan head) { return head.size() == net::kUdpHeadBytesV4; }

IpAddress destination_of(ByteSpan head) {
  return is_v4_head(head) ? net::load_ipv4(head.data() + 16) : net::load_ipv6(head.data() + 24);
}
std::uint16_t destination_port_of(ByteSpan head) { return load_be16(head.data() + head.size() - net::kUdpBytes + 2); }

// A group's MAC address follows from the group: it is kept behind the head, and nobody is asked.
constexpr std::size_t kHeadBytesMax = net::kUdpHeadBytesV6 + net::kMacBytes;
static_assert(kHeadBytesMax <= sizeof(Envelope::head));
bool is_to_group(const Envelope& envelope) {
  return is_v4_head(head_of(envelope)) ? (envelope.head[16] & std::byte{0xF0}) == std::byte{0xE0}
                                       : envelope.head[24] == std::byte{0xFF};
}
const net::MacAddress* group_mac_in(const Envelope& envelope) {
  return std::launder(reinterpret_cast<const net::MacAddress*>(envelope.head.data() + envelope.head_bytes));
}

// Hosts that are asked at once are to answer one after the other: what tells them apart is their address.
std::uint64_t seed_of(const net::MacAddress& mac) {
  std::uint64_t seed = 0;
  std::memcpy(&seed, mac.data(), mac.size());
  return seed;
}

Error too_much(const EthernetLinkOptions& options, const GroupJoin& join) {
  return {ErrorCode::kInvalid, "The DPDK device \"" + options.device->name() + "\" cannot join " + join.group.text() +
                                   ": it has " + std::to_string(net::Interface::kGroupsMax) + " groups, of each " +
                                   std::to_string(net::Memberships::kSourcesMax) +
                                   " sources at most, of families that it has an address of."};
}

}  // namespace

Result<std::unique_ptr<EthernetLink>> EthernetLink::open(const EthernetLinkOptions& options, std::uint16_t door,
                                                         PortCounters& counters) {
  CHECK(options.worker < options.device->workers());
  net::Interface interface = options.interface;
  if (interface.mac == net::MacAddress{}) interface.mac = options.device->mac();
  if (!net::is_station(interface.mac)) {
    return Error{ErrorCode::kInvalid,
                 "The DPDK device \"" + options.device->name() + "\" has no MAC address; configure one."};
  }
  for (const GroupJoin& join : options.joins)
    if (!interface.join(join.group)) return too_much(options, join);
  std::unique_ptr<EthernetLink> link(new EthernetLink(options, interface, door, counters));
  if (!link->is_first()) return link;
  for (const GroupJoin& join : options.joins)
    if (!link->memberships_.join(join.group, join.source)) return too_much(options, join);
  options.device->hear_groups(interface.group_macs());
  return link;
}

EthernetLink::EthernetLink(const EthernetLinkOptions& options, const net::Interface& interface, std::uint16_t door,
                           PortCounters& counters)
    : queue_(options.device->queue(options.worker)),
      device_(*options.device),
      interface_(interface),
      neighbours_(interface),
      memberships_(interface, seed_of(interface.mac)),
      pool_(*options.receive_pool),
      header_pool_(*options.header_pool),
      copy_pool_(*options.copy_pool),
      counters_(counters),
      door_(door) {}

EthernetLink::~EthernetLink() {
  say_goodbye();
  rte_pktmbuf_free_bulk(staged_.data() + staged_begin_, static_cast<unsigned>(staged_end_ - staged_begin_));
}

std::size_t EthernetLink::receive(Instant now, std::span<Arrival> arrivals) noexcept {
  flush_staged();
  std::size_t filled = tell_undelivered(arrivals);
  const std::size_t room = std::min(arrivals.size() - filled, received_.size());
  const std::size_t got = queue_.receive(std::span{received_}.first(room));
  for (std::size_t i = 0; i < got; ++i)
    if (admit(now, PacketRef{received_[i]}, arrivals[filled])) ++filled;
  return filled;
}

bool EthernetLink::admit(Instant now, PacketRef frame, Arrival& arrival) noexcept {
  net::FrameView view;
  view.verdict = Verdict::kOversized;  // A frame in several segments is larger than a buffer, hence than MTU 1500.
  if (frame.mbuf()->nb_segs == 1) view = net::judge_frame(interface_, std::as_const(frame).bytes());
  const bool is_datagram = view.kind == net::FrameKind::kUdp;
  if (!is_datagram && view.kind != net::FrameKind::kUnreachable) {
    ++counters_.verdicts[static_cast<std::size_t>(view.verdict)];
    if (view.kind != net::FrameKind::kOther) answer(now, std::as_const(frame).bytes(), view);
    return false;
  }
  frame.trim_front(view.payload_offset);
  CHECK(frame.resize(view.payload_size));
  ++counters_.received;
  counters_.received_bytes += view.payload_size;
  arrival.packet = std::move(frame);
  arrival.path = {.remote = view.remote, .local = view.local, .door = door_, .interface_index = 0};
  arrival.undelivered = is_datagram ? Undelivered::kNo : Undelivered::kUnreachable;
  return true;
}

std::size_t EthernetLink::tell_undelivered(std::span<Arrival> arrivals) noexcept {
  std::size_t told = 0;
  while (undelivered_count_ > 0 && told < arrivals.size()) {
    PacketRef nothing = pool_.take();
    if (!nothing) break;
    const Endpoint& remote = undelivered_[--undelivered_count_];
    arrivals[told++] = {.packet = std::move(nothing),
                        .path = {.remote = remote, .local = {}, .door = door_},
                        .undelivered = Undelivered::kUnresolved};
  }
  counters_.received += told;
  return told;
}

void EthernetLink::answer(Instant now, ByteSpan frame, const net::FrameView& view) noexcept {
  neighbours_.handle_frame(now, frame, view);
  if (is_first()) memberships_.handle_frame(now, frame, view);
  tell_others(frame, view);
  say([&](MutableByteSpan out) { return net::write_answer(interface_, frame, view, out); });
}

// A frame comes to one queue, whoever asked for it: each neighbour is known to all workers or to none, and what routers
// ask about groups is worker 0's to answer.
void EthernetLink::tell_others(ByteSpan frame, const net::FrameView& view) noexcept {
  const bool is_of_neighbours = view.kind == net::FrameKind::kArp || view.kind == net::FrameKind::kNdp;
  const bool is_of_groups = view.kind == net::FrameKind::kGroups && !is_first();
  if (device_.workers() == 1 || !(is_of_neighbours || is_of_groups)) return;
  const ByteSpan without_padding = frame.first(view.payload_offset + view.payload_size);
  counters_.neighbour_news_lost += device_.news().tell(queue_.number(), without_padding);
}

// Judged again: it is short, and whoever it came to counted and answered it.
void EthernetLink::hear_others(Instant now) noexcept {
  device_.news().listen(queue_.number(), [&](ByteSpan frame) {
    const net::FrameView view = net::judge_frame(interface_, frame);
    neighbours_.handle_frame(now, frame, view);
    if (is_first()) memberships_.handle_frame(now, frame, view);
  });
}

template <class Write>
bool EthernetLink::say(Write&& write) noexcept {
  PacketRef packet = pool_.take();
  if (!packet) {
    ++counters_.receive_pool_dry;
    return false;
  }
  CHECK(packet.resize(net::kFrameBytesMax));
  const std::size_t bytes = write(packet.bytes());
  if (bytes == 0) return false;
  CHECK(packet.resize(bytes));
  rte_mbuf* frame = packet.mbuf();
  if (queue_.transmit({&frame, 1}) == 1) {
    static_cast<void>(packet.release());
    ++counters_.own_frames;
  } else {
    ++counters_.transmit_refused;
  }
  return true;
}

void EthernetLink::keep_house(Instant now) noexcept {
  now_ = now;
  if (device_.workers() > 1) hear_others(now);
  if (now >= next_look_) {
    next_look_ = now + kLookInterval;
    if (is_first()) look_after_device();
    release_unused(now);
  }
  if (is_first() && now >= memberships_.next_report_at()) {
    while (say([&](MutableByteSpan out) { return memberships_.poll_report(now, out); })) {
    }
  }
  if (now < neighbours_.next_request_at()) return;
  while (say([&](MutableByteSpan out) { return neighbours_.poll_request(now, out); })) {
  }
}

void EthernetLink::look_after_device() noexcept {
  const bool is_up = device_.is_up();
  if (is_up && !was_up_) announce();
  was_up_ = is_up;
  const std::uint64_t without_buffer = device_.frames_without_buffer();
  counters_.receive_pool_dry += without_buffer - std::min(without_buffer_, without_buffer);
  without_buffer_ = without_buffer;
}

// Switches and neighbours may have forgotten us, or know another MAC address. net_af_packet needs a frame besides: its
// first send after the link was down only fetches the error of that time, and leaves the frame to the next send.
void EthernetLink::announce() noexcept {
  for (const IpAddress& own : {interface_.ipv4, interface_.ipv6, interface_.link_local()})
    say([&](MutableByteSpan out) { return net::write_announcement(interface_, own, out); });
  memberships_.start(now_);
}

// Routers and switches send on what nobody takes for minutes, unless they are told.
void EthernetLink::say_goodbye() noexcept {
  if (!is_first() || !was_up_) return;
  memberships_.leave(now_);
  while (say([&](MutableByteSpan out) { return memberships_.poll_report(now_, out); })) {
  }
}

void EthernetLink::release_unused(Instant now) noexcept {
  for (std::uint16_t slot = 0; slot < hops_pinned_.size(); ++slot)
    if (hops_pinned_[slot] && !hops_used_[slot]) neighbours_.unpin(now, slot);
  hops_pinned_ &= hops_used_;
  hops_used_.reset();
}

std::optional<std::uint16_t> EthernetLink::hop_towards(Instant now, const IpAddress& destination) noexcept {
  const std::optional<std::uint16_t> slot = neighbours_.resolve(now, destination);
  if (!slot) return std::nullopt;
  if (hop_addresses_[*slot] != neighbours_.address(*slot)) {
    hop_addresses_[*slot] = neighbours_.address(*slot);
    hop_generations_[*slot] = static_cast<std::uint8_t>(1 + hop_generations_[*slot] % (kGenerations - 1));
  }
  return static_cast<std::uint16_t>(*slot | hop_generations_[*slot] << kSlotBits);
}

const net::MacAddress* EthernetLink::mac_of_hop(Instant now, std::uint16_t hop) noexcept {
  const std::uint16_t slot = slot_of(hop);
  if (hop == 0 || generation_of(hop) != hop_generations_[slot] || !neighbours_.is_resolved(slot)) return nullptr;
  hops_used_[slot] = true;
  if (!hops_pinned_[slot]) {
    hops_pinned_[slot] = true;
    neighbours_.pin(now, slot);
  }
  return &neighbours_.mac(slot);
}

const net::MacAddress* EthernetLink::mac_for(Instant now, const Envelope& envelope) noexcept {
  if (is_to_group(envelope)) return group_mac_in(envelope);
  if (const net::MacAddress* mac = mac_of_hop(now, envelope.neighbour)) return mac;
  const std::optional<std::uint16_t> hop = hop_towards(now, destination_of(head_of(envelope)));
  if (!hop || neighbours_.is_silent(slot_of(*hop))) note_undelivered(envelope);
  return hop ? mac_of_hop(now, *hop) : nullptr;
}

void EthernetLink::note_undelivered(const Envelope& envelope) noexcept {
  if (envelope.dress == Dress::kSrt || undelivered_count_ == undelivered_.size()) return;
  const ByteSpan head = head_of(envelope);
  const Endpoint remote{destination_of(head), destination_port_of(head)};
  const auto end = undelivered_.begin() + static_cast<std::ptrdiff_t>(undelivered_count_);
  if (std::find(undelivered_.begin(), end, remote) == end) undelivered_[undelivered_count_++] = remote;
}

void EthernetLink::address(Instant now, const Path& path, Envelope& envelope) noexcept {
  const IpAddress& to = path.remote.ip;
  Endpoint from = path.local;
  if (from.ip.is_unspecified() || from.ip.is_multicast()) from.ip = interface_.own_for(to);
  const std::uint8_t usual = to.is_multicast() ? net::kHopLimitGroup : net::kHopLimit;
  const net::UdpHead head = net::make_udp_head(from, path.remote, envelope.ttl != 0 ? envelope.ttl : usual);
  std::copy_n(head.bytes.begin(), head.size, envelope.head.begin());
  envelope.head_bytes = head.size;
  envelope.door = door_;
  envelope.neighbour = 0;
  if (to.is_multicast()) {
    const net::MacAddress mac = net::group_mac_of(to);
    std::memcpy(envelope.head.data() + head.size, mac.data(), mac.size());
    return;
  }
  // Without a route the transmit looks again, and drops while there is none.
  envelope.neighbour = hop_towards(now, to).value_or(0);
}

}  // namespace fanlight::io
