// One sample of a track: a coded picture or a frame of sound, as it stands in `mdat`.
//
// There is no edit list: players disagree about them. Times are the stream's own, so a picture that others are shown
// before has a positive offset, and the first of a segment as well: a segment begins to be shown later than its first
// decode time. Why not shift decode times so that negative offsets balance them (brand cmf2): ffmpeg and GStreamer take
// the most negative one off all pictures of a track, and they fall behind the sound.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace fanlight::packager {

struct Sample {
  ByteSpan bytes;                       // Pictures: NAL units behind their lengths of four bytes.
  std::int64_t decode_time = 0;         // In the track's timescale, from zero up.
  std::uint32_t duration = 0;           // To the next sample's decode time.
  std::int32_t composition_offset = 0;  // From the decode time to when it is shown.
  bool is_independent = true;           // Decodable, and all that follow it, without what is before.
};

}  // namespace fanlight::packager
