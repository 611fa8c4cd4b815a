// Spans, moments, and SRT's 32-bit wire time: three kinds of number that must not be mixed.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace fanlight {

// A span, in microseconds (SRT's own unit). Signed, because drift is.
struct Micros {
  std::int64_t count = 0;
  friend constexpr auto operator<=>(Micros, Micros) = default;
  friend constexpr Micros operator+(Micros a, Micros b) { return {a.count + b.count}; }
  friend constexpr Micros operator-(Micros a, Micros b) { return {a.count - b.count}; }
  friend constexpr Micros operator*(std::int64_t n, Micros d) { return {n * d.count}; }
  friend constexpr Micros operator/(Micros d, std::int64_t n) { return {d.count / n}; }
};

constexpr Micros micros(std::int64_t n) { return {n}; }
constexpr Micros millis(std::int64_t n) { return {n * 1'000}; }
constexpr Micros seconds(std::int64_t n) { return {n * 1'000'000}; }

// Ticks of a clock that has `rate` of them in a second; wraps.
constexpr std::uint32_t ticks_of(Micros span, std::uint32_t rate) {
  const std::int64_t whole = span.count / 1'000'000;
  const std::int64_t rest = span.count % 1'000'000;  // Apart, so that no span is too long.
  return static_cast<std::uint32_t>(whole) * rate + static_cast<std::uint32_t>(rest * rate / 1'000'000);
}
static_assert(ticks_of(seconds(1) + micros(500'000), 44'100) == 66'150);
static_assert(ticks_of(micros(-20'000), 48'000) == std::uint32_t{0} - 960);
static_assert(ticks_of(seconds(47'722), 90'000) == 12'704);  // 2^32 ticks are 47,721.86 s.

// A moment on one worker's monotonic clock. Always handed in; nothing below worker/ can ask for it.
struct Instant {
  std::int64_t us = 0;
  static constexpr Instant never() { return {std::numeric_limits<std::int64_t>::max()}; }
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Micros d) { return {t.us + d.count}; }
  friend constexpr Instant operator-(Instant t, Micros d) { return {t.us - d.count}; }
  friend constexpr Micros operator-(Instant a, Instant b) { return {a.us - b.us}; }
};

// A moment on a stream's clock: the publisher's timestamps unwrapped and continued across reconnects.
struct StreamTime {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(StreamTime, StreamTime) = default;
  friend constexpr StreamTime operator+(StreamTime t, Micros d) { return {t.us + d.count}; }
  friend constexpr Micros operator-(StreamTime a, StreamTime b) { return {a.us - b.us}; }
};

// The timestamp word of an SRT header: microseconds, wraps every 71 min 35 s. Has no order.
struct WireTime {
  std::uint32_t raw = 0;
  friend constexpr bool operator==(WireTime, WireTime) = default;
};

}  // namespace fanlight
