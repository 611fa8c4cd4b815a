#include "live/sound_match.h"

#include <algorithm>

#include "ts/program.h"

namespace fanlight::packager {
namespace {

enum class Alike : std::uint8_t { kAll, kInLanguage, kInPid, kPerhaps };

bool are_alike(Alike how, const KnownSound& track, const KnownSound& playlist) {
  const bool are_told = is_told(track.language) && is_told(playlist.language);
  const bool have_one_pid = track.pid == playlist.pid;
  const bool are_of_one_kind = track.language == playlist.language && track.describes_video == playlist.describes_video;
  switch (how) {
    case Alike::kAll:
      return are_told && are_of_one_kind && have_one_pid;
    case Alike::kInLanguage:
      return are_told && are_of_one_kind;
    case Alike::kInPid:
      return !are_told && have_one_pid;
    case Alike::kPerhaps:
      return !are_told && (!track.describes_video || playlist.describes_video);
  }
  return false;
}

}  // namespace

// The surest first, so that nothing is another's that has a better claim.
std::vector<std::optional<std::size_t>> match_sounds(const std::vector<KnownSound>& tracks,
                                                     const std::vector<KnownSound>& playlists) {
  std::vector<std::optional<std::size_t>> places(tracks.size());
  std::vector<bool> is_taken(playlists.size());
  for (const Alike how : {Alike::kAll, Alike::kInLanguage, Alike::kInPid, Alike::kPerhaps})
    for (std::size_t i = 0; i < tracks.size(); ++i)
      for (std::size_t at = 0; at < playlists.size() && !places[i]; ++at) {
        if (is_taken[at] || !are_alike(how, tracks[i], playlists[at])) continue;
        if (std::ranges::find_first_of(tracks[i].codecs, playlists[at].codecs) == tracks[i].codecs.end()) continue;
        places[i] = at;
        is_taken[at] = true;
      }
  return places;
}

}  // namespace fanlight::packager
