// The first part of video usability information, the same in H.264 §E.1.1 and H.265 §E.2.1: shape of a sample, colours.
#pragma once

#include "codec/bit_reader.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// From aspect_ratio_info_present_flag up to the chroma sample locations.
void parse_vui_head(BitReader& bits, PictureFormat& picture) noexcept;

// num_units_in_tick and time_scale; `ticks` of them make a frame. Nothing when one of them is zero.
[[nodiscard]] std::optional<FrameRate> parse_frame_rate(BitReader& bits, std::uint32_t ticks) noexcept;

}  // namespace fanlight::packager
