#include "playlist/frame_rate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fanlight::packager {
namespace {

constexpr std::array<FrameRate, 16> kUsual{{{10, 1},
                                            {12, 1},
                                            {25, 2},
                                            {15'000, 1'001},
                                            {15, 1},
                                            {20, 1},
                                            {24'000, 1'001},
                                            {24, 1},
                                            {25, 1},
                                            {30'000, 1'001},
                                            {30, 1},
                                            {48, 1},
                                            {50, 1},
                                            {60'000, 1'001},
                                            {60, 1},
                                            {120, 1}}};
constexpr double kNear = 0.004;

double value_of(FrameRate rate) { return static_cast<double>(rate.frames) / rate.seconds; }

}  // namespace

FrameRate measured_rate(std::int64_t frames, std::int64_t ticks) noexcept {
  constexpr double kClock = 90'000, kMost = 1'000;
  const double rate = std::min(static_cast<double>(frames) * kClock / static_cast<double>(ticks), kMost);
  const auto off = [&](FrameRate usual) { return std::abs(value_of(usual) / rate - 1); };
  const FrameRate nearest = *std::ranges::min_element(kUsual, {}, off);
  if (off(nearest) <= kNear) return nearest;
  constexpr std::uint32_t kParts = 1'000;
  return {std::max(static_cast<std::uint32_t>(std::lround(rate * kParts)), 1u), kParts};
}

bool is_much_faster(FrameRate a, FrameRate b) noexcept { return value_of(a) > 1.1 * value_of(b); }

}  // namespace fanlight::packager
