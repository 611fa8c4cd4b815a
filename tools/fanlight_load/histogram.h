// A histogram with log-linear buckets, as in HdrHistogram: each power of two is cut into 128 equal parts, so a quantile
// is off by less than 0.8 % whatever the range. Fixed size; recording is an increment.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fanlight::load {

class Histogram {
 public:
  void record(std::uint64_t value) noexcept {
    ++counts_[index_of(value)];
    ++samples_;
    if (value > max_) max_ = value;
  }
  void add(const Histogram& other) noexcept;
  [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
  // The value that a `share` (0 … 1) of all samples does not exceed, rounded up to its bucket's end; 0 without samples.
  [[nodiscard]] std::uint64_t quantile(double share) const noexcept;

 private:
  static constexpr int kPartBits = 7;
  static constexpr std::uint64_t kParts = std::uint64_t{1} << kPartBits;
  static constexpr int kValueBits = 40;  // In nanoseconds 18 minutes; what is above counts as that.
  static constexpr std::size_t kBuckets = (kValueBits - kPartBits + 1) * kParts;

  // Below 128 a bucket per value. Above, the leading bit gives the octave and the seven behind it the part.
  [[nodiscard]] static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    if (value < kParts) return value;
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - kPartBits;
    const std::size_t index = static_cast<std::size_t>(shift + 1) * kParts + ((value >> shift) - kParts);
    return index < kBuckets ? index : kBuckets - 1;
  }
  [[nodiscard]] static constexpr std::uint64_t last_value_of(std::size_t index) noexcept {
    if (index < kParts) return index;
    const std::size_t shift = index / kParts - 1;
    return ((index % kParts + kParts + 1) << shift) - 1;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t samples_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace fanlight::load
