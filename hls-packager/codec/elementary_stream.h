// Which codec an elementary stream of MPEG-TS carries, and what reads it: the program map says the stream type, and
// where that is not enough the descriptors do.
#pragma once

#include <optional>
#include <variant>

#include "codec/ac3.h"
#include "codec/adts.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/latm.h"
#include "codec/opus.h"

namespace fanlight::packager {

using ElementaryStream = std::variant<H264Pictures, H265Pictures, AdtsSound, LatmSound, Ac3Sound, OpusSound>;

// Empty for what no track is made of: MPEG audio, subtitles, SCTE-35, metadata.
[[nodiscard]] std::optional<ElementaryStream> open_elementary_stream(std::uint8_t stream_type, ByteSpan descriptors);
// Whether two descriptions of one stream type say the same of it: descriptors that tell of other things may come and
// go.
[[nodiscard]] bool describe_alike(std::uint8_t stream_type, ByteSpan one, ByteSpan other);

}  // namespace fanlight::packager
