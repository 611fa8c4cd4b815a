// Fresh packets on an Ethernet device: frames are built in bursts, header buffers taken and references counted once per
// burst, each header written in one go from the viewer's envelope (design D7).
//
//   plan (which viewer, which packet, which MAC) ─▶ buffers in bulk ─▶ frame ─▶ references ─▶ device
#include <algorithm>
#include <cstring>

#include "io/ethernet_link.h"
#include "io/frame_head.h"

namespace fanlight::io {
namespace {

// Asks for the line as its owner: a peer on another CPU has read it since. __builtin_prefetch(at, 1) only reads unless
// the compiler is told of PREFETCHW, which x86-64 CPUs that lack it take for a NOP.
inline void prefetch_to_write(const void* at) noexcept {
  asm volatile("prefetchw %0" : : "m"(*static_cast<const std::byte*>(at)));
}

}  // namespace

EthernetLink::Transmitted EthernetLink::transmit_fresh(Instant now, const FreshRun& run, std::size_t skip) noexcept {
  if (!flush_staged()) return {.is_full = true};
  prepare_payloads(run);
  std::size_t left = 0;
  while (const std::size_t planned = plan_fresh(now, run, run.packets_done + skip + left)) {
    if (jobs_ > 0 && !(run.is_sealed() ? stage_sealed(run) : stage_fresh(run))) return {.left = left, .is_full = true};
    left += planned;
    if (!flush_staged()) return {.left = left, .is_full = true};
  }
  return {.left = left};
}

// The sum outlives this call in the port's note, for a pass comes in many slices. It is folded, so it fits beside a
// mark that says it is there. A device's own checksums would save nothing here, and a vhost peer pays for each dearly.
void EthernetLink::prepare_payloads(const FreshRun& run) noexcept {
  constexpr std::uint64_t kNoted = std::uint64_t{1} << 32;
  for (std::size_t i = 0; i < run.packets.size(); ++i) {
    FreshPacket& packet = run.packets[i];
    const ByteSpan bytes = packet.payload.bytes();
    if (packet.port_note == 0) packet.port_note = kNoted | net::fold(net::sum_of(bytes));
    payloads_[i] = {.mbuf = packet.payload.mbuf(),
                    .sum = net::PayloadSum::of_folded(static_cast<std::uint16_t>(packet.port_note)),
                    .datagram_bytes = static_cast<std::uint16_t>(header_bytes_of(run.dress()) + bytes.size())};
  }
}

// Fills the plan with up to a burst of departures from `first` on; answers how many it went over: planned, or dropped
// and counted.
std::size_t EthernetLink::plan_fresh(Instant now, const FreshRun& run, std::size_t first) noexcept {
  constexpr std::size_t kViewersAhead = 8;
  const std::size_t packets = run.packets.size();
  const std::size_t end = packets * run.viewers.size();
  std::size_t viewer = first / packets;
  std::size_t packet = first % packets;
  std::size_t at = first;
  jobs_ = 0;
  const net::MacAddress* to = nullptr;
  const Envelope* previous = nullptr;
  while (at < end && jobs_ < plan_.size()) {
    if (viewer + kViewersAhead < run.viewers.size()) __builtin_prefetch(run.viewers[viewer + kViewersAhead]);
    const Envelope& envelope = *run.viewers[viewer];
    if (envelope.door != door_) break;
    // Most of an audience lives behind one gateway. 0: no hop was known when it joined, which two may have in common.
    const bool is_same_hop = to != nullptr && envelope.neighbour != 0 && envelope.neighbour == previous->neighbour;
    if (!is_same_hop) to = mac_for(now, envelope);
    previous = &envelope;
    const std::size_t head_bytes = net::kEthernetBytes + envelope.head_bytes;
    for (; packet < packets && jobs_ < plan_.size(); ++packet, ++at) {
      if (to == nullptr) {
        ++counters_.transmit_unresolved;
      } else if (head_bytes + payloads_[packet].datagram_bytes > net::kFrameBytesMax) {
        ++counters_.transmit_refused;
      } else {
        plan_[jobs_++] = {&envelope, to, static_cast<std::uint32_t>(viewer), static_cast<std::uint32_t>(packet)};
      }
    }
    if (packet < packets) break;
    packet = 0;
    ++viewer;
  }
  return at - first;
}

// False when there are no buffers: nothing of the plan is staged.
bool EthernetLink::stage_fresh(const FreshRun& run) noexcept {
  constexpr std::size_t kAhead = 4;
  if (!take_buffers(queue_.takes_chains() ? header_pool_ : pool_)) return false;
  for (std::size_t i = 0; i < jobs_; ++i) {
    if (i + kAhead < jobs_) prefetch_to_write(rte_pktmbuf_mtod(staged_[i + kAhead], void*));
    const FreshJob& job = plan_[i];
    FreshPayload& payload = payloads_[job.packet];
    frame_fresh(staged_[i], job, run.packets[job.packet], payload);
    staged_bytes_[i] = payload.datagram_bytes;
  }
  for (FreshPayload& payload : std::span(payloads_).first(run.packets.size())) {
    if (payload.references > 0) rte_mbuf_refcnt_update(payload.mbuf, static_cast<std::int16_t>(payload.references));
    payload.references = 0;
  }
  return true;
}

// For the whole plan. From here on they wait for the device, and whoever stages fills them.
bool EthernetLink::take_buffers(PacketPool& pool) noexcept {
  if (rte_pktmbuf_alloc_bulk(pool.mempool(), staged_.data(), static_cast<unsigned>(jobs_)) != 0) {
    ++counters_.transmit_pool_dry;
    return false;
  }
  staged_begin_ = 0;
  staged_end_ = jobs_;
  return true;
}

void EthernetLink::frame_fresh(rte_mbuf* frame, const FreshJob& job, const FreshPacket& packet,
                               FreshPayload& payload) noexcept {
  const Envelope& envelope = *job.envelope;
  const std::size_t head_bytes = envelope.head_bytes;
  const std::size_t header_bytes = net::kEthernetBytes + head_bytes + header_bytes_of(envelope.dress);
  auto* const at = rte_pktmbuf_mtod(frame, std::byte*);
  std::byte* const stamp = at + net::kEthernetBytes + head_bytes;
  stamp_padded(stamp, envelope, packet);
  write_frame_head(at, {*job.to, interface_.mac}, envelope, payload.datagram_bytes,
                   net::PayloadSum::of_16_bytes(stamp) + payload.sum, net::ChecksumMode::kSoftware);
  frame->data_len = static_cast<std::uint16_t>(header_bytes);
  frame->pkt_len = static_cast<std::uint32_t>(net::kEthernetBytes + head_bytes + payload.datagram_bytes);
  if (queue_.takes_chains()) {
    frame->nb_segs = 2;
    frame->next = payload.mbuf;
    ++payload.references;
  } else {
    std::memcpy(at + header_bytes, rte_pktmbuf_mtod(payload.mbuf, void*), payload.mbuf->data_len);
    frame->data_len = static_cast<std::uint16_t>(frame->pkt_len);
  }
}

bool EthernetLink::flush_staged() noexcept {
  while (staged_begin_ < staged_end_) {
    const std::size_t taken = queue_.transmit(std::span{staged_}.subspan(staged_begin_, staged_end_ - staged_begin_));
    ++counters_.transmit_calls;
    if (taken == 0) return false;
    counters_.transmitted += taken;
    for (std::size_t i = 0; i < taken; ++i) counters_.transmitted_bytes += staged_bytes_[staged_begin_ + i];
    staged_begin_ += taken;
  }
  return true;
}

}  // namespace fanlight::io
