#include "fanlight_load/histogram.h"

#include <algorithm>
#include <cmath>

namespace fanlight::load {

void Histogram::add(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  samples_ += other.samples_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::quantile(double share) const noexcept {
  if (samples_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(samples_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) return std::min(last_value_of(i), max_);
  }
  return max_;
}

}  // namespace fanlight::load
