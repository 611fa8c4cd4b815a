// How much faster a source's clock goes than ours, from how late its frames came: of each ten seconds that which the
// network delayed least, and through those of the last ten minutes a line. Less than half a minute says nothing yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/time.h"

namespace fanlight::packager {

class DriftWatch {
 public:
  // A frame, so long after the first by its own clock, came so much later than it would have by ours. Mostly in order.
  void handle(Micros at, Micros late) {
    if (spans_.empty() || at - spans_.back().began >= kSpan) begin_span(at, late);
    Span& span = spans_.back();
    if (late < span.least) span = {span.began, at, late};
  }
  // Millionths; less than zero: slower than ours. Zero before it is known.
  [[nodiscard]] double ppm() const noexcept { return ppm_; }

 private:
  struct Span {
    Micros began{};
    Micros at{};  // When the least was.
    Micros least{};
  };
  static constexpr Micros kSpan = seconds(10);
  static constexpr std::size_t kSpansMin = 3, kSpansMax = 60;

  void begin_span(Micros at, Micros late) {
    if (spans_.size() >= kSpansMin) ppm_ = -slope() * 1e6;
    if (spans_.size() == kSpansMax) spans_.pop_front();
    spans_.push_back({at, at, late});
  }
  // Of the line that is nearest to all of them: least squares.
  [[nodiscard]] double slope() const noexcept {
    double at_mean = 0, late_mean = 0, along = 0, across = 0;
    for (const Span& one : spans_) {
      at_mean += static_cast<double>(one.at.count) / static_cast<double>(spans_.size());
      late_mean += static_cast<double>(one.least.count) / static_cast<double>(spans_.size());
    }
    for (const Span& one : spans_) {
      const double at = static_cast<double>(one.at.count) - at_mean;
      along += at * at;
      across += at * (static_cast<double>(one.least.count) - late_mean);
    }
    return along > 0 ? across / along : 0;
  }

  std::deque<Span> spans_;  // The last one runs.
  double ppm_ = 0;
};

}  // namespace fanlight::packager
