// What an MPEG transport stream's packet says beside its payload. ISO/IEC 13818-1 §2.4.3.4
//
//  |length (8)|disc|RAI|prio|PCR|OPCR|splice|private|ext|  PCR, OPCR, ... as flagged  |  stuffing, 0xFF  |
//
// A PES packet ends on a packet's boundary, so its last packet is padded with stuffing: a muxer that pads nowhere else
// thereby tells that a picture is complete, a frame before the next one begins.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace fanlight::packager {

struct AdaptationField {
  bool is_discontinuous = false;
  bool has_clock = false;          // A PCR.
  std::size_t stuffing_bytes = 0;  // Behind all that is flagged.
};

// Of a whole packet; one without the field, or with a malformed one, says nothing.
[[nodiscard]] AdaptationField parse_adaptation_field(ByteSpan packet) noexcept;

}  // namespace fanlight::packager
