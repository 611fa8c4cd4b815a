#include "link.h"

#include <algorithm>
#include <cmath>

namespace fanlight::link_proxy {

Link::Link(const Impairment& impairment, std::uint64_t seed) : impairment_(impairment), random_(seed) {}

Fate Link::offer(Instant now) {
  ++counters_.offered;
  // The burst state moves with every datagram, also with those that independent loss takes.
  if (burst_takes_it()) {
    ++counters_.lost_in_burst;
    return {};
  }
  if (happens(impairment_.loss)) {
    ++counters_.lost;
    return {};
  }
  Fate fate{.copies = 1, .arrivals = {arrival(now)}};
  if (happens(impairment_.duplicate)) {
    ++counters_.duplicated;
    fate.copies = 2;
    fate.arrivals[1] = arrival(now);
  }
  return fate;
}

// Gilbert: in the good state nothing is lost, in the bad state everything. A burst ends with probability r =
// 1 / burst_length; it begins with p such that the share of time in the bad state, p / (p + r), is burst_loss.
bool Link::burst_takes_it() {
  if (impairment_.burst_loss <= 0) return false;
  const double leave = 1.0 / std::max(1.0, impairment_.burst_length);
  const double enter = leave * impairment_.burst_loss / (1.0 - std::min(impairment_.burst_loss, 0.99));
  in_burst_ = in_burst_ ? !happens(leave) : happens(enter);
  return in_burst_;
}

Instant Link::arrival(Instant now) {
  const double spread = (2.0 * uniform() - 1.0) * static_cast<double>(impairment_.jitter.count);
  const Instant drawn = now + Micros{std::max<std::int64_t>(0, impairment_.delay.count + std::llround(spread))};
  if (happens(impairment_.reorder)) {
    ++counters_.reordered;
    return drawn + impairment_.reorder_hold;
  }
  latest_ = std::max(latest_, drawn);
  return latest_;
}

bool Link::happens(double share) { return uniform() < share; }

double Link::uniform() {
  random_ += 0x9E37'79B9'7F4A'7C15;
  std::uint64_t mixed = random_;
  mixed = (mixed ^ mixed >> 30) * 0xBF58'476D'1CE4'E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D0'49BB'1331'11EB;
  return static_cast<double>((mixed ^ mixed >> 31) >> 11) * 0x1.0p-53;
}

}  // namespace fanlight::link_proxy
