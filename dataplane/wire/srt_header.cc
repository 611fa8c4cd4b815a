#include "wire/srt_header.h"

namespace fanlight::wire {
namespace {

using HeaderReader = FixedReader<kHeaderBytes>;

constexpr std::uint32_t kInOrderBit = 1u << 29;
constexpr std::uint32_t kRetransmittedBit = 1u << 26;
constexpr unsigned kBoundaryShift = 30;
constexpr std::uint32_t kTypeMask = 0x7FFF;

}  // namespace

std::optional<DataHeader> parse_data_header(ByteSpan datagram) noexcept {
  const auto reader = HeaderReader::over(datagram);
  if (!reader) return std::nullopt;
  const std::uint32_t first = reader->u32<0>();
  if (first & kControlBit) return std::nullopt;
  const std::uint32_t word = reader->u32<4>();
  return DataHeader{.seq = {first},
                    .boundary = static_cast<Boundary>(word >> kBoundaryShift),
                    .in_order = (word & kInOrderBit) != 0,
                    .key = static_cast<KeyFlag>(word >> kKeyShift & 3),
                    .retransmitted = (word & kRetransmittedBit) != 0,
                    .message = word & kMessageNumberMask,
                    .time = {reader->u32<8>()},
                    .destination = SocketId{reader->u32<12>()}};
}

std::uint32_t message_word(const DataHeader& header) noexcept {
  return static_cast<std::uint32_t>(header.boundary) << kBoundaryShift | (header.in_order ? kInOrderBit : 0) |
         static_cast<std::uint32_t>(header.key) << kKeyShift | (header.retransmitted ? kRetransmittedBit : 0) |
         (header.message & kMessageNumberMask);
}

void write_data_header(std::span<std::byte, kHeaderBytes> out, const DataHeader& header) noexcept {
  store_be32(out.data(), header.seq.raw & kSeqMask);
  store_be32(out.data() + 4, message_word(header));
  store_be32(out.data() + 8, header.time.raw);
  store_be32(out.data() + 12, header.destination.raw());
}

void write_control_header(std::span<std::byte, kHeaderBytes> out, const ControlHeader& header) noexcept {
  const std::uint32_t type = static_cast<std::uint32_t>(header.type) & kTypeMask;
  store_be32(out.data(), kControlBit | type << 16 | header.subtype);
  store_be32(out.data() + 4, header.info);
  store_be32(out.data() + 8, header.time.raw);
  store_be32(out.data() + 12, header.destination.raw());
}

std::size_t write_bare_control(MutableByteSpan out, const ControlHeader& header) noexcept {
  constexpr std::size_t kBareBytes = kHeaderBytes + 4;
  if (out.size() < kBareBytes) return 0;
  write_control_header(out.first<kHeaderBytes>(), header);
  store_be32(out.data() + kHeaderBytes, 0);
  return kBareBytes;
}

}  // namespace fanlight::wire
