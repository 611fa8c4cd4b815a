// Where transport packets begin in datagrams that need not hold whole ones. ISO/IEC 13818-1 §2.4.3.2
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace fanlight::packager {

struct TsPhase {
  std::size_t packet_bytes = 188;  // Or 192, or 204.
  std::size_t until_next = 0;      // Bytes from the datagram's end to the next sync byte.
};

// Of a datagram of which nothing else is known. Empty: it is no transport stream.
[[nodiscard]] std::optional<TsPhase> find_ts_phase(ByteSpan datagram) noexcept;
// Of one that follows another. Empty: it does not go on where that left off.
[[nodiscard]] std::optional<TsPhase> follow_ts_phase(const TsPhase& before, ByteSpan datagram) noexcept;

}  // namespace fanlight::packager
