// The transmitting half of EthernetLink.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "io/ethernet_link.h"
#include "io/frame_head.h"

namespace fanlight::io {

EthernetLink::Transmitted EthernetLink::transmit(Instant now, std::span<Departure> departures) noexcept {
  if (!flush_staged()) return {.is_full = true};
  std::size_t framed = 0;
  Framing last = Framing::kDone;
  summed_ = nullptr;
  const std::size_t most = std::min(departures.size(), frames_.size());
  while (framed < most && departures[framed].envelope->door == door_) {
    last = frame(now, departures[framed], framed);
    if (last != Framing::kDone) break;
    ++framed;
  }
  const std::size_t taken = framed == 0 ? 0 : queue_.transmit(std::span{frames_}.first(framed));
  counters_.transmit_calls += framed == 0 ? 0 : 1;
  settle(departures.first(framed), taken);
  if (taken < framed || last == Framing::kPoolDry) return {.left = taken, .is_full = true};
  if (last == Framing::kDone) return {.left = taken};
  drop(departures[taken], last);
  return {.left = taken + 1};
}

EthernetLink::Framing EthernetLink::frame(Instant now, Departure& departure, std::size_t place) noexcept {
  const Envelope& envelope = *departure.envelope;
  const std::size_t payload_bytes = departure.packet.total_bytes();
  const bool has_head = envelope.head_bytes == net::kUdpHeadBytesV4 || envelope.head_bytes == net::kUdpHeadBytesV6;
  if (!has_head || net::kEthernetBytes + envelope.head_bytes + payload_bytes > net::kFrameBytesMax)
    return Framing::kRefused;
  const net::MacAddress* to = mac_for(now, envelope);
  if (to == nullptr) return Framing::kUnresolved;
  frame_payloads_[place] = static_cast<std::uint32_t>(payload_bytes);
  if (queue_.takes_chains()) {
    if (!write_head(departure.packet, envelope, *to)) return Framing::kRefused;
    frames_[place] = departure.packet.mbuf();
    return Framing::kDone;
  }
  PacketRef copy = copy_of(departure.packet);
  if (!copy) {
    ++counters_.receive_pool_dry;
    return Framing::kPoolDry;
  }
  if (!write_head(copy, envelope, *to)) return Framing::kRefused;
  frames_[place] = copy.release();
  return Framing::kDone;
}

// From the receive queue's pool: net_af_xdp sends such a buffer without copying it again.
PacketRef EthernetLink::copy_of(const PacketRef& packet) noexcept {
  PacketRef copy = pool_.take();
  if (!copy) return copy;
  CHECK(copy.resize(packet.total_bytes()));
  std::byte* at = copy.bytes().data();
  packet.for_each_segment([&](ByteSpan segment) {
    std::memcpy(at, segment.data(), segment.size());
    at += segment.size();
  });
  return copy;
}

// Encrypted copies only: elsewhere little is left to sum, and a vhost peer pays dearly for what a device left to it.
bool EthernetLink::wants_device_sum(std::size_t bytes) const noexcept {
  constexpr std::size_t kWorthwhileBytes = 512;
  return queue_.sums_udp() && bytes >= kWorthwhileBytes;
}

bool EthernetLink::write_head(PacketRef& packet, const Envelope& envelope, const net::MacAddress& to) noexcept {
  DCHECK(rte_mbuf_refcnt_read(packet.mbuf()) == 1);
  const net::ChecksumMode mode =
      wants_device_sum(packet.bytes().size()) ? net::ChecksumMode::kDevice : net::ChecksumMode::kSoftware;
  const net::PayloadSum sum = mode == net::ChecksumMode::kSoftware ? sum_of(packet) : net::PayloadSum{};
  const auto payload_bytes = static_cast<std::uint16_t>(packet.total_bytes());
  const MutableByteSpan room = packet.prepend(frame_head_bytes(envelope));
  if (room.empty()) return false;
  write_frame_head(room.data(), {to, interface_.mac}, envelope, payload_bytes, sum, mode);
  if (mode == net::ChecksumMode::kDevice) request_checksum(packet.mbuf(), envelope.head_bytes);
  return true;
}

void EthernetLink::request_checksum(rte_mbuf* frame, std::size_t head_bytes) const noexcept {
  const bool is_v4 = head_bytes == net::kUdpHeadBytesV4;
  frame->l2_len = net::kEthernetBytes;
  frame->l3_len = is_v4 ? net::kIpv4Bytes : net::kIpv6Bytes;
  frame->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM | (is_v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

// The last segment's sum is kept while the departures hold a reference to it.
net::PayloadSum EthernetLink::sum_of(const PacketRef& packet) noexcept {
  const rte_mbuf* tail = packet.mbuf()->next;
  if (tail == nullptr || tail->next != nullptr) {
    net::PayloadSum all;
    packet.for_each_segment([&](ByteSpan segment) { all.append(segment); });
    return all;
  }
  if (summed_ != tail) {
    summed_ = tail;
    sum_ = net::PayloadSum{ByteSpan{rte_pktmbuf_mtod(tail, const std::byte*), tail->data_len}};
  }
  return net::PayloadSum{packet.bytes()} + sum_;
}

void EthernetLink::settle(std::span<Departure> framed, std::size_t taken) noexcept {
  counters_.transmitted += taken;
  for (std::size_t i = 0; i < framed.size(); ++i) {
    PacketRef& packet = framed[i].packet;
    if (i < taken) counters_.transmitted_bytes += frame_payloads_[i];
    if (!queue_.takes_chains()) {
      if (i < taken) packet.reset();
      if (i >= taken) rte_pktmbuf_free(frames_[i]);
    } else if (i < taken) {
      static_cast<void>(packet.release());
    } else {
      packet.trim_front(packet.total_bytes() - frame_payloads_[i]);
      packet.mbuf()->ol_flags = 0;
    }
  }
}

void EthernetLink::drop(Departure& departure, Framing why) noexcept {
  departure.packet.reset();
  ++(why == Framing::kUnresolved ? counters_.transmit_unresolved : counters_.transmit_refused);
}

}  // namespace fanlight::io
