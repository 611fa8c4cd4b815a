#include "codec/ac3_header.h"

#include <array>

#include "codec/bit_reader.h"

namespace fanlight::packager {

namespace {

constexpr std::uint32_t kSync = 0x0B77;
constexpr std::uint8_t kBsidMaxAc3 = 10;
constexpr std::uint8_t kBsidMaxEnhanced = 16;
constexpr std::array<std::uint32_t, 3> kRates{48'000, 44'100, 32'000};
// Table 4.13, in kbit/s.
constexpr std::array<std::uint32_t, 19> kBitRates{32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                                  192, 224, 256, 320, 384, 448, 512, 576, 640};

// Table 4.13: 1,536 samples of so many kbit/s, in words of two bytes; at 44.1 kHz every other code has one word more.
std::size_t frame_bytes(std::uint32_t rate_code, std::uint32_t size_code) noexcept {
  const std::size_t kbps = kBitRates[size_code / 2];
  switch (rate_code) {
    case 0:
      return 4 * kbps;
    case 1:
      return 2 * (320 * kbps / 147 + size_code % 2);
    default:
      return 6 * kbps;
  }
}

std::optional<Ac3Header> parse_plain(BitReader& bits, Ac3Header header) noexcept {
  bits.skip(16);  // crc1
  const std::uint32_t rate_code = bits.bits(2);
  const std::uint32_t size_code = bits.bits(6);
  if (rate_code == 3 || size_code >= 2 * kBitRates.size()) return std::nullopt;
  header.rate_code = static_cast<std::uint8_t>(rate_code);
  header.frame_bytes = frame_bytes(rate_code, size_code);
  header.bit_rate_code = static_cast<std::uint8_t>(size_code / 2);
  // Numbers 9 and 10 halve and quarter the rate.
  header.sample_rate = kRates[rate_code] >> (header.bsid > 8 ? header.bsid - 8 : 0);
  bits.skip(5);
  header.bsmod = static_cast<std::uint8_t>(bits.bits(3));
  header.acmod = static_cast<std::uint8_t>(bits.bits(3));
  if ((header.acmod & 1) != 0 && header.acmod != 1) bits.skip(2);  // cmixlev
  if ((header.acmod & 4) != 0) bits.skip(2);                       // surmixlev
  if (header.acmod == 2) bits.skip(2);                             // dsurmod
  header.has_lfe = bits.flag();
  if (bits.failed()) return std::nullopt;
  return header;
}

// §E.1.2.2, from dialnorm on.
std::uint16_t parse_channel_map(BitReader& bits, std::uint8_t acmod) noexcept {
  for (int program = 0; program < (acmod == 0 ? 2 : 1); ++program) {
    bits.skip(5);
    if (bits.flag()) bits.skip(8);
  }
  return bits.flag() ? bits.u16() : std::uint16_t{0};
}

std::optional<Ac3Header> parse_enhanced(BitReader& bits, Ac3Header header) noexcept {
  constexpr std::array<std::uint8_t, 4> kBlocks{1, 2, 3, 6};
  const std::uint32_t type = bits.bits(2);
  header.is_enhanced = true;
  header.is_dependent = type == 1;
  header.substream = static_cast<std::uint8_t>(bits.bits(3));
  header.frame_bytes = 2 * (bits.bits(11) + std::size_t{1});
  const std::uint32_t rate_code = bits.bits(2);
  const std::uint32_t second = bits.bits(2);  // Which half rate, or how many blocks.
  if (type == 3 || (rate_code == 3 && second == 3)) return std::nullopt;
  header.rate_code = static_cast<std::uint8_t>(rate_code);
  header.sample_rate = rate_code == 3 ? kRates[second] / 2 : kRates[rate_code];
  if (rate_code != 3) header.blocks = kBlocks[second];
  header.acmod = static_cast<std::uint8_t>(bits.bits(3));
  header.has_lfe = bits.flag();
  bits.skip(5);
  if (bits.failed() || header.frame_bytes < kAc3HeadBytes) return std::nullopt;
  if (!header.is_dependent) return header;
  header.channel_map = parse_channel_map(bits, header.acmod);
  if (bits.failed()) header.channel_map = 0;
  return header;
}

}  // namespace

std::optional<Ac3Header> parse_ac3_header(ByteSpan bytes) noexcept {
  if (bytes.size() < kAc3HeadBytes) return std::nullopt;
  BitReader bits(bytes);
  if (bits.bits(16) != kSync) return std::nullopt;
  Ac3Header header;
  header.bsid = static_cast<std::uint8_t>(std::to_integer<unsigned>(bytes[5]) >> 3);
  if (header.bsid > kBsidMaxEnhanced) return std::nullopt;
  return header.bsid > kBsidMaxAc3 ? parse_enhanced(bits, header) : parse_plain(bits, header);
}

std::uint16_t ac3_channel_map(std::uint8_t acmod, bool has_lfe) noexcept {
  constexpr std::uint16_t kLeft = 0x8000, kCentre = 0x4000, kRight = 0x2000, kLeftSurround = 0x1000,
                          kRightSurround = 0x0800, kCentreSurround = 0x0100, kLfe = 0x0001;
  constexpr std::array<std::uint16_t, 8> kMaps{kLeft | kRight,  // Two programs.
                                               kCentre,
                                               kLeft | kRight,
                                               kLeft | kCentre | kRight,
                                               kLeft | kRight | kCentreSurround,
                                               kLeft | kCentre | kRight | kCentreSurround,
                                               kLeft | kRight | kLeftSurround | kRightSurround,
                                               kLeft | kCentre | kRight | kLeftSurround | kRightSurround};
  return static_cast<std::uint16_t>(kMaps[acmod % kMaps.size()] | (has_lfe ? kLfe : 0));
}

std::uint16_t ac3_channels(std::uint16_t channel_map) noexcept {
  // Bits 5, 6, 9, 10, 11 and 13 name two speakers each.
  constexpr std::uint16_t kPairs = 0x0400 | 0x0200 | 0x0040 | 0x0020 | 0x0010 | 0x0004;
  return static_cast<std::uint16_t>(__builtin_popcount(channel_map) + __builtin_popcount(channel_map & kPairs));
}

}  // namespace fanlight::packager
