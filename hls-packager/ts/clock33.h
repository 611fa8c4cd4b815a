// A program's 33-bit timestamps (90 kHz, wrap every 26.5 h), unwrapped. ISO/IEC 13818-1 §2.4.3.7
#pragma once

#include <cstdint>
#include <optional>

namespace fanlight::packager {

// One for all PIDs of a program, so that they stay in one epoch. What comes is taken for the one nearest to the last.
class Clock33 {
 public:
  constexpr std::int64_t unwrap(std::uint64_t raw) noexcept {
    constexpr std::int64_t kRange = std::int64_t{1} << 33;
    const auto wanted = static_cast<std::int64_t>(raw) & (kRange - 1);
    if (!last_) return *(last_ = wanted);
    std::int64_t step = (wanted - *last_) & (kRange - 1);
    if (step >= kRange / 2) step -= kRange;
    return *last_ += step;
  }

  // The same, and nothing is learnt from it: what is told of a time to come.
  [[nodiscard]] constexpr std::int64_t peek(std::uint64_t raw) const noexcept {
    Clock33 copy = *this;
    return copy.unwrap(raw);
  }

 private:
  std::optional<std::int64_t> last_;
};

}  // namespace fanlight::packager
