// From the history to the viewers: fresh runs to the live set. Those that lag are served before (catch_up.h).
//
// A pass takes one run of positions to every live viewer, viewer by viewer: one cache line of each viewer for the whole
// run, and packets to one viewer side by side, which a kernel socket sends as one segmented message (design D2, D7).
// A full transmit queue pauses the pass; it goes on in the next breath and drops nothing.
#pragma once

#include "stream/catch_up.h"
#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class FanOut {
 public:
  explicit FanOut(Dresser& dresser) : dresser_(dresser), catch_up_(dresser) {}

  // Serves what `stream` has. Answers false when the queue filled up before everybody was served.
  bool serve(Instant now, Stream& stream) noexcept;

 private:
  bool run_pass(Stream& stream) noexcept;
  void serve_viewer(Stream& stream, Viewer& viewer) noexcept;
  void serve_late(Stream& stream, Viewer& viewer) noexcept;
  Dresser& dresser_;
  CatchUp catch_up_;
};

}  // namespace fanlight
