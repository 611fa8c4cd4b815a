// Numbers and strings as playlists and MPDs write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "cmaf/wall_time.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// To the nearest microsecond. A span of ticks no longer than one of whole microseconds is never longer as written.
[[nodiscard]] Micros micros_of(std::int64_t ticks, std::uint32_t timescale);

// "1.001000": what is not negative, in seconds.
[[nodiscard]] std::string seconds_text(Micros span);
// "2026-11-26T18:30:00.040Z", to the nearest millisecond.
[[nodiscard]] std::string date_text(WallTime at);
// "29.970"
[[nodiscard]] std::string rate_text(FrameRate rate);
// Whether it has the form of a language tag (RFC 5646) and says something: "und" does not.
[[nodiscard]] bool is_language(std::string_view text);
// In quotes, for an attribute of a tag: what cannot stand there (quotes, line ends, controls) is left out. RFC 8216bis
// §4.2
[[nodiscard]] std::string quoted(std::string_view text);
// "FC302F"
[[nodiscard]] std::string hex_text(ByteSpan bytes);
// RFC 4648 §4, with its padding.
[[nodiscard]] std::string base64_text(ByteSpan bytes);
// For an attribute or the text of an XML element; controls that XML cannot have are left out.
[[nodiscard]] std::string xml_escaped(std::string_view text);

}  // namespace fanlight::packager
