#include "link.h"

#include <algorithm>

namespace fanlight::sim {
namespace {

// A way that carries little is not in a burst for ever.
constexpr Micros kBurstMax = millis(200);

}  // namespace

Link::Fate Link::judge(Instant now, Random& random) {
  Fate fate;
  if (is_lost(now, random)) return fate;
  fate.at[fate.copies++] = arrival(now, random);
  if (random.chance(quality_.duplicate)) fate.at[fate.copies++] = arrival(now, random);
  return fate;
}

bool Link::is_lost(Instant now, Random& random) {
  const bool is_over = random.chance(quality_.burst_end) || now - burst_began_ > kBurstMax;
  if (in_burst_ && is_over) in_burst_ = false;
  if (!in_burst_ && random.chance(quality_.burst_begin)) {
    in_burst_ = true;
    burst_began_ = now;
  }
  return random.chance(in_burst_ ? quality_.burst_loss : quality_.loss);
}

Instant Link::arrival(Instant now, Random& random) {
  const Instant at = std::max(now + quality_.delay + micros(random.between(0, quality_.jitter.count)), held_until_);
  if (random.chance(quality_.reorder)) return at + micros(random.between(0, quality_.held_back.count));
  newest_ = std::max(newest_, at);
  return newest_;
}

}  // namespace fanlight::sim
