// A publisher's packets on their way to the other workers' streams, once to each (design D9).
//
// There is no queue: what a worker has not been given yet is in the history, and a cursor for each worker says from
// where on. A ring that is full makes that worker's cursor wait. Who is more than a whole history behind misses
// packets, and that is counted. Gaps that fill behind a cursor are given when they fill.
//
// Each worker is told in this order: that the publisher began, packets and positions, that it ended. The publisher's
// session is not over before all have taken that out of their rings (is_over()). So the next one, wherever it lands,
// goes on behind it, and no worker hears of two publishers at once, whichever ring it looks into first.
#pragma once

#include <cstddef>
#include <vector>

#include "contract/counters.h"
#include "stream/stream.h"
#include "worker/exchange.h"

namespace fanlight {

class Distribution {
 public:
  Distribution(Exchange& exchange, WorkerCounters& counters);

  // A publisher of ours begins; the stream's next position is its first.
  void begin(StreamIndex index, const Stream& stream) noexcept;
  void end(StreamIndex index) noexcept;
  [[nodiscard]] bool is_over(StreamIndex index) const noexcept;

  // Gives what is new, as far as the rings have room. `missing`: the publisher's first missing position.
  void give(StreamIndex index, const Stream& stream, PacketPos missing) noexcept;
  // A gap filled at `pos`.
  void give_late(StreamIndex index, const Stream& stream, PacketPos pos, PacketPos missing) noexcept;
  // Whether somebody could not be given everything.
  [[nodiscard]] bool is_held_up() const noexcept { return is_held_up_; }
  void begin_breath() noexcept { is_held_up_ = false; }

 private:
  struct Reader {
    bool is_active = false;        // There is, or was, a publisher of whose end it has not heard.
    bool has_begun = false;        // It has heard of the publisher.
    bool is_ending = false;        // The publisher has gone.
    PacketPos next;                // The first position it was not given.
    PacketPos told_position;       // What it knows of the stream's next position ...
    PacketPos told_missing;        // ... and of what is missing.
    std::uint32_t told_clock = 0;  // As many changes of the source's clock it has heard of.
    std::size_t end = 0;           // Not active any more: the place in its ring behind the last it was told.
  };
  [[nodiscard]] Reader& reader(StreamIndex index, std::size_t worker) noexcept {
    return readers_[index.raw() * exchange_.workers() + worker];
  }
  [[nodiscard]] const Reader& reader(StreamIndex index, std::size_t worker) const noexcept {
    return readers_[index.raw() * exchange_.workers() + worker];
  }
  // False when its ring is full.
  [[nodiscard]] bool serve(StreamIndex index, const Stream& stream, PacketPos missing, std::size_t to) noexcept;
  [[nodiscard]] bool give_packets(StreamIndex index, const Stream& stream, PacketPos missing, std::size_t to) noexcept;
  [[nodiscard]] bool give_packet(StreamIndex index, const History::Slot& slot, PacketPos missing,
                                 std::size_t to) noexcept;
  [[nodiscard]] bool say(Handover::Kind kind, StreamIndex index, PacketPos pos, PacketPos missing,
                         std::size_t to) noexcept;
  [[nodiscard]] bool say_clock(StreamIndex index, const ReportClock& clock, std::size_t to) noexcept;
  template <class F>
  void for_others(F&& f) const {
    for (std::size_t worker = 0; worker < exchange_.workers(); ++worker)
      if (worker != exchange_.self()) f(worker);
  }

  Exchange& exchange_;
  WorkerCounters& counters_;
  std::vector<Reader> readers_;  // By stream, then worker; none when there is one worker.
  bool is_held_up_ = false;
};

}  // namespace fanlight
