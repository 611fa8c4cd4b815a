// Answers what a viewer asked to have again from the shared history (design D5, D6).
#pragma once

#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class Repair {
 public:
  explicit Repair(Dresser& dresser) : dresser_(dresser) {}
  // Serves the viewer's waiting repairs. `publisher_missing`: everything before it is held or was given up.
  void serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept;

 private:
  void serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos, PacketPos publisher_missing) noexcept;
  void send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept;
  Dresser& dresser_;
};

}  // namespace fanlight
