#include "hooks/loop_watch.h"

#include <algorithm>

namespace fanlight::control {
namespace {

constexpr std::chrono::milliseconds kPeriod{20};

}  // namespace

LoopWatch::Clock::duration LoopWatch::absent() const { return absent_ + (guards_ > 0 ? overdue() : Clock::duration{}); }

LoopWatch::Clock::duration LoopWatch::overdue() const {
  return std::max(Clock::now() - timer_.expiry() - kPeriod, Clock::duration{});  // Less than that is nothing.
}

void LoopWatch::begin() {
  if (guards_++ == 0) look();
}

void LoopWatch::end() {
  if (--guards_ == 0) timer_.cancel();
}

void LoopWatch::look() {
  timer_.expires_after(kPeriod);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->guards_ == 0) return;
    self->absent_ += self->overdue();
    self->look();
  });
}

}  // namespace fanlight::control
