#include "ts/adaptation_field.h"

#include "wire/ts_packet.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kPcrBytes = 6;

unsigned u8(ByteSpan bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }

// Bytes of the fields that `flags` name, from behind the flags; empty when they do not fit.
std::optional<std::size_t> flagged_bytes(ByteSpan field, unsigned flags) {
  std::size_t at = 1;
  if ((flags & 0x10) != 0) at += kPcrBytes;
  if ((flags & 0x08) != 0) at += kPcrBytes;
  if ((flags & 0x04) != 0) at += 1;
  for (const unsigned counted : {0x02u, 0x01u}) {  // Private data, extension: each behind its length.
    if ((flags & counted) == 0) continue;
    if (at >= field.size()) return std::nullopt;
    at += 1 + u8(field, at);
  }
  return at <= field.size() ? std::optional(at) : std::nullopt;
}

}  // namespace

AdaptationField parse_adaptation_field(ByteSpan packet) noexcept {
  constexpr std::size_t kHeadBytes = 5;
  if (packet.size() < wire::kTsPacketBytes || (u8(packet, 3) & 0x20) == 0) return {};
  const std::size_t length = u8(packet, 4);
  if (length == 0) return {.stuffing_bytes = 1};  // The length itself is what fills.
  if (length > wire::kTsPacketBytes - kHeadBytes) return {};
  const ByteSpan field = packet.subspan(kHeadBytes, length);
  const unsigned flags = u8(field, 0);
  const std::optional<std::size_t> used = flagged_bytes(field, flags);
  if (!used) return {};
  AdaptationField told{
      .is_discontinuous = (flags & 0x80) != 0, .has_clock = (flags & 0x10) != 0, .stuffing_bytes = length - *used};
  // A field of flags alone, none set, is there to fill.
  if (flags == 0) told.stuffing_bytes += 1;
  return told;
}

}  // namespace fanlight::packager
