// The viewers that are not live: those that just joined and those whose flow window was full. Each is served from the
// history on its own, from its cursor, until it has caught up with the live set and enters it; what it could no longer
// play is left out (design D11, D12).
#pragma once

#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class CatchUp {
 public:
  explicit CatchUp(Dresser& dresser) : dresser_(dresser) {}

  // Between passes.
  void serve(Instant now, Stream& stream) noexcept;
  // The packets of the pass that filled gaps.
  void serve_late(Stream& stream) noexcept;
  // When `serve` has something to do though nothing arrives.
  [[nodiscard]] static Instant deadline(Instant now, Stream& stream) noexcept;
  // Outside a pass each packet is counted at its viewer; in a pass the stream counts for all.
  void send_counted(Viewer& viewer, const History::Slot& slot, Dresser::How how) noexcept;

 private:
  void serve_viewer(Instant now, Stream& stream, Viewer& viewer) noexcept;
  void skip_if_too_late(Instant now, Stream& stream, Viewer& viewer) noexcept;
  Dresser& dresser_;
};

}  // namespace fanlight
