// Fresh packets for sealed viewers on an Ethernet device: each has a buffer of its own, which the cipher writes into,
// sixteen packets at a time. They are summed and get their heads while the near cache still holds them.
//
//   buffers in bulk ─▶ SRT headers ─▶ cipher ─▶ checksums and heads ─▶ device
#include <algorithm>

#include "base/check.h"
#include "io/ethernet_link.h"
#include "io/frame_head.h"

namespace fanlight::io {
namespace {

// Where ciphertext begins in a buffer: at a cache line, so that no store of the cipher's goes over two, and with room
// for all heads in front.
constexpr std::size_t kTextAt = 192;
static_assert(kTextAt % RTE_CACHE_LINE_SIZE == 0 && sizeof(rte_mbuf) % RTE_CACHE_LINE_SIZE == 0);
static_assert(kTextAt >= net::kEthernetBytes + net::kUdpHeadBytesV6 + kFreshHeaderBytes);
static_assert(kTextAt + kPayloadBytesMax <= RTE_PKTMBUF_HEADROOM + kCopyRoomBytes);

std::byte* text_of(const rte_mbuf* frame) { return static_cast<std::byte*>(frame->buf_addr) + kTextAt; }

}  // namespace

// False when there are no buffers: nothing of the plan is staged.
bool EthernetLink::stage_sealed(const FreshRun& run) noexcept {
  // A device that takes one segment may insist on its own pool.
  if (!take_buffers(queue_.takes_chains() ? copy_pool_ : pool_)) return false;
  for (std::size_t first = 0; first < jobs_; first += crypto::CipherBatch::kMax) {
    const std::size_t end = std::min(first + crypto::CipherBatch::kMax, jobs_);
    for (std::size_t i = first; i < end; ++i) begin_sealed(staged_[i], plan_[i], run);
    CHECK(cipher_batch_.run());  // It refuses a packet without key or bytes, and has none.
    for (std::size_t i = first; i < end; ++i) {
      const FreshPayload& payload = payloads_[plan_[i].packet];
      finish_sealed(staged_[i], plan_[i], payload);
      staged_bytes_[i] = payload.datagram_bytes;
    }
  }
  return true;
}

void EthernetLink::begin_sealed(rte_mbuf* frame, const FreshJob& job, const FreshRun& run) noexcept {
  // One batch of single packets: while this one is encrypted, the next one's keys come near.
  constexpr std::size_t kViewersAhead = crypto::CipherBatch::kMax;
  const std::size_t ahead = job.viewer + kViewersAhead;
  if (job.packet == 0 && ahead < run.seals.size()) run.seals[ahead].key->prefetch();
  const FreshPacket& packet = run.packets[job.packet];
  const Seal& seal = run.seals[job.viewer];
  std::byte* const text = text_of(frame);
  stamp_fresh(text - kFreshHeaderBytes, *job.envelope, packet, seal.key_flag);
  cipher_batch_.add(*seal.key, job.envelope->offset.seq_of(packet.pos), packet.payload.bytes(), text);
}

void EthernetLink::finish_sealed(rte_mbuf* frame, const FreshJob& job, const FreshPayload& payload) noexcept {
  const std::size_t head_bytes = frame_head_bytes(*job.envelope);
  std::byte* const srt = text_of(frame) - kFreshHeaderBytes;
  const bool by_device = wants_device_sum(payload.datagram_bytes);
  // The text apart from the header, because it is aligned.
  const net::PayloadSum sum = by_device ? net::PayloadSum{}
                                        : net::PayloadSum::of_16_bytes(srt) +
                                              net::PayloadSum{ByteSpan{srt, payload.datagram_bytes}.subspan(16)};
  write_frame_head(srt - head_bytes, {*job.to, interface_.mac}, *job.envelope, payload.datagram_bytes, sum,
                   by_device ? net::ChecksumMode::kDevice : net::ChecksumMode::kSoftware);
  frame->data_off = static_cast<std::uint16_t>(kTextAt - kFreshHeaderBytes - head_bytes);
  frame->data_len = static_cast<std::uint16_t>(head_bytes + payload.datagram_bytes);
  frame->pkt_len = frame->data_len;
  if (by_device) request_checksum(frame, job.envelope->head_bytes);
}

}  // namespace fanlight::io
