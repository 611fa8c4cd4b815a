#include "wire/fec_header.h"

namespace fanlight::wire {
namespace {

constexpr std::uint8_t kTopBit = 0x80;
constexpr std::uint8_t kRowBit = 0x40;
constexpr std::uint8_t kAdditionsMask = 0x3F;  // P, X and CC.
constexpr std::uint8_t kSevenBits = 0x7F;
constexpr std::uint32_t kMaskBits = 0xFF'FFFF;
constexpr unsigned kTypeShift = 3;
constexpr std::uint8_t kThreeBits = 0x07;

}  // namespace

std::optional<FecPacket> parse_fec(ByteSpan datagram) noexcept {
  const auto reader = FixedReader<kFecOverheadBytes>::over(datagram);
  if (!reader || reader->u8<0>() >> 6 != kRtpVersion) return std::nullopt;
  const std::uint8_t second = reader->u8<1>();
  const std::uint32_t type_and_mask = reader->u32<16>();
  const std::uint8_t flags = reader->u8<24>();
  return FecPacket{.rtp = {.marker = (second & kTopBit) != 0,
                           .payload_type = static_cast<std::uint8_t>(second & kSevenBits),
                           .seq = reader->u16<2>(),
                           .timestamp = reader->u32<4>(),
                           .ssrc = reader->u32<8>()},
                   .protects_additions = (reader->u8<0>() & kAdditionsMask) != 0,
                   .fec = {.base = reader->u16<12>(),
                           .length_recovery = reader->u16<14>(),
                           .is_extended = type_and_mask >> 31 != 0,
                           .payload_type_recovery = static_cast<std::uint8_t>(type_and_mask >> 24 & kSevenBits),
                           .mask = type_and_mask & kMaskBits,
                           .timestamp_recovery = reader->u32<20>(),
                           .is_reserved_set = (flags & kTopBit) != 0,
                           .is_row = (flags & kRowBit) != 0,
                           .type = static_cast<std::uint8_t>(flags >> kTypeShift & kThreeBits),
                           .index = static_cast<std::uint8_t>(flags & kThreeBits),
                           .offset = reader->u8<25>(),
                           .count = reader->u8<26>(),
                           .base_ext = reader->u8<27>()}};
}

void write_fec_header(std::span<std::byte, kFecHeaderBytes> out, const FecHeader& header) noexcept {
  const std::uint32_t extended = header.is_extended ? 1U << 31 : 0;
  const std::uint32_t type = header.payload_type_recovery & kSevenBits;
  store_be16(out.data(), header.base);
  store_be16(out.data() + 2, header.length_recovery);
  store_be32(out.data() + 4, extended | type << 24 | (header.mask & kMaskBits));
  store_be32(out.data() + 8, header.timestamp_recovery);
  out[12] =
      std::byte{static_cast<std::uint8_t>((header.is_reserved_set ? kTopBit : 0) | (header.is_row ? kRowBit : 0) |
                                          (header.type & kThreeBits) << kTypeShift | (header.index & kThreeBits))};
  out[13] = std::byte{header.offset};
  out[14] = std::byte{header.count};
  out[15] = std::byte{header.base_ext};
}

}  // namespace fanlight::wire
