// What a player asks of a media playlist: to come when something is in it, or to leave out what the player has. RFC
// 8216bis §6.2.5
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fanlight::packager {

struct PlaylistQuery {
  std::optional<std::uint64_t> msn{};
  std::optional<std::uint64_t> part{};  // Only together with msn.
  bool wants_delta = false;
  friend bool operator==(const PlaylistQuery&, const PlaylistQuery&) = default;
};

// Empty: a directive that means nothing, which is refused. What is not a directive is somebody else's and passes.
[[nodiscard]] std::optional<PlaylistQuery> parse_playlist_query(std::string_view query);

}  // namespace fanlight::packager
