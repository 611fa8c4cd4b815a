// Formats as people are told of them, where the codec's string alone does not say what has changed.
#pragma once

#include <string>

#include "codec/track_format.h"

namespace fanlight::packager {

// "mp4a.40.2 (2 channels, 48000 Hz)", "avc1.64001f (1280x720, 30 pictures a second)"
[[nodiscard]] std::string format_text(const TrackFormat& format);
// "mp4a.40.2 (6 channels, 48000 Hz) after mp4a.40.2 (2 channels, 48000 Hz)". Of two that read alike once, and that it
// is other parameters.
[[nodiscard]] std::string format_change_text(const TrackFormat& before, const TrackFormat& now);

}  // namespace fanlight::packager
