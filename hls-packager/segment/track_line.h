// What players have as one rendition of a file: a track, and those that go on in its place once the program has it no
// more, as where PIDs are numbered anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "media/track_set.h"

namespace fanlight::packager {

class TrackLine {
 public:
  using Track = TrackSet::Track;

  // `number`: TrackSample::track. Tracks, and all the formats that they have had, stay where they are.
  TrackLine(std::size_t number, const Track& track) : first_number_(number) { take(number, track); }

  // Whether `track` may go on with it, with that format. Pictures may have any.
  [[nodiscard]] bool is_like(const Track& track, const TrackFormat& format) const noexcept {
    if (is_video() != track.is_video()) return false;
    if (track.is_video()) return true;
    return language() == track.language && describes_video() == track.describes_video &&
           formats_.back()->codec == format.codec;
  }
  // It has `track` from here on.
  void take(std::size_t number, const Track& track) {
    number_ = number;
    track_ = &track;
    if (std::find(tracks_.begin(), tracks_.end(), &track) == tracks_.end()) tracks_.push_back(&track);
  }
  // What it calls a format of the track that it has: the same for the same.
  [[nodiscard]] std::uint32_t number_of(std::uint32_t format) {
    const auto [its, is_new] = numbers_.try_emplace({number_, format}, 0);
    if (!is_new) return its->second;
    const TrackFormat& wanted = track_->formats()[format];
    const auto known = std::find_if(formats_.begin(), formats_.end(), [&](const auto* one) { return *one == wanted; });
    its->second = static_cast<std::uint32_t>(known - formats_.begin());
    if (known == formats_.end()) formats_.push_back(&wanted);
    return its->second;
  }

  // The one that it has.
  [[nodiscard]] const Track& track() const noexcept { return *track_; }
  [[nodiscard]] std::size_t track_number() const noexcept { return number_; }
  // The one that it had first.
  [[nodiscard]] std::size_t first_track_number() const noexcept { return first_number_; }
  // All that it has had.
  [[nodiscard]] const std::vector<const Track*>& tracks() const noexcept { return tracks_; }
  [[nodiscard]] bool is_video() const noexcept { return tracks_.front()->is_video(); }
  [[nodiscard]] const std::string& language() const noexcept { return track_->language; }
  [[nodiscard]] bool describes_video() const noexcept { return track_->describes_video; }
  [[nodiscard]] const TrackFormat& format(std::uint32_t number) const noexcept { return *formats_[number]; }
  [[nodiscard]] std::vector<CaptionService> captions() const {
    std::vector<CaptionService> all;
    for (const Track* const one : tracks_) add_captions(all, one->captions());
    return all;
  }

 private:
  std::size_t first_number_ = 0, number_ = 0;
  const Track* track_ = nullptr;
  std::vector<const Track*> tracks_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::uint32_t> numbers_;  // By track and its own number.
  std::vector<const TrackFormat*> formats_;
};

}  // namespace fanlight::packager
