#include "link.h"

#include <algorithm>
#include <cmath>

namespace fanlight::link_proxy {
namespace {

constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
constexpr std::uint64_t kLaneStep = 0xD6E8'FEB8'6659'FD93;
constexpr std::uint64_t kBurstLanes = std::uint64_t{1} << 32;  // Bursts are drawn beside what else happens.

std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ bits >> 30) * 0xBF58'476D'1CE4'E5B9;
  bits = (bits ^ bits >> 27) * 0x94D0'49BB'1331'11EB;
  return bits ^ bits >> 31;
}

}  // namespace

Link::Link(const Impairment& impairment, std::uint64_t seed) : impairment_(impairment), seed_(seed) {}

Fate Link::offer(Instant now, Ticket ticket) {
  ++counters_.offered;
  if (burst_takes(ticket)) {
    ++counters_.lost_in_burst;
    return {};
  }
  draw_for(ticket.lane, ticket.number);
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

bool Link::burst_takes(Ticket ticket) {
  if (impairment_.burst_loss <= 0) return false;
  const bool is_on = find_burst(ticket);
  if (ticket.lane == 0) last_burst_ = {ticket.number, is_on};
  return is_on;
}

// Gilbert: in the good state nothing is lost, in the bad state everything. A burst ends with probability r =
// 1 / burst_length; it begins with p such that the share of time in the bad state, p / (p + r), is burst_loss.
//
// Each number has one draw that says what becomes of either state there. Where both become the same, what was before
// does not matter: looking back from a number to the last such draw, burst_length away on average, finds its state, in
// whatever order numbers are asked for.
bool Link::find_burst(Ticket ticket) {
  const double leave = 1.0 / std::max(1.0, impairment_.burst_length);
  const double enter = leave * impairment_.burst_loss / (1.0 - std::min(impairment_.burst_loss, 0.99));
  const bool may_use_last = ticket.lane == 0 && last_burst_.number <= ticket.number;
  const Burst known = may_use_last ? last_burst_ : Burst{};
  bool is_flipped = false;
  for (std::int64_t at = ticket.number; at > known.number; --at) {
    draw_for(kBurstLanes | ticket.lane, at);
    const double drawn = uniform();
    const bool stays_on = drawn < 1.0 - leave;
    const bool comes_on = drawn < enter;
    if (stays_on == comes_on) return stays_on != is_flipped;
    if (comes_on) is_flipped = !is_flipped;
  }
  return known.is_on != is_flipped;
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
  random_ += kGolden;
  return static_cast<double>(mixed(random_) >> 11) * 0x1.0p-53;
}

void Link::draw_for(std::uint64_t lane, std::int64_t number) {
  random_ = mixed(mixed(seed_ + lane * kLaneStep) + static_cast<std::uint64_t>(number));
}

}  // namespace fanlight::link_proxy
