// What an elementary stream of sound becomes: frames, each a sample of a track.
//
// AdtsSound, LatmSound, Ac3Sound and OpusSound have the same shape:
//
//   handle_pes(payload, pts)   the payload of the next PES packet, and its PTS when it has one
//   poll_frame()               the next frame, until there is none; poll before the next PES packet is handed in
//   handle_gap()               something is missing between the last PES packet and the next
//   format()                   what the newest frame is; nothing before the first
//
// A PTS belongs to the first frame that starts in its PES packet. The frames after that one are later by their samples.
// Frames before the first PTS have no time, and are left out.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace fanlight::packager {

struct SoundFrame {
  ByteSpan bytes{};              // As it stands in `mdat`; until the next call of the object that gave it.
  std::int64_t pts_90k = 0;      // Counted on from the newest PTS, rounded to the nearest tick.
  std::uint32_t samples = 0;     // In the rate of the format, which is the track's timescale.
  bool has_own_pts = false;      // The PTS is the stream's own; a timeline that counts samples can measure its drift.
  bool has_new_format = false;   // format() is not what it was: this frame needs the new init segment.
  std::uint16_t trim_start = 0;  // Samples to be dropped after decoding, first and last: Opus says so.
  std::uint16_t trim_end = 0;
};

// What became of the bytes, as of the last poll that answered nothing. Only grow.
struct SoundCounts {
  std::uint64_t frames = 0;
  std::uint64_t garbage_bytes = 0;  // Between frames, where none began.
  std::uint64_t malformed = 0;      // Began as a frame and could not be read.
  std::uint64_t unsupported = 0;    // Correct, but nothing that can be handed on: several blocks in ADTS, USAC.
  std::uint64_t untimed = 0;        // Before the first PTS.
  friend bool operator==(const SoundCounts&, const SoundCounts&) = default;
};

}  // namespace fanlight::packager
