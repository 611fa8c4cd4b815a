// The head of a syncframe of AC-3 (ETSI TS 102 366 §4.3, §4.4) or E-AC-3 (its annex E). Where the number of the syntax
// stands, both agree, and it tells them apart: up to 10 it is AC-3, from 11 to 16 E-AC-3.
//
//   AC-3      0x0B77 | CRC, 16 | rate, 2 | size, 6 | bsid, 5 | bsmod, 3 | acmod, 3 | ... | lfe
//   E-AC-3    0x0B77 | type, 2 | substream, 3 | size, 11 | rate, 2 | blocks, 2 | acmod, 3 | lfe | bsid, 5 | ...
#pragma once

#include <optional>

#include "base/bytes.h"

namespace fanlight::packager {

// What can be read before the rest of the frame is there.
inline constexpr std::size_t kAc3HeadBytes = 8;

struct Ac3Header {
  bool is_enhanced = false;
  std::size_t frame_bytes = 0;
  std::uint8_t rate_code = 0;  // fscod
  std::uint32_t sample_rate = 0;
  std::uint8_t bsid = 0;
  std::uint8_t bsmod = 0;  // Of E-AC-3 it is said far behind: 0 here, main audio.
  std::uint8_t acmod = 0;
  bool has_lfe = false;
  std::uint8_t bit_rate_code = 0;  // Of AC-3: frmsizecod / 2
  std::uint8_t blocks = 6;         // Of 256 samples.
  // Of E-AC-3:
  bool is_dependent = false;
  std::uint8_t substream = 0;
  std::uint16_t channel_map = 0;  // chanmap of a dependent one, bit 0 the highest; 0 when it says none.
  friend bool operator==(const Ac3Header&, const Ac3Header&) = default;
};

// Empty when no syncframe begins here. From kAc3HeadBytes on everything but the channel map is read, and that with 12.
[[nodiscard]] std::optional<Ac3Header> parse_ac3_header(ByteSpan bytes) noexcept;

// The channels that acmod and lfeon say, as bits of a channel map (table E.1.7): bit 0, the highest, is left.
[[nodiscard]] std::uint16_t ac3_channel_map(std::uint8_t acmod, bool has_lfe) noexcept;
// How many speakers they are.
[[nodiscard]] std::uint16_t ac3_channels(std::uint16_t channel_map) noexcept;

}  // namespace fanlight::packager
