// Interarrival jitter, in timestamp ticks. RFC 3550 §6.4.1, A.8
#pragma once

#include <cstdint>
#include <cstdlib>

#include "base/time.h"

namespace fanlight::rtp {

class Jitter {
 public:
  explicit constexpr Jitter(std::uint32_t rate) noexcept : rate_(rate) {}

  void note(Instant at, std::uint32_t timestamp) noexcept {
    const std::uint32_t arrival = ticks_of({at.us}, rate_);
    const std::uint32_t transit = arrival - timestamp;
    if (started_) {
      const auto moved =
          static_cast<std::uint32_t>(std::abs(std::int64_t{static_cast<std::int32_t>(transit - transit_)}));
      sixteenths_ += moved - ((sixteenths_ + 8) >> 4);
    }
    transit_ = transit;
    started_ = true;
  }
  // The next packet's timestamp says nothing about the last one's.
  constexpr void forget_transit() noexcept { started_ = false; }
  [[nodiscard]] constexpr std::uint32_t ticks() const noexcept { return sixteenths_ >> 4; }
  [[nodiscard]] constexpr Micros span() const noexcept { return {std::int64_t{ticks()} * 1'000'000 / rate_}; }

 private:
  std::uint32_t rate_;
  bool started_ = false;
  std::uint32_t transit_ = 0;
  std::uint32_t sixteenths_ = 0;
};

}  // namespace fanlight::rtp
