#include "ts/pes.h"

namespace fanlight::packager {
namespace {

unsigned u8(ByteSpan bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }

// |mark (4)|3 bits|1|15 bits|1|15 bits|1|; empty without the three ones.
std::optional<std::uint64_t> timestamp_at(ByteSpan bytes, std::size_t at) {
  const std::uint64_t high = u8(bytes, at);
  const std::uint64_t middle = load_be16(bytes.data() + at + 1);
  const std::uint64_t low = load_be16(bytes.data() + at + 3);
  if ((high & middle & low & 1) == 0) return std::nullopt;
  return ((high >> 1) & 7) << 30 | (middle >> 1) << 15 | low >> 1;
}

// §2.4.3.7: padding, private_stream_2, program stream maps and the like have no header behind the length.
bool has_header(unsigned stream_id) {
  switch (stream_id) {
    case 0xBC:
    case 0xBE:
    case 0xBF:
    case 0xF0:
    case 0xF1:
    case 0xF2:
    case 0xF8:
    case 0xFF:
      return false;
    default:
      return stream_id >= 0xBC;
  }
}

}  // namespace

std::size_t pes_header_bytes(ByteSpan bytes) noexcept {
  if (bytes.size() < kPesHeadBytes) return 0;
  if (u8(bytes, 0) != 0 || u8(bytes, 1) != 0 || u8(bytes, 2) != 1 || !has_header(u8(bytes, 3))) return 0;
  return (u8(bytes, 6) & 0xC0) == 0x80 ? kPesHeadBytes + u8(bytes, 8) : 0;
}

std::optional<PesHeader> parse_pes_header(ByteSpan bytes) noexcept {
  constexpr std::size_t kLengthEnd = 6, kTimestampBytes = 5;
  PesHeader header{.header_bytes = pes_header_bytes(bytes)};
  if (header.header_bytes == 0 || header.header_bytes > bytes.size()) return std::nullopt;
  const std::size_t length = load_be16(bytes.data() + 4);
  header.packet_bytes = length == 0 ? 0 : kLengthEnd + length;
  if (header.packet_bytes != 0 && header.packet_bytes < header.header_bytes) return std::nullopt;

  const unsigned told = u8(bytes, 7) >> 6;  // 2: PTS, 3: both, 1: forbidden.
  const std::size_t needed = told == 3 ? 2 * kTimestampBytes : told == 2 ? kTimestampBytes : 0;
  if (told == 1 || kPesHeadBytes + needed > header.header_bytes) return std::nullopt;
  if (told == 0) return header;
  header.pts = timestamp_at(bytes, kPesHeadBytes);
  header.dts = told == 3 ? timestamp_at(bytes, kPesHeadBytes + kTimestampBytes) : header.pts;
  if (!header.pts || !header.dts) return std::nullopt;
  return header;
}

}  // namespace fanlight::packager
