// The formats that a track has had, by how often it has changed. A file's are all kept; of a live stream, which may
// change without end, the newest: whoever asks for an older one is answered with the oldest there is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "codec/track_format.h"

namespace fanlight::packager {

class FormatLog {
 public:
  void push(TrackFormat format) { kept_.push_back(std::move(format)); }
  void keep_newest(std::size_t count) {
    for (; kept_.size() > count; ++forgotten_) kept_.pop_front();
  }
  [[nodiscard]] bool is_empty() const noexcept { return kept_.empty(); }
  [[nodiscard]] const TrackFormat& operator[](std::uint32_t number) const noexcept {
    return kept_[std::max(number, forgotten_) - forgotten_];
  }
  [[nodiscard]] const TrackFormat& oldest() const noexcept { return kept_.front(); }
  [[nodiscard]] const TrackFormat& newest() const noexcept { return kept_.back(); }
  [[nodiscard]] std::uint32_t newest_number() const noexcept {
    return forgotten_ + static_cast<std::uint32_t>(kept_.size()) - 1;
  }

 private:
  std::deque<TrackFormat> kept_;
  std::uint32_t forgotten_ = 0;
};

}  // namespace fanlight::packager
