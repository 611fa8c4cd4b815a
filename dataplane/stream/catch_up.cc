#include "stream/catch_up.h"

#include <algorithm>

namespace fanlight {
namespace {

// A lagging viewer is looked after this often even when nothing arrives.
constexpr Micros kCatchUpInterval = millis(1);

}  // namespace

void CatchUp::serve(Instant now, Stream& stream) noexcept {
  std::vector<Viewer*>& lagging = stream.lagging();
  for (std::size_t i = 0; i < lagging.size();) {
    Viewer& viewer = *lagging[i];
    serve_viewer(now, stream, viewer);
    const bool caught_up = !viewer.is_outgrown && now >= viewer.start_at && viewer.cursor == stream.served_next();
    // Entering moves another viewer to index i.
    if (caught_up && viewer.sender.window_end() > viewer.cursor && stream.enter_live(viewer)) continue;
    ++i;
  }
}

void CatchUp::serve_viewer(Instant now, Stream& stream, Viewer& viewer) noexcept {
  if (viewer.is_outgrown || now < viewer.start_at || viewer.sender.window_end() <= viewer.cursor) return;
  skip_if_too_late(now, stream, viewer);
  const PacketPos end = std::min(stream.served_next(), viewer.sender.window_end());
  for (std::size_t sent = 0; viewer.cursor < end && sent < kCatchUpPerBreath; viewer.cursor = viewer.cursor + 1) {
    const History::Slot* slot = stream.history().find(viewer.cursor);
    if (slot == nullptr) continue;
    if (dresser_.queue().bulk_room() == 0) return;
    ++sent;
    send_counted(viewer, *slot, {});
  }
}

void CatchUp::send_counted(Viewer& viewer, const History::Slot& slot, Dresser::How how) noexcept {
  if (!dresser_.send(viewer, slot, how)) return;
  ++viewer.packets_sent;
  viewer.bytes_sent += slot.packet.bytes().size();
  dresser_.counters().add(Counter::kFreshSent);
}

// What the viewer could no longer play is left out; its numbers stay dense (design D5, D12).
void CatchUp::skip_if_too_late(Instant now, Stream& stream, Viewer& viewer) noexcept {
  const PacketPos live = stream.served_next();
  if (viewer.cursor >= live) return;
  PacketPos pos = std::max(viewer.cursor, stream.history().oldest());
  while (pos < live && stream.history().find(pos) == nullptr) pos = pos + 1;
  const History::Slot* slot = stream.history().find(pos);
  const bool in_time = slot != nullptr && now - slot->first_sent <= viewer.sender.latency();
  if (pos < live && in_time && viewer.cursor >= stream.history().oldest()) return;
  dresser_.counters().add(Counter::kViewerSkips);
  dresser_.counters().add(Counter::kPacketsSkipped, static_cast<std::uint64_t>(live - viewer.cursor));
  viewer.sender.apply_skip(viewer.cursor, live);
  viewer.envelope.offset = viewer.sender.offset();
  viewer.cursor = live;
}

// Where they have passed the position already; the others come to it.
void CatchUp::serve_late(Stream& stream) noexcept {
  const Stream::Pass& pass = stream.pass();
  if (pass.late_count == 0) return;
  for (Viewer* viewer : stream.lagging()) {
    for (const PacketPos pos : std::span(pass.late).first(pass.late_count)) {
      const bool is_due = viewer->sender.covers(pos) && pos < viewer->cursor;
      const History::Slot* slot = is_due ? stream.history().find(pos) : nullptr;
      if (slot != nullptr && dresser_.queue().room() > 0) send_counted(*viewer, *slot, {.retransmitted = true});
    }
  }
}

// One that waits for its window to open is woken by its own ACK.
Instant CatchUp::deadline(Instant now, Stream& stream) noexcept {
  Instant due = Instant::never();
  for (const Viewer* viewer : stream.lagging()) {
    const bool is_waiting = now < viewer->start_at;
    const bool can_go_on = viewer->cursor < stream.served_next() && viewer->sender.window_end() > viewer->cursor;
    if (is_waiting) due = std::min(due, viewer->start_at);
    if (!is_waiting && can_go_on) return now + kCatchUpInterval;
  }
  return due;
}

}  // namespace fanlight
