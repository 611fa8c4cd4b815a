// Where an open GOP begins: with a picture that a decoder could begin with, were it not for those that follow it and
// are shown before it. A CRA of H.265, or a recovery point of H.264 that is exact from its own picture on (§D.2.8).
#pragma once

#include "base/bytes.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// `sample`: NAL units behind lengths of four bytes, of no IDR picture.
[[nodiscard]] bool begins_open_gop(ByteSpan sample, Codec codec);

}  // namespace fanlight::packager
