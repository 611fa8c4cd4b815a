// A fragment of a CMAF track: what a part of a playlist and a chunk of a DASH segment consist of. ISO/IEC 23000-19
// §7.3.2
//
//   [styp] [prft]  moof { mfhd  traf { tfhd  tfdt  trun [sgpd sbgp] [saiz saio senc] } }  mdat
//
// A segment is its fragments one behind the other, byte for byte: whoever has the parts has the segment.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cmaf/protection.h"
#include "cmaf/sample.h"
#include "cmaf/shared_bytes.h"
#include "cmaf/wall_time.h"

namespace fanlight::packager {

// When the sample with the media time was captured, as far as the packager can know.
struct ProducerTime {
  WallTime at;
  std::int64_t media_time = 0;  // In the track's timescale; where its decode time stands.
};

struct FragmentHeader {
  std::uint32_t sequence_number = 1;  // One more with each fragment of the track.
  bool begins_segment = false;
  std::optional<ProducerTime> producer_time{};
  const FragmentProtection* protection = nullptr;  // Of samples that are encrypted.
};

// `samples`: at least one, in decode order, of one track; the first one's decode time is not negative, and the others'
// follow from the durations.
[[nodiscard]] SharedBytes write_fragment(const FragmentHeader& header, std::span<const Sample> samples);
// The same, captured so much later as it says.
[[nodiscard]] SharedBytes put_off(const SharedBytes& fragment, Micros by);

}  // namespace fanlight::packager
