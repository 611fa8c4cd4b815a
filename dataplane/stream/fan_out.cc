#include "stream/fan_out.h"

#include <algorithm>

namespace fanlight {

bool FanOut::serve(Instant now, Stream& stream) noexcept {
  if (!stream.pass().active) {
    serve_lagging(now, stream);
    if (!stream.has_fresh()) return true;
    stream.close_windows(
        std::min(stream.history().next(), stream.served_next() + static_cast<std::int64_t>(kFreshMax)));
    stream.begin_pass(now);
    // Late packets also go to those that lag, where they have passed the position already.
    for (Viewer* viewer : stream.lagging()) serve_late(stream, *viewer);
  }
  if (!run_pass(stream)) {
    dresser_.counters().add(Counter::kTransmitPaused);
    return false;
  }
  stream.end_pass(now);
  return !stream.has_fresh();
}

bool FanOut::run_pass(Stream& stream) noexcept {
  const std::size_t need = static_cast<std::size_t>(stream.pass().packets) + stream.pass().late_count;
  for (const CipherClass c : {CipherClass::kClear, CipherClass::kSealed}) {
    Audience& audience = stream.audience(c);
    while (dresser_.queue().bulk_room() >= need) {
      Viewer* viewer = audience.next();
      if (viewer == nullptr) break;
      serve_viewer(stream, *viewer);
    }
    if (!audience.is_pass_done()) return false;
  }
  return true;
}

void FanOut::serve_viewer(Stream& stream, Viewer& viewer) noexcept {
  const Stream::Pass& pass = stream.pass();
  serve_late(stream, viewer);
  std::uint64_t sent = 0;
  for (PacketPos pos = pass.first; pos < pass.end; pos = pos + 1) {
    const History::Slot* slot = stream.history().find(pos);
    if (slot == nullptr || slot->first_sent > pass.started) continue;
    if (dresser_.send(viewer, *slot, {})) {
      ++sent;
    } else {
      ++viewer.packets_missed;
      viewer.bytes_missed += slot->packet.bytes().size();
    }
  }
  dresser_.counters().add(Counter::kFreshSent, sent);
}

// A packet that filled a gap goes out once to everybody, marked as a retransmission: nobody takes it for reordering.
void FanOut::serve_late(Stream& stream, Viewer& viewer) noexcept {
  const Stream::Pass& pass = stream.pass();
  for (std::size_t i = 0; i < pass.late_count; ++i) {
    const PacketPos pos = pass.late[i];
    const bool is_due = viewer.sender.covers(pos) && (viewer.place == Place::kLive || pos < viewer.cursor);
    const History::Slot* slot = is_due ? stream.history().find(pos) : nullptr;
    if (slot == nullptr || dresser_.queue().room() == 0) continue;
    send_counted(viewer, *slot, {.retransmitted = true});
  }
}

void FanOut::serve_lagging(Instant now, Stream& stream) noexcept {
  std::vector<Viewer*>& lagging = stream.lagging();
  for (std::size_t i = 0; i < lagging.size();) {
    Viewer& viewer = *lagging[i];
    serve_lagging_viewer(now, stream, viewer);
    const bool caught_up = now >= viewer.start_at && viewer.cursor == stream.served_next();
    // Entering moves another viewer to index i.
    if (caught_up && viewer.sender.window_end() > viewer.cursor && stream.enter_live(viewer)) continue;
    ++i;
  }
}

void FanOut::serve_lagging_viewer(Instant now, Stream& stream, Viewer& viewer) noexcept {
  if (now < viewer.start_at || viewer.sender.window_end() <= viewer.cursor) return;
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

void FanOut::send_counted(Viewer& viewer, const History::Slot& slot, Dresser::How how) noexcept {
  if (!dresser_.send(viewer, slot, how)) return;
  ++viewer.packets_sent;
  viewer.bytes_sent += slot.packet.bytes().size();
  dresser_.counters().add(Counter::kFreshSent);
}

// What the viewer could no longer play is left out; its numbers stay dense (design D5, D12).
void FanOut::skip_if_too_late(Instant now, Stream& stream, Viewer& viewer) noexcept {
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

}  // namespace fanlight
