// One direction of a bad network, as pure arithmetic: when does the next datagram arrive, if at all, and how often?
// No socket, no clock: a datagram's ticket and the seed decide its fate, the moment only from when on it is under way.
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

// What a datagram is drawn by: the same ticket has the same fate, whatever else travels before or beside it.
struct Ticket {
  std::uint32_t lane = 0;   // Bursts take neighbours of one lane.
  std::int64_t number = 0;  // Within its lane.
};

class Link {
 public:
  Link(const Impairment& impairment, std::uint64_t seed);

  [[nodiscard]] Fate offer(Instant now, Ticket ticket);
  // Datagrams of which nothing is known but their order.
  [[nodiscard]] Fate offer(Instant now) { return offer(now, {.lane = 0, .number = next_++}); }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }

 private:
  [[nodiscard]] bool happens(double share);
  [[nodiscard]] double uniform();
  void draw_for(std::uint64_t lane, std::int64_t number);
  [[nodiscard]] bool burst_takes(Ticket ticket);
  [[nodiscard]] bool find_burst(Ticket ticket);
  [[nodiscard]] Instant arrival(Instant now);

  // Whether a burst took the last one of lane 0, so that a long burst is not looked through for each of its datagrams.
  struct Burst {
    std::int64_t number = -1;  // Before the first one there is none.
    bool is_on = false;
  };
  Impairment impairment_;
  std::uint64_t seed_;
  std::uint64_t random_ = 0;  // State of SplitMix64, set anew for each datagram.
  std::int64_t next_ = 0;
  Burst last_burst_;
  Instant latest_{};  // Invariant: no datagram in order arrives before this.
  LinkCounters counters_;
};

}  // namespace fanlight::link_proxy
