// What a media playlist owes to the one before it, and to itself (RFC 8216bis §4.4, §6.2): numbers go on without a
// hole, what was told stays as it was told, durations keep to their targets, hints come true.
//
// Pure: who reads many equal playlists judges each change once.
#pragma once

#include "fanlight_load/hls_faults.h"
#include "fanlight_load/hls_playlist.h"

namespace fanlight::load {

// A delta update with what it left out filled in from `before`; others as they are. Parts of what was left out are not
// listed any more.
[[nodiscard]] Result<HlsPlaylist> merge_hls_delta(const HlsPlaylist* before, HlsPlaylist told);

[[nodiscard]] HlsFindings judge_hls_playlist(const HlsPlaylist& playlist);
[[nodiscard]] HlsFindings judge_hls_change(const HlsPlaylist& before, const HlsPlaylist& now);

}  // namespace fanlight::load
