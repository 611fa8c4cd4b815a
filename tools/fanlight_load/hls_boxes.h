// The boxes of CMAF segments (ISO/IEC 14496-12), as far as a player has to understand them to know what it was given:
// that sizes add up, that a fragment's samples fill its `mdat`, and which stretch of media time it is.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace fanlight::load {

// Of an init segment with one track.
struct HlsFormat {
  std::uint32_t timescale = 0;
  std::uint32_t default_duration = 0;
  std::uint32_t default_size = 0;
};

struct HlsFragments {
  std::uint64_t decode_time = 0;  // tfdt of the first, in ticks of the track.
  std::uint64_t duration = 0;     // All of them together.
  std::uint64_t last_sample = 0;  // Its duration.
};

[[nodiscard]] Result<HlsFormat> read_hls_init(ByteSpan bytes);
[[nodiscard]] Result<HlsFragments> read_hls_fragments(const HlsFormat& format, ByteSpan bytes);

}  // namespace fanlight::load
