// What strangers can make us write is bounded: so many lines a second, and then one that says how many were left out.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace fanlight::control {

class LogBudget {
 public:
  explicit LogBudget(std::uint32_t lines_per_second) : lines_per_second_(lines_per_second) {}

  // Whether a line may be written at `now`.
  [[nodiscard]] bool take(Instant now) {
    if (now - window_start_ >= seconds(1)) {
      window_start_ = now;
      written_ = 0;
    }
    if (written_ < lines_per_second_) {
      ++written_;
      return true;
    }
    ++left_out_;
    return false;
  }

  // How many lines were left out, once the second in which that happened is over.
  [[nodiscard]] std::optional<std::uint64_t> take_left_out(Instant now) {
    if (left_out_ == 0 || now - window_start_ < seconds(1)) return std::nullopt;
    const std::uint64_t lines = left_out_;
    left_out_ = 0;
    return lines;
  }

  // When take_left_out() has something to say, though no further line may come.
  [[nodiscard]] Instant next_report() const { return left_out_ == 0 ? Instant::never() : window_start_ + seconds(1); }

 private:
  std::uint32_t lines_per_second_;
  Instant window_start_;
  std::uint32_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace fanlight::control
