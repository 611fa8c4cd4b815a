// What `stsd` says of the samples: the codec, its configuration record, the size of the pictures or the rate of the
// sound.
//
//   avc1 { avcC }  hvc1 { hvcC }  mp4a { esds }  ac-3 { dac3 }  ec-3 { dec3 }  Opus { dOps }      pictures: [colr]
//   [pasp]
#pragma once

#include "cmaf/box_writer.h"
#include "codec/track_format.h"

namespace fanlight::packager {

void write_sample_entry(BoxWriter& out, const TrackFormat& format);

}  // namespace fanlight::packager
