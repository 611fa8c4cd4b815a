// The viewers that are not live: those that just joined, those that have not caught up yet, and those whose flow window
// is full. Each is served from the history on its own, from its cursor, until it enters the live set; what it could no
// longer play is left out (design D11, D12).
//
//   joining ──▶ lagging ──▶ live
//                 ▲  ├─▶ parked: woken by its own ACK or, not heard, when it may have one more
//                 ╰──┴─▶ unheard: it has all there is, and is taken on by the next pass
//
// Who was not heard since our response gets a few packets, however long that takes: an address that is silent, or
// others behind it who never asked, are not sent a stream. libsrt acknowledges the first within 10 ms.
//
// However many there are, they share a budget per breath and take turns, and nobody starts while those before have not
// had theirs: the live set keeps its pace.
#pragma once

#include "stream/dresser.h"
#include "stream/stream.h"
#include "stream/viewer_slabs.h"

namespace fanlight {

class CatchUp {
 public:
  CatchUp(Dresser& dresser, ViewerSlabs& slabs) : dresser_(dresser), slabs_(slabs) {}

  void begin_breath() noexcept { budget_ = kCatchUpPerBreath; }
  void serve(Instant now, Stream& stream) noexcept;
  // The packets of the pass that filled gaps.
  void serve_late(Stream& stream) noexcept;
  // When `serve` has something to do though nothing arrives.
  [[nodiscard]] static Instant deadline(Instant now, Stream& stream) noexcept;
  // Outside a pass each packet is counted at its viewer; in a pass the stream counts for all.
  void send_counted(Viewer& viewer, const History::Slot& slot, Dresser::How how) noexcept;

 private:
  enum class Visit : std::uint8_t { kDone, kMoreDue, kNoRoom };
  [[nodiscard]] bool serve_lagging(Instant now, Stream& stream) noexcept;
  [[nodiscard]] Visit visit(Instant now, Stream& stream, Viewer& viewer) noexcept;
  void settle(Instant now, Stream& stream, Viewer& viewer) noexcept;
  static void close_run(Instant now, Viewer& viewer) noexcept;
  [[nodiscard]] bool start(Instant now, Stream& stream, Viewer& viewer) noexcept;
  [[nodiscard]] Visit serve_viewer(Instant now, Stream& stream, Viewer& viewer) noexcept;
  void skip_if_too_late(Instant now, Stream& stream, Viewer& viewer) noexcept;
  void serve_late(Stream& stream, ViewerList& viewers) noexcept;
  [[nodiscard]] bool has_room() const noexcept { return budget_ > 0 && dresser_.queue().bulk_room() > 0; }
  Dresser& dresser_;
  ViewerSlabs& slabs_;
  std::size_t budget_ = kCatchUpPerBreath;  // Packets left in this breath.
};

}  // namespace fanlight
