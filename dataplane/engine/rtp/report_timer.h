// When reports are due, a sender's as a receiver's: from half to one and a half of the least interval at random, the
// first one half as long. RFC 3550 §6.2
#pragma once

#include <cstdint>
#include <random>

#include "base/time.h"

namespace fanlight::rtp {

class ReportTimer {
 public:
  static constexpr Micros kInterval = seconds(5);

  explicit ReportTimer(std::uint32_t seed) noexcept : random_(seed) {}

  void begin(Instant now) noexcept { schedule(now - kInterval / 2); }
  // Behind one that was said.
  void schedule(Instant now) noexcept { due_ = now + kInterval / 2 + draw(1'000) * kInterval / 1'000; }
  void stop() noexcept { due_ = Instant::never(); }
  [[nodiscard]] bool is_running() const noexcept { return due_ != Instant::never(); }
  [[nodiscard]] Instant due() const noexcept { return due_; }
  // Less than `end`, at random.
  [[nodiscard]] std::int64_t draw(std::int64_t end) noexcept { return static_cast<std::int64_t>(random_()) % end; }

 private:
  std::minstd_rand random_;
  Instant due_ = Instant::never();
};

}  // namespace fanlight::rtp
