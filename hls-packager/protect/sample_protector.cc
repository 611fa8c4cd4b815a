#include "protect/sample_protector.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "protect/cbcs_cipher.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kClearMax = std::numeric_limits<std::uint16_t>::max();

// Reads a configuration record; what is not there is empty.
class RecordReader {
 public:
  explicit RecordReader(ByteSpan record) : rest_(record) {}
  ByteSpan take(std::size_t count) {
    const ByteSpan taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::size_t number(std::size_t bytes) {
    std::size_t value = 0;
    for (const std::byte b : take(bytes)) value = value << 8 | std::to_integer<std::size_t>(b);
    return value;
  }

 private:
  ByteSpan rest_;
};

// ISO/IEC 14496-15 §5.3.3.1
void take_avcc(ByteSpan record, H264SliceHeaders& headers) {
  RecordReader reader(record);
  reader.take(5);
  for (const std::size_t mask : {0x1Fu, 0xFFu})
    for (std::size_t left = reader.number(1) & mask; left > 0; --left) headers.take_set(reader.take(reader.number(2)));
}

// ISO/IEC 14496-15 §8.3.3.1
void take_hvcc(ByteSpan record, H265SliceHeaders& headers) {
  RecordReader reader(record);
  reader.take(22);
  for (std::size_t arrays = reader.number(1); arrays > 0; --arrays) {
    reader.take(1);
    for (std::size_t left = reader.number(2); left > 0; --left) headers.take_set(reader.take(reader.number(2)));
  }
}

bool is_slice(const H264SliceHeaders&, ByteSpan unit) {
  const unsigned type = std::to_integer<unsigned>(unit[0]) & 0x1F;
  return type == 1 || type == 5;
}
bool is_slice(const H265SliceHeaders&, ByteSpan unit) {
  return std::to_integer<unsigned>(unit[0] & std::byte{0x7F}) < 64;
}

// Bytes in the clear, in as many subsamples as it takes.
void add_clear(std::size_t bytes, std::vector<Subsample>& to) {
  for (; bytes > kClearMax; bytes -= kClearMax) to.push_back({static_cast<std::uint16_t>(kClearMax), 0});
  if (bytes > 0) to.push_back({static_cast<std::uint16_t>(bytes), 0});
}

void add(std::size_t clear, std::size_t covered, std::vector<Subsample>& to) {
  add_clear(clear, to);
  if (clear == 0) to.push_back({});
  to.back().covered = static_cast<std::uint32_t>(covered);
}

// The NAL units of a sample; cut short where a length says more than there is.
std::optional<ByteSpan> next_unit(ByteSpan& rest) {
  if (rest.size() <= kLengthBytes) return std::nullopt;
  const std::size_t size = load_be32(rest.data());
  if (size == 0 || size > rest.size() - kLengthBytes) return std::nullopt;
  const ByteSpan unit = rest.subspan(kLengthBytes, size);
  rest = rest.subspan(kLengthBytes + size);
  return unit;
}

void encrypt_pictures(MutableByteSpan sample, const std::vector<Subsample>& subsamples, CbcsCipher& cipher) {
  std::size_t at = 0;
  for (const Subsample& one : subsamples) {
    at += one.clear;
    cipher.encrypt_pattern(sample.subspan(at, one.covered));
    at += one.covered;
  }
}

// As many as can be said: the slices behind them stay in the clear. Of a picture too large even for that the rest is
// covered as it is.
std::uint64_t shorten(std::vector<Subsample>& subsamples, std::size_t size) {
  if (subsamples.size() <= kSubsamplesMax) return 0;
  std::size_t kept = 0, bytes = 0, best = 0, best_bytes = 0;
  for (; kept < kSubsamplesMax; ++kept) {
    bytes += subsamples[kept].clear + std::size_t{subsamples[kept].covered};
    if (kept + 1 + (size - bytes + kClearMax - 1) / kClearMax > kSubsamplesMax) continue;
    best = kept + 1;
    best_bytes = bytes;
  }
  const auto dropped = std::ranges::count_if(subsamples.begin() + static_cast<std::ptrdiff_t>(best), subsamples.end(),
                                             [](const Subsample& one) { return one.covered > 0; });
  subsamples.resize(std::max<std::size_t>(best, 1));
  if (best == 0)
    subsamples[0].covered = static_cast<std::uint32_t>(size - subsamples[0].clear);
  else
    add_clear(size - best_bytes, subsamples);
  return static_cast<std::uint64_t>(dropped);
}

}  // namespace

SampleProtector::SampleProtector(const TrackFormat& format) {
  if (format.codec == Codec::kH264) take_avcc(format.record, headers_.emplace<H264SliceHeaders>());
  if (format.codec == Codec::kH265) take_hvcc(format.record, headers_.emplace<H265SliceHeaders>());
}

// Where a unit's slice data begins; the unit's end where none of it is to be covered.
std::size_t SampleProtector::data_of(ByteSpan unit) {
  return std::visit(
      [&]<class H>(H& headers) -> std::size_t {
        if constexpr (!std::is_same_v<H, std::monostate>) {
          headers.take_set(unit);
          if (!is_slice(headers, unit)) return unit.size();
          if (const std::optional<std::size_t> header = headers.size_of(unit)) return *header;
          ++slices_left_clear_;
        }
        return unit.size();
      },
      headers_);
}

std::vector<Subsample> SampleProtector::split(ByteSpan sample) {
  std::vector<Subsample> subsamples;
  std::size_t clear = 0;  // Since what was covered last.
  ByteSpan rest = sample;
  while (const std::optional<ByteSpan> unit = next_unit(rest)) {
    const std::size_t data = data_of(*unit);
    const std::size_t covered = (unit->size() - data) / kCipherBlockBytes * kCipherBlockBytes;
    clear += kLengthBytes + data;
    if (covered > 0) add(std::exchange(clear, 0), covered, subsamples);
    clear += unit->size() - data - covered;
  }
  add_clear(clear + rest.size(), subsamples);
  slices_left_clear_ += shorten(subsamples, sample.size());
  return subsamples;
}

FragmentProtection SampleProtector::protect(const KeyRing& ring, std::size_t slot, std::span<Sample> samples) {
  const bool is_video = !std::holds_alternative<std::monostate>(headers_);
  FragmentProtection said{.key = ring.mark_of(slot), .is_video = is_video, .is_default = slot == 0};
  CbcsCipher cipher(ring.keys[slot].secret, said.key.iv);
  std::size_t size = 0;
  for (const Sample& one : samples) size += one.bytes.size();
  bytes_.clear();
  bytes_.reserve(size);
  for (Sample& one : samples) {
    bytes_.insert(bytes_.end(), one.bytes.begin(), one.bytes.end());
    const MutableByteSpan copied = MutableByteSpan(bytes_).last(one.bytes.size());
    if (is_video)
      encrypt_pictures(copied, said.subsamples.emplace_back(split(one.bytes)), cipher);
    else
      cipher.encrypt_all(copied);
    one.bytes = copied;
  }
  return said;
}

}  // namespace fanlight::packager
