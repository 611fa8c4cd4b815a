// What one viewer may ask for (design D6, D12). The stream's own packets refill it, so it is a share of the stream's
// rate whatever that is:
//
//   repairs   `percent` of the stream's packets, with a burst of a second of the stream, 512 at least
//   looks     two per packet, one for each report and each position or hole looked up for it, with a burst four times
//             as large
//
// A receiver reports a loss when the next packet arrives, and again each half round trip, 20 ms at least, while it is
// missing: an honest one stays below the second bound. Repairs get lost as well, so the first bound holds a loss of
// percent ÷ (100 + percent) that lasts, 20 % with 25 percent, and any loss for a moment.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fanlight {

class RepairBudget {
 public:
  static constexpr std::int64_t kBurstMin = 512;

  // `packets`: of the stream, so far. `rate`: per second.
  void refill(std::uint64_t packets, std::int64_t rate, std::uint32_t percent) noexcept {
    const std::uint32_t fresh = static_cast<std::uint32_t>(packets) - refilled_at_;
    if (fresh == 0) return;
    refilled_at_ = static_cast<std::uint32_t>(packets);
    const std::int64_t burst = std::clamp(rate, kBurstMin, kBurstMax);
    hundredths_ = static_cast<std::int32_t>(std::min(hundredths_ + std::int64_t{fresh} * percent, 100 * burst));
    looks_ = static_cast<std::int32_t>(std::min(looks_ + kLooksPerPacket * fresh, kLooksPerPacket * 2 * burst));
  }
  // At the session's start: what came before is not its own.
  void begin_at(std::uint64_t packets) noexcept { refilled_at_ = static_cast<std::uint32_t>(packets); }

  // For a report, and for each position in it.
  [[nodiscard]] bool try_look() noexcept {
    if (looks_ == 0) return false;
    --looks_;
    return true;
  }
  [[nodiscard]] bool may_repair() const noexcept { return hundredths_ >= 100; }
  void note_repair() noexcept { hundredths_ -= 100; }

 private:
  static constexpr std::int64_t kBurstMax = 10'000'000;  // Packets a second; its hundredths fit 32 bits.
  static constexpr std::int64_t kLooksPerPacket = 2;
  std::uint32_t refilled_at_ = 0;  // Low bits: who was not refilled for 2^32 packets gets less, which no burst shows.
  std::int32_t hundredths_ = 100 * kBurstMin;
  std::int32_t looks_ = kLooksPerPacket * 2 * kBurstMin;
};

}  // namespace fanlight
