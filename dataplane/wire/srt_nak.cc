#include "wire/srt_nak.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight::wire {
namespace {

constexpr std::uint32_t kRangeBit = 0x8000'0000;
constexpr std::size_t kWordBytes = 4;
constexpr std::size_t kPacketBytesMax = kHeaderBytes + kLossReportWordsMax * kWordBytes;

// `first` comes before `last` or is it, on the shorter way around the 31-bit circle.
bool is_ordered(SeqRange range) {
  constexpr std::uint32_t kHalfCircle = 0x4000'0000;
  return ((range.last.raw - range.first.raw) & kSeqMask) < kHalfCircle;
}

}  // namespace

std::optional<SeqRange> LossReportReader::next() noexcept {
  if (rest_.empty() || malformed_) return std::nullopt;
  malformed_ = true;  // Until shown otherwise.
  if (rest_.size() < kWordBytes) return std::nullopt;
  const std::uint32_t word = load_be32(rest_.data());
  SeqRange range{{word & kSeqMask}, {word & kSeqMask}};
  std::size_t used = kWordBytes;
  if (word & kRangeBit) {
    used = 2 * kWordBytes;
    if (rest_.size() < used) return std::nullopt;
    range.last.raw = load_be32(rest_.data() + kWordBytes);
    if (range.last.raw & kRangeBit || !is_ordered(range)) return std::nullopt;
  }
  rest_ = rest_.subspan(used);
  malformed_ = false;
  return range;
}

bool is_well_formed_loss_report(ByteSpan content) noexcept {
  if (content.empty()) return false;
  LossReportReader reader(content);
  while (reader.next()) {
  }
  return !reader.is_malformed();
}

LossReportWriter::LossReportWriter(MutableByteSpan out, WireTime time, SocketId destination) noexcept
    : out_(out.first(std::min(out.size(), kPacketBytesMax))), at_(kHeaderBytes) {
  if (out_.size() < kHeaderBytes) return;
  write_control_header(out_.first<kHeaderBytes>(),
                       {.type = ControlType::kNak, .time = time, .destination = destination});
}

bool LossReportWriter::add(SeqRange range) noexcept {
  DCHECK(is_ordered(range));
  const bool is_single = range.first == range.last;
  const std::size_t needed = is_single ? kWordBytes : 2 * kWordBytes;
  if (out_.size() < at_ + needed) return false;
  store_be32(out_.data() + at_, (range.first.raw & kSeqMask) | (is_single ? 0 : kRangeBit));
  if (!is_single) store_be32(out_.data() + at_ + kWordBytes, range.last.raw & kSeqMask);
  at_ += needed;
  return true;
}

std::size_t LossReportWriter::written() const noexcept { return at_ > kHeaderBytes ? at_ : 0; }

std::optional<DropRequest> parse_drop_request(const ControlHeader& header, ByteSpan content) noexcept {
  const auto reader = FixedReader<2 * kWordBytes>::over(content);
  if (!reader) return std::nullopt;
  const SeqRange range{{reader->u32<0>()}, {reader->u32<4>()}};
  if ((range.first.raw | range.last.raw) & ~kSeqMask) return std::nullopt;
  return DropRequest{.message = header.info & kMessageNumberMask, .range = range};
}

std::size_t write_drop_request(MutableByteSpan out, const DropRequest& request, WireTime time,
                               SocketId destination) noexcept {
  constexpr std::size_t kDropRequestBytes = kHeaderBytes + 2 * kWordBytes;
  if (out.size() < kDropRequestBytes) return 0;
  write_control_header(out.first<kHeaderBytes>(), {.type = ControlType::kDropRequest,
                                                   .info = request.message & kMessageNumberMask,
                                                   .time = time,
                                                   .destination = destination});
  store_be32(out.data() + kHeaderBytes, request.range.first.raw & kSeqMask);
  store_be32(out.data() + kHeaderBytes + kWordBytes, request.range.last.raw & kSeqMask);
  return kDropRequestBytes;
}

}  // namespace fanlight::wire
