// How often a stream is published: each publication writes playlists anew, and a stranger whose parts or segments last
// a tick may not take the thread that packages all streams. What waits is published with what comes in between.
//
// No stream that keeps time is held up: it makes a part of each track in a part target, and an independent picture
// makes one more.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace fanlight::packager {

class PublishPace {
 public:
  explicit PublishPace(Micros part) : each_{std::clamp(part.count / 8, millis(10).count, millis(25).count)} {}

  void handle_published(Instant now) noexcept { paid_until_ = std::max(paid_until_, now) + each_; }
  // From when on one more may be.
  [[nodiscard]] Instant next() const noexcept { return paid_until_ + Micros{-kAtOnce * each_.count}; }

 private:
  static constexpr std::int64_t kAtOnce = 16;
  Micros each_;
  Instant paid_until_{};
};

}  // namespace fanlight::packager
