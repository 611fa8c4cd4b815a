// The rate of pictures whose parameter sets do not say it: by their times, as players are told of it.
#pragma once

#include <cstdint>

#include "codec/track_format.h"

namespace fanlight::packager {

// So many frames that last so many ticks of 90 kHz, at least one each. Near one of the usual rates it is that one:
// times are rounded, some to milliseconds. Otherwise to a thousandth of a frame a second.
[[nodiscard]] FrameRate measured_rate(std::int64_t frames, std::int64_t ticks) noexcept;

// `a` is more than a tenth faster.
[[nodiscard]] bool is_much_faster(FrameRate a, FrameRate b) noexcept;

}  // namespace fanlight::packager
