#include "codec/open_gop.h"

#include "codec/bit_reader.h"
#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr unsigned kSei = 6, kHighestSlice = 5;         // H.264
constexpr unsigned kCra = 21, kHighestSliceOf265 = 31;  // H.265

// H.264 §7.3.2.3.1: whether a message among the unit's first is a recovery point, without frames until it is exact.
bool has_recovery_point(ByteSpan unit) {
  constexpr std::size_t kBytesMost = 256;
  constexpr std::size_t kRecoveryPoint = 6;
  const std::vector<std::byte> plain = unescape(unit.subspan(1), kBytesMost);
  BitReader bits(plain);
  const auto number = [&] {
    std::size_t sum = 0;
    std::uint32_t part = 255;
    while (part == 255 && !bits.failed()) sum += part = bits.bits(8);
    return sum;
  };
  while (!bits.failed() && bits.left() >= 24) {
    const std::size_t type = number(), size = number();
    if (type == kRecoveryPoint) return bits.ue() == 0 && !bits.failed();  // recovery_frame_cnt
    bits.skip(8 * size);
  }
  return false;
}

}  // namespace

bool begins_open_gop(ByteSpan sample, Codec codec) {
  while (sample.size() > kLengthBytes) {
    const std::size_t size = load_be32(sample.data());
    if (size == 0 || size > sample.size() - kLengthBytes) return false;
    const ByteSpan unit = sample.subspan(kLengthBytes, size);
    const auto header = std::to_integer<unsigned>(unit[0]);
    if (codec == Codec::kH265 && (header >> 1 & 63) <= kHighestSliceOf265) return (header >> 1 & 63) == kCra;
    if (codec == Codec::kH264 && (header & 31) <= kHighestSlice) return false;
    if (codec == Codec::kH264 && (header & 31) == kSei && has_recovery_point(unit)) return true;
    sample = sample.subspan(kLengthBytes + size);
  }
  return false;
}

}  // namespace fanlight::packager
