// Whether a source's timestamps run at their rate. Two crystals are within 200 ppm of each other; a clock that is five
// times as far off is none: its field is constant, counts something else, or runs at another rate than is said.
//
// It shows in the least that packets came behind their timestamps within a second or more, where what waited on its way
// says nothing. A longer way, a pause and a step of the clock move that once; a wrong pace moves it with each second.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/time.h"

namespace fanlight::rtp {

class ClockPace {
 public:
  // `rate`: ticks per second.
  explicit constexpr ClockPace(std::uint32_t rate) noexcept : rate_(rate) {}

  // Another source's follows.
  void forget() noexcept { *this = ClockPace(rate_); }
  // Of the next packet of its source, in the order of its numbers. True when a window ended before it.
  bool note(Instant at, std::uint32_t timestamp) noexcept {
    if (!started_) begin(at, timestamp);
    lag_ = lag_at(at, timestamp);
    last_at_ = at;
    last_timestamp_ = timestamp;
    const bool is_over = packets_ >= kWindowPackets && at - window_start_ >= kWindow;
    if (is_over) end_window(at);
    least_ = std::min(least_, lag_);
    ++packets_;
    return is_over;
  }
  [[nodiscard]] bool is_wrong() const noexcept { return is_wrong_; }
  // The last window's delay was that of the one before.
  [[nodiscard]] bool is_steady() const noexcept { return is_judged_ && run_.windows == 0; }
  // How much faster than ours it ran when it was found wrong: -1,000,000 is a clock that stands.
  [[nodiscard]] std::int32_t ppm() const noexcept { return ppm_; }

 private:
  static constexpr Micros kWindow = seconds(1);
  static constexpr std::int64_t kWindowPackets = 32;  // Of fewer, the least is a matter of luck.
  static constexpr std::int64_t kPpmMax = 1'000;
  static constexpr std::int64_t kRunWindows = 4;  // In one direction, and by so much in all, before it is wrong ...
  static constexpr Micros kRunMoveMin = millis(20);
  static constexpr std::int64_t kSettledWindows = 10;  // ... and back where it was after so many before it is not.
  static constexpr Micros kLagMax = seconds(3'600);
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  // How far the delay moved over consecutive windows.
  struct Span {
    std::int64_t windows = 0;
    std::int64_t moved_us = 0;
    std::int64_t length_us = 0;
    void add(Micros moved, Micros length) {
      ++windows;
      moved_us += moved.count;
      length_us += length.count;
    }
    [[nodiscard]] bool is_within_drift() const { return std::abs(moved_us) * (1'000'000 / kPpmMax) <= length_us; }
  };

  void begin(Instant at, std::uint32_t timestamp) noexcept {
    started_ = true;
    last_at_ = window_start_ = at;
    last_timestamp_ = timestamp;
  }
  // In millionths of a tick. What is more than an hour is a step, whatever it is.
  [[nodiscard]] std::int64_t lag_at(Instant at, std::uint32_t timestamp) const noexcept {
    const std::int64_t elapsed = std::min(at - last_at_, kLagMax).count;
    const auto ticks = std::int64_t{static_cast<std::int32_t>(timestamp - last_timestamp_)};
    const std::int64_t most = kLagMax.count * rate_;
    return std::clamp(lag_ + elapsed * rate_ - ticks * 1'000'000, -most, most);
  }
  // Lags count from the last window's least on, so that no number grows with the years.
  void end_window(Instant at) noexcept {
    if (has_base_) judge(micros(least_ / rate_), at - window_start_);
    has_base_ = true;
    lag_ -= least_;
    least_ = kNone;
    packets_ = 0;
    window_start_ = at;
  }
  void judge(Micros moved, Micros length) noexcept {
    is_judged_ = true;
    Span one;
    one.add(moved, length);
    if (one.is_within_drift() || (moved.count > 0) != (run_.moved_us > 0)) run_ = {};
    if (!one.is_within_drift()) {
      run_.add(moved, length);
      paces_[static_cast<std::size_t>(run_.windows % kRunWindows)] = ppm_of(one);
    }
    settling_.add(moved, length);
    if (run_.windows >= kRunWindows && std::abs(run_.moved_us) > kRunMoveMin.count) {
      if (!is_wrong_) ppm_ = usual_pace();
      is_wrong_ = true;
      settling_ = {};
    }
    if (settling_.windows < kSettledWindows) return;
    if (settling_.is_within_drift()) is_wrong_ = false;
    settling_ = {};
  }
  // A pause or a step among them is none of its pace, and only makes its window's more.
  [[nodiscard]] std::int32_t usual_pace() const noexcept {
    std::array<std::int32_t, kRunWindows> sorted = paces_;
    std::ranges::sort(sorted, {}, [](std::int32_t ppm) { return std::abs(ppm); });
    return sorted[(sorted.size() - 1) / 2];
  }
  [[nodiscard]] static std::int32_t ppm_of(const Span& run) noexcept {
    const std::int64_t ppm = -run.moved_us * 1'000 / std::max<std::int64_t>(run.length_us / 1'000, 1);
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(ppm, -kPpmShownMax, kPpmShownMax));
  }
  static constexpr std::int64_t kPpmShownMax = 1'000'000'000;

  std::uint32_t rate_;
  bool started_ = false;
  bool has_base_ = false;   // A window has ended ...
  bool is_judged_ = false;  // ... and another one.
  bool is_wrong_ = false;
  std::int32_t ppm_ = 0;
  Instant last_at_{};
  std::uint32_t last_timestamp_ = 0;
  Instant window_start_{};
  std::int64_t packets_ = 0;  // Of this window.
  std::int64_t lag_ = 0;
  std::int64_t least_ = kNone;
  Span run_;
  std::array<std::int32_t, kRunWindows> paces_{};  // Of its last windows.
  Span settling_;
};

}  // namespace fanlight::rtp
