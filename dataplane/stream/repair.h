// Answers what a viewer asked to have again from the shared history (design D5, D6).
#pragma once

#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class Repair {
 public:
  explicit Repair(Dresser& dresser) : dresser_(dresser) {}
  void begin_breath() noexcept {
    sent_ = 0;
    hole_ = {};
  }
  // A loss report may be read: it has not sent more of them than any loss explains.
  [[nodiscard]] bool admit_report(Instant now, const Stream& stream, Viewer& viewer) noexcept;
  // Serves the viewer's waiting repairs. `publisher_missing`: everything before it is held or was given up.
  void serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept;

 private:
  // Where the run of positions that are not held ends, from `pos` on.
  [[nodiscard]] PacketPos end_of_hole(const Stream& stream, PacketPos pos) noexcept;
  void leave_to_arrival(const Stream& stream, Viewer& viewer, PacketPos pos) noexcept;
  void serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos, PacketPos publisher_missing) noexcept;
  void send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept;
  [[nodiscard]] bool can_send() const noexcept;
  static void refill(Instant now, const Stream& stream, Viewer& viewer) noexcept;
  void refuse(Instant now, Viewer& viewer) noexcept;
  Dresser& dresser_;
  std::uint32_t sent_ = 0;  // Repairs of this breath.
  struct Hole {
    const Stream* stream = nullptr;
    PacketPos first;
    PacketPos end;
  };
  Hole hole_;  // The last one looked for in this breath: a lost burst of the publisher is named by every viewer.
};

}  // namespace fanlight
