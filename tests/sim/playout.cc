#include "playout.h"

#include <algorithm>
#include <cstdlib>

namespace fanlight::sim {
namespace {

constexpr std::int64_t kDriftSamples = 1000;
constexpr std::int64_t kDriftMax = 5000;  // What the tracer keeps apart from its base, in microseconds.

}  // namespace

Playout::Taken Playout::insert(Instant now, PacketPos pos, std::uint64_t index, WireTime time) {
  if (pos < next_) return Taken::kBelated;
  Item& item = at(pos);
  if (item.is_held && item.pos == pos) return Taken::kTwice;
  item = {.pos = pos, .index = index, .time_us = unwrapper_.unwrap(now, time), .is_held = true};
  end_ = std::max(end_, pos + 1);
  return Taken::kHeld;
}

void Playout::trace_drift(Instant now, WireTime time, Micros rtt) {
  if (first_rtt_.count < 0) first_rtt_ = rtt;
  const Micros trip_change = (rtt - first_rtt_) / 2;
  drift_sum_ += (now - (base_ + micros(unwrapper_.unwrap(now, time))) - trip_change).count;
  if (++drift_samples_ < kDriftSamples) return;
  drift_us_ = drift_sum_ / drift_samples_;
  drift_sum_ = 0;
  drift_samples_ = 0;
  if (std::abs(drift_us_) <= kDriftMax) return;
  const std::int64_t over = drift_us_ < 0 ? -kDriftMax : kDriftMax;
  base_ = base_ + micros(over);
  drift_us_ -= over;
}

}  // namespace fanlight::sim
