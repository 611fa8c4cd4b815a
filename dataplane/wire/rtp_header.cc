#include "wire/rtp_header.h"

namespace fanlight::wire {
namespace {

constexpr std::uint8_t kPaddingBit = 0x20;
constexpr std::uint8_t kExtensionBit = 0x10;
constexpr std::uint8_t kCountMask = 0x0F;
constexpr std::uint8_t kMarkerBit = 0x80;
constexpr std::uint8_t kPayloadTypeMask = 0x7F;
constexpr std::size_t kWordBytes = 4;

// Bytes of the extension that begins at `rest`; empty when it is longer than that.
std::optional<std::size_t> extension_bytes(ByteSpan rest) {
  const auto reader = FixedReader<kWordBytes>::over(rest);
  if (!reader) return std::nullopt;
  const std::size_t bytes = kWordBytes + std::size_t{reader->u16<2>()} * kWordBytes;
  return bytes <= rest.size() ? std::optional(bytes) : std::nullopt;
}

}  // namespace

std::optional<RtpPacket> parse_rtp_front(ByteSpan datagram) noexcept {
  const auto reader = FixedReader<kRtpHeaderBytes>::over(datagram);
  if (!reader) return std::nullopt;
  const std::uint8_t first = reader->u8<0>();
  if (first >> 6 != kRtpVersion) return std::nullopt;
  std::size_t begin = kRtpHeaderBytes + (first & kCountMask) * kWordBytes;
  if (begin > datagram.size()) return std::nullopt;
  if ((first & kExtensionBit) != 0) {
    const std::optional<std::size_t> extension = extension_bytes(datagram.subspan(begin));
    if (!extension) return std::nullopt;
    begin += *extension;
  }
  const std::uint8_t second = reader->u8<1>();
  return RtpPacket{.header = {.marker = (second & kMarkerBit) != 0,
                              .payload_type = static_cast<std::uint8_t>(second & kPayloadTypeMask),
                              .seq = reader->u16<2>(),
                              .timestamp = reader->u32<4>(),
                              .ssrc = reader->u32<8>()},
                   .payload_offset = begin,
                   .payload_bytes = datagram.size() - begin};
}

std::optional<RtpPacket> parse_rtp(ByteSpan datagram) noexcept {
  std::optional<RtpPacket> packet = parse_rtp_front(datagram);
  if (!packet || (static_cast<std::uint8_t>(datagram[0]) & kPaddingBit) == 0) return packet;
  const auto padding = static_cast<std::uint8_t>(datagram.back());
  if (padding == 0 || padding > packet->payload_bytes) return std::nullopt;
  packet->payload_bytes -= padding;
  return packet;
}

void write_rtp_header(std::span<std::byte, kRtpHeaderBytes> out, const RtpHeader& header) noexcept {
  out[0] = std::byte{kRtpVersion << 6};
  out[1] =
      std::byte{static_cast<std::uint8_t>((header.marker ? kMarkerBit : 0) | (header.payload_type & kPayloadTypeMask))};
  store_be16(out.data() + 2, header.seq);
  store_be32(out.data() + 4, header.timestamp);
  store_be32(out.data() + 8, header.ssrc);
}

}  // namespace fanlight::wire
