// The header of a PES packet. ISO/IEC 13818-1 §2.4.3.6
//
//  |00 00 01|stream_id (8)|PES_packet_length (16)|
//  |1 0|..|PTS_DTS (2)|...|header_data_length (8)|PTS (5 bytes)|DTS (5 bytes)|...
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace fanlight::packager {

inline constexpr std::size_t kPesHeadBytes = 9;

struct PesHeader {
  std::size_t header_bytes = 0;  // The content is behind them.
  std::size_t packet_bytes = 0;  // Header and content; 0: as many as come, which only pictures may say.
  // 33 bits, 90 kHz.
  std::optional<std::uint64_t> pts{};
  std::optional<std::uint64_t> dts{};  // Always with a PTS; the same when only that is told.
};

// Bytes its header has, as soon as that can be told (kPesHeadBytes are there); 0: no PES packet with such a header.
[[nodiscard]] std::size_t pes_header_bytes(ByteSpan bytes) noexcept;
// Of bytes that hold the header whole. Empty: malformed.
[[nodiscard]] std::optional<PesHeader> parse_pes_header(ByteSpan bytes) noexcept;

}  // namespace fanlight::packager
