// A token bucket, kept as the moment at which it is full again: that is all there is to one that refills steadily.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight {

class TokenBucket {
 public:
  // Whether a token of a bucket of `burst` tokens, one of which grows back each `interval`, is there at `now`.
  [[nodiscard]] bool has_token(Instant now, std::int64_t burst, Micros interval) const {
    return full_at_ <= now + (burst - 1) * interval;
  }
  // There must be a token.
  void take(Instant now, Micros interval) { full_at_ = (full_at_ < now ? now : full_at_) + interval; }
  [[nodiscard]] Instant full_at() const { return full_at_; }

 private:
  Instant full_at_{};
};

}  // namespace fanlight
