// RTP timestamps that go on when the source behind them changes. A source's own are moved by a constant, whatever they
// do: the packets of one frame stay together, and an exact clock stays exact.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight::rtp {

class ContinuedTicks {
 public:
  // `rate`: ticks per second.
  explicit constexpr ContinuedTicks(std::uint32_t rate) noexcept : rate_(rate) {}

  [[nodiscard]] constexpr std::uint32_t place(Instant at, std::uint32_t timestamp) noexcept {
    const std::uint32_t ticks = timestamp + shift_;
    const bool is_newest = !started_ || static_cast<std::int32_t>(ticks - newest_) > 0;
    started_ = true;
    if (is_newest) {
      newest_ = ticks;
      newest_at_ = at;
    }
    return ticks;
  }
  // As place(), for a packet that was sent before the newest: learns nothing.
  [[nodiscard]] constexpr std::uint32_t place_behind(std::uint32_t timestamp) const noexcept {
    return timestamp + shift_;
  }
  // It is no further than `span` from where the newest would be by now.
  [[nodiscard]] constexpr bool is_near(Instant at, std::uint32_t timestamp, Micros span) const noexcept {
    const std::uint32_t expected = newest_ + ticks_of(at - newest_at_, rate_);
    const auto off = std::int64_t{static_cast<std::int32_t>(timestamp + shift_ - expected)};
    return (off < 0 ? -off : off) <= std::int64_t{ticks_of(span, rate_)};
  }
  // The next packet begins another sequence: it goes where the last one would be by now.
  constexpr void restart(Instant at, std::uint32_t timestamp) noexcept {
    if (started_) shift_ = newest_ + ticks_of(at - newest_at_, rate_) - timestamp;
  }

 private:
  std::uint32_t rate_;
  bool started_ = false;
  std::uint32_t shift_ = 0;
  std::uint32_t newest_ = 0;
  Instant newest_at_;
};

}  // namespace fanlight::rtp
