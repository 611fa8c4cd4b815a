// What `stsd` says of the samples: the codec, its configuration record, the size of the pictures or the rate of the
// sound.
//
//   avc1 { avcC }  hvc1 { hvcC }  mp4a { esds }  ac-3 { dac3 }  ec-3 { dec3 }  Opus { dOps }      pictures: [colr]
//   [pasp]
#pragma once

#include "cmaf/box_writer.h"
#include "cmaf/protection.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// `key`: of samples that are encrypted, or none. They have an entry of `encv` or `enca`, with what it was in `sinf`.
void write_sample_entry(BoxWriter& out, const TrackFormat& format, const KeyMark* key = nullptr);

}  // namespace fanlight::packager
