// What is listed of a rendition, against what a request asks for. RFC 8216bis §6.2.5.2, §6.2.6
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>

#include "live/snapshot.h"
#include "origin/playlist_query.h"

namespace fanlight::packager {

// Behind every part of a segment: the segment as a whole.
inline constexpr std::uint64_t kWhole = std::numeric_limits<std::uint64_t>::max();

// A part, or a whole segment. Ordered as they come.
struct PartPlace {
  std::uint64_t msn = 0;
  std::uint64_t part = 0;
  friend auto operator<=>(const PartPlace&, const PartPlace&) = default;
};

enum class ReloadVerdict : std::uint8_t { kListed, kLater, kTooFar };

struct Reload {
  ReloadVerdict verdict = ReloadVerdict::kListed;
  PartPlace place{};  // What to wait for, when later.
  friend bool operator==(const Reload&, const Reload&) = default;
};

// Of a rendition whose playlist is not empty.
[[nodiscard]] Reload judge_reload(const RenditionSnapshot& rendition, const PlaylistQuery& query);
// Where a part that a segment did not come to is looked for: at the next one's start.
[[nodiscard]] PartPlace carried_over(const RenditionSnapshot& rendition, PartPlace place);
[[nodiscard]] bool is_listed(const RenditionSnapshot& rendition, PartPlace place);
// A delta leaves nothing out that this player has not.
[[nodiscard]] bool fits_delta(const RenditionSnapshot& rendition, const PlaylistQuery& query);

// Null: none.
[[nodiscard]] const LiveSegment* find_segment(const RenditionSnapshot& rendition, std::uint64_t msn);
[[nodiscard]] const SharedBytes* find_part(const RenditionSnapshot& rendition, PartPlace place);
[[nodiscard]] const SharedBytes* find_init(const RenditionSnapshot& rendition, std::uint64_t init, std::uint64_t key);
// Of what is not there: whether it may come.
[[nodiscard]] bool may_have_part(const RenditionSnapshot& rendition, std::uint64_t msn);
[[nodiscard]] bool may_have_init(const RenditionSnapshot& rendition, std::uint64_t init);
// The one that the playlist hints at. Empty: nothing more comes, or nothing came yet.
[[nodiscard]] std::optional<PartPlace> next_part(const RenditionSnapshot& rendition);
// A segment without a part so far, of which the first is next, or next but one as far as one can tell.
[[nodiscard]] bool is_about_to_begin(const RenditionSnapshot& rendition, std::uint64_t msn);

}  // namespace fanlight::packager
