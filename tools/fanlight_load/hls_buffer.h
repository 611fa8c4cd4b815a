// A player's buffer, as far as it can run dry: media comes in, and is played as fast as time passes. A player that has
// nothing left stands still until more is there.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace fanlight::load {

class HlsBuffer {
 public:
  [[nodiscard]] bool is_playing() const { return has_begun_; }
  // From here on `ahead` of media is there.
  void begin(Instant now, Micros ahead) {
    has_begun_ = true;
    dry_at_ = now + ahead;
  }
  // How long it stood still before this came.
  Micros add(Instant now, Micros media) {
    if (!has_begun_) return {};
    const Micros stall = std::max(now - dry_at_, Micros{});
    dry_at_ = std::max(now, dry_at_) + media;
    return stall;
  }
  void stop() { has_begun_ = false; }

 private:
  bool has_begun_ = false;
  Instant dry_at_{};
};

}  // namespace fanlight::load
