// From the history to the viewers: fresh runs to the live set, catch-up to those that lag.
//
// A pass takes one run of positions to every live viewer, viewer by viewer: one cache line of each viewer for the whole
// run, and packets to one viewer side by side, which a kernel socket sends as one segmented message (design D2, D7).
// A full transmit queue pauses the pass; it goes on in the next breath and drops nothing.
#pragma once

#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class FanOut {
 public:
  explicit FanOut(Dresser& dresser) : dresser_(dresser) {}

  // Serves what `stream` has. Answers false when the queue filled up before everybody was served.
  bool serve(Instant now, Stream& stream) noexcept;

 private:
  void serve_lagging(Instant now, Stream& stream) noexcept;
  void serve_lagging_viewer(Instant now, Stream& stream, Viewer& viewer) noexcept;
  void skip_if_too_late(Instant now, Stream& stream, Viewer& viewer) noexcept;
  bool run_pass(Stream& stream) noexcept;
  void serve_viewer(Stream& stream, Viewer& viewer) noexcept;
  // Outside a pass each packet is counted at its viewer; in a pass the stream counts for all.
  void send_counted(Viewer& viewer, const History::Slot& slot, Dresser::How how) noexcept;
  void serve_late(Stream& stream, Viewer& viewer) noexcept;
  Dresser& dresser_;
};

}  // namespace fanlight
