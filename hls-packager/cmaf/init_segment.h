// The init segment of a CMAF track: what a player has to know before the first fragment. ISO/IEC 23000-19 §7.3.1
//
//   ftyp  moov { mvhd  trak { tkhd  mdia { mdhd  hdlr  minf { vmhd|smhd  dinf  stbl { stsd … } } } }  mvex { trex } }
//
// Durations are 0 and there is no mehd: a track that says its duration is not decoded in low delay by Chromium. There
// is no edit list (sample.h). One track, number 1.
#pragma once

#include <string_view>

#include "cmaf/protection.h"
#include "cmaf/shared_bytes.h"
#include "codec/track_format.h"

namespace fanlight::packager {

inline constexpr std::uint32_t kTrackId = 1;

// `language`: three small letters of ISO 639-2; anything else is written as "und". A format that changed is due a new
// init segment. CHECKs that `format` has its record and the numbers of its media. `key`: of samples that are encrypted,
// where they name none.
[[nodiscard]] SharedBytes write_init_segment(const TrackFormat& format, std::string_view language = "und",
                                             const KeyMark* key = nullptr);

}  // namespace fanlight::packager
