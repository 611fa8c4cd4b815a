// One direction of a bad network, as pure arithmetic: when does the next datagram arrive, if at all, and how often?
// No socket, no clock: the same seed and the same moments give the same fates.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace fanlight::link_proxy {

// Shares are probabilities in [0, 1]; delays are one-way.
struct Impairment {
  double loss = 0;          // Independent loss.
  double burst_loss = 0;    // Long-run share lost in bursts (Gilbert model), on top of `loss`.
  double burst_length = 5;  // Mean datagrams per burst, >= 1.
  Micros delay{};
  Micros jitter{};     // Delay is uniform in [delay - jitter, delay + jitter]; order is kept.
  double reorder = 0;  // This share is held back by reorder_hold and overtaken.
  Micros reorder_hold = millis(5);
  double duplicate = 0;  // This share arrives twice.
};

struct LinkCounters {
  std::uint64_t offered = 0;
  std::uint64_t lost = 0;
  std::uint64_t lost_in_burst = 0;
  std::uint64_t reordered = 0;
  std::uint64_t duplicated = 0;
};

// What happens to one datagram: `copies` arrivals, at arrivals[0 .. copies).
struct Fate {
  int copies = 0;
  std::array<Instant, 2> arrivals{};
};

class Link {
 public:
  Link(const Impairment& impairment, std::uint64_t seed);

  [[nodiscard]] Fate offer(Instant now);
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }

 private:
  [[nodiscard]] bool happens(double share);
  [[nodiscard]] double uniform();
  [[nodiscard]] bool burst_takes_it();
  [[nodiscard]] Instant arrival(Instant now);

  Impairment impairment_;
  std::uint64_t random_;  // State of SplitMix64: eight bytes, for a crowd has a link per viewer and direction.
  bool in_burst_ = false;
  Instant latest_{};  // Invariant: no datagram in order arrives before this.
  LinkCounters counters_;
};

}  // namespace fanlight::link_proxy
