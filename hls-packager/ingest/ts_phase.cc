#include "ingest/ts_phase.h"

#include <algorithm>
#include <array>

namespace fanlight::packager {
namespace {

constexpr std::byte kSync{0x47};
constexpr std::array<std::size_t, 3> kPacketBytes = {188, 192, 204};

}  // namespace

std::optional<TsPhase> find_ts_phase(ByteSpan datagram) noexcept {
  for (const std::size_t packet : kPacketBytes)
    for (std::size_t first = 0; first < std::min(packet, datagram.size()); ++first) {
      std::size_t at = first, count = 0;
      for (; at < datagram.size() && datagram[at] == kSync; at += packet) ++count;
      // One alone may be anything, unless it is where it belongs.
      if (at >= datagram.size() && (count > 1 || first == 0)) return TsPhase{packet, at - datagram.size()};
    }
  return std::nullopt;
}

std::optional<TsPhase> follow_ts_phase(const TsPhase& before, ByteSpan datagram) noexcept {
  std::size_t at = before.until_next;
  for (; at < datagram.size(); at += before.packet_bytes)
    if (datagram[at] != kSync) return std::nullopt;
  return TsPhase{before.packet_bytes, at - datagram.size()};
}

}  // namespace fanlight::packager
