// Answers what a viewer asked to have again from the shared history (design D5, D6).
#pragma once

#include <algorithm>

#include "stream/dresser.h"
#include "stream/stream.h"
#include "stream/viewer_slabs.h"

namespace fanlight {

// What is older is not repaired: libsrt's own bound for what a sender still repeats (srt-wire §3.3).
[[nodiscard]] constexpr Micros repair_age_max(Micros latency) { return std::max(latency, millis(1000)) + millis(20); }

class Repair {
 public:
  Repair(Dresser& dresser, ViewerSlabs& slabs) : dresser_(dresser), slabs_(slabs) {}
  void begin_breath() noexcept {
    sent_ = 0;
    hole_ = {};
  }
  // A loss report may be read: it has not sent more of them than any loss explains.
  [[nodiscard]] bool admit_report(Instant now, const Stream& stream, Viewer& viewer) noexcept;
  [[nodiscard]] bool admit_report(Instant now, Destination& destination) noexcept;
  // Serves the viewer's waiting repairs. `publisher_missing`: everything before it is held or was given up.
  void serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept;

  // Serves what a destination's receivers asked for.
  void serve(Instant now, Destination& destination, PacketPos publisher_missing) noexcept;

 private:
  void serve_number(Instant now, Destination& destination, std::uint16_t number, PacketPos publisher_missing) noexcept;
  // Where the run of positions that are not held ends, from `pos` on.
  [[nodiscard]] PacketPos end_of_hole(const Stream& stream, PacketPos pos) noexcept;
  void leave_to_arrival(const Stream& stream, Viewer& viewer, PacketPos pos) noexcept;
  void serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos, PacketPos publisher_missing) noexcept;
  void send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept;
  [[nodiscard]] bool can_send() const noexcept;
  static void refill(Instant now, const Stream& stream, Viewer& viewer) noexcept;
  static void refill(Instant now, Destination& destination) noexcept;
  void refuse(Instant now, Viewer& viewer) noexcept;
  Dresser& dresser_;
  ViewerSlabs& slabs_;
  std::uint32_t sent_ = 0;  // Repairs of this breath.
  struct Hole {
    const Stream* stream = nullptr;
    PacketPos first;
    PacketPos end;
  };
  Hole hole_;  // The last one looked for in this breath: a lost burst of the publisher is named by every viewer.
};

}  // namespace fanlight
