// Answers what a viewer asked to have again from the shared history (design D5, D6).
#pragma once

#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class Repair {
 public:
  explicit Repair(Dresser& dresser) : dresser_(dresser) {}
  void begin_breath() noexcept { sent_ = 0; }
  // Serves the viewer's waiting repairs. `publisher_missing`: everything before it is held or was given up.
  void serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept;

 private:
  void serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos, PacketPos publisher_missing) noexcept;
  void send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept;
  [[nodiscard]] bool can_send() const noexcept;
  static void refill(const Stream& stream, Viewer& viewer) noexcept;
  void refuse(Viewer& viewer) noexcept;
  Dresser& dresser_;
  std::uint32_t sent_ = 0;  // Repairs of this breath.
};

}  // namespace fanlight
