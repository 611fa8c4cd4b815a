#include "stream/srtp_group.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "wire/rtp_header.h"

namespace fanlight {
namespace {

constexpr Micros kReportLife = seconds(1);

}  // namespace

void SrtpPass::let_go() noexcept {
  for (FreshPacket& packet : fresh()) packet.payload.reset();
  packets = 0;
  bytes = 0;
}

void SrtpGroup::begin(crypto::SrtpSendingKey& key, std::uint8_t payload_type, const SrtpSource& source,
                      PacketPos first) noexcept {
  DCHECK(members_ == 0 && destinations_.size() == 0);
  key_ = &key;
  index_offset_ = static_cast<std::int64_t>(source.random % kStartEnd) - first.value;
  next_ = first;
  header_ = {};
  header_.dress = Dress::kRtp;
  header_.payload_type = payload_type;
  header_.peer = SocketId{source.ssrc};
  // Below, what numbers need; above, what timestamps begin with follows from.
  header_.offset.value = (source.random & 0xFFFF'0000) | (static_cast<std::uint32_t>(index_offset_) & 0xFFFF);
  is_worn_ = false;
  report_bytes_ = 0;
  next_control_ = 0;
  packets_ = 0;
  bytes_ = 0;
}

void SrtpGroup::protect(std::span<const FreshPacket> packets, PacketPool& pool, SrtpPass& pass) noexcept {
  pass.let_go();
  while (!packets.empty() && !is_worn_) {
    const std::size_t many = std::min(packets.size(), crypto::SrtpKeys::kBatchMax);
    protect_batch(packets.first(many), pool, pass);
    packets = packets.subspan(many);
  }
}

void SrtpGroup::protect_batch(std::span<const FreshPacket> packets, PacketPool& pool, SrtpPass& pass) noexcept {
  std::array<crypto::SrtpKeys::Packet, crypto::SrtpKeys::kBatchMax> batch;
  std::size_t count = 0;
  const std::size_t before = pass.packets;
  const std::uint64_t bytes_before = pass.bytes;
  for (const FreshPacket& packet : packets) {
    if (packet.pos < next_) continue;  // The pass began before the group did.
    next_ = packet.pos + 1;
    PacketRef whole = write(packet, pool, pass);
    if (!whole) continue;
    batch[count++] = {whole.bytes(), wire::kRtpHeaderBytes, ssrc(), index_of(packet.pos)};
    pass.bytes += packet.payload.bytes().size();
    pass.held[pass.packets++] = {.payload = std::move(whole), .pos = packet.pos, .time = packet.time};
  }
  if (count == 0) return;
  is_worn_ = !key_->try_take(count) || batch[count - 1].index >= crypto::kSrtpIndexEnd;
  const bool is_made = !is_worn_ && keys().protect(std::span(batch).first(count));
  if (is_made) return;
  if (!is_worn_) pass.failed += static_cast<std::uint32_t>(count);
  while (pass.packets > before) pass.held[--pass.packets].payload.reset();
  pass.bytes = bytes_before;
}

// Header and payload, still clear, and room for the tag. Empty: it does not fit, or there is no buffer.
PacketRef SrtpGroup::write(const FreshPacket& packet, PacketPool& pool, SrtpPass& pass) const noexcept {
  const ByteSpan payload = packet.payload.bytes();
  const std::size_t bytes = wire::kRtpHeaderBytes + payload.size() + keys().form().rtp_tag_bytes;
  if (bytes > kDatagramBytesMax) {
    ++pass.too_large;
    return {};
  }
  PacketRef whole = pool.take();
  if (!whole || !whole.resize(bytes)) {
    ++pass.without_buffer;
    return {};
  }
  stamp_rtp(whole.bytes().data(), header_, packet);
  std::memcpy(whole.bytes().data() + wire::kRtpHeaderBytes, payload.data(), payload.size());
  return whole;
}

SrtpGroup::Report SrtpGroup::protect_report(Instant now, MutableByteSpan scratch, std::size_t bytes,
                                            std::uint32_t middle) noexcept {
  if (report_bytes_ == 0 || now - report_at_ >= kReportLife) {
    const ByteSpan made = protect_control(scratch, bytes);
    CHECK(made.size() <= report_.size());
    std::ranges::copy(made, report_.begin());
    report_bytes_ = static_cast<std::uint8_t>(made.size());
    report_at_ = now;
    report_middle_ = middle;
  }
  return {std::span(report_).first(report_bytes_), report_middle_};
}

ByteSpan SrtpGroup::protect_control(MutableByteSpan scratch, std::size_t bytes) noexcept {
  if (next_control_ == crypto::kSrtcpIndexEnd) return {};
  return scratch.first(keys().protect_control(scratch, bytes, next_control_++));
}

}  // namespace fanlight
