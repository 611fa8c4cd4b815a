#include "link.h"

#include <algorithm>

namespace fanlight::sim {

Link::Fate Link::judge(Instant now, Random& random) {
  Fate fate;
  if (is_cut_ || is_lost(random)) return fate;
  fate.at[fate.copies++] = arrival(now, random);
  if (random.chance(quality_.duplicate)) fate.at[fate.copies++] = arrival(now, random);
  return fate;
}

bool Link::is_lost(Random& random) {
  in_burst_ = in_burst_ ? !random.chance(quality_.burst_end) : random.chance(quality_.burst_begin);
  return random.chance(in_burst_ ? quality_.burst_loss : quality_.loss);
}

Instant Link::arrival(Instant now, Random& random) {
  const Instant at = now + quality_.delay + micros(random.between(0, quality_.jitter.count));
  if (random.chance(quality_.reorder)) return at + micros(random.between(0, quality_.held_back.count));
  newest_ = std::max(newest_, at);
  return newest_;
}

}  // namespace fanlight::sim
