#include "wire/rtp_feedback.h"

namespace fanlight::wire {
namespace {

constexpr std::size_t kItemBytes = 4;
constexpr std::size_t kSourcesBytes = 8;  // Behind the first word: who asks, and for whose.
constexpr std::size_t kHeadBytes = 4 + kSourcesBytes;

}  // namespace

std::optional<Nack> parse_nack(const RtcpPacket& packet) noexcept {
  const auto reader = FixedReader<kSourcesBytes + kItemBytes>::over(packet.content);
  if (packet.type != RtcpType::kTransportFeedback || packet.count != kGenericNack || !reader) return std::nullopt;
  const ByteSpan items = packet.content.subspan(kSourcesBytes);
  return Nack{.sender = reader->u32<0>(),
              .source = reader->u32<4>(),
              .items = items.first(items.size() / kItemBytes * kItemBytes)};
}

NackWriter::NackWriter(MutableByteSpan out, std::uint32_t sender, std::uint32_t source) noexcept
    : out_(out), end_(kHeadBytes) {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(kRtpVersion << 6 | kGenericNack));
  writer.u8(static_cast<std::uint8_t>(RtcpType::kTransportFeedback));
  writer.u16(0);  // Once it is known.
  writer.u32(sender);
  writer.u32(source);
}

bool NackWriter::add(std::uint16_t number) noexcept {
  const auto behind = static_cast<std::uint16_t>(number - item_.first - 1);
  if (has_item_ && behind < NackItem::kSpan - 1) {
    item_.following |= static_cast<std::uint16_t>(1u << behind);
    return true;
  }
  if (end_ + (has_item_ ? 2 : 1) * kItemBytes > out_.size()) return false;
  if (has_item_) write_item();
  item_ = {.first = number, .following = 0};
  has_item_ = true;
  return true;
}

void NackWriter::write_item() noexcept {
  store_be16(out_.data() + end_, item_.first);
  store_be16(out_.data() + end_ + 2, item_.following);
  end_ += kItemBytes;
}

std::size_t NackWriter::finish() noexcept {
  if (!has_item_) return 0;
  write_item();
  has_item_ = false;
  store_be16(out_.data() + 2, static_cast<std::uint16_t>(end_ / 4 - 1));
  return end_;
}

}  // namespace fanlight::wire
