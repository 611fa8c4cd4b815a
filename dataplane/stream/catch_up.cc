#include "stream/catch_up.h"

#include <algorithm>

#include "base/check.h"
#include "stream/join_plan.h"
#include "stream/repair.h"

namespace fanlight {
namespace {

// Those that lag are looked through this often: a few packets of each lie side by side, and timers stay cheap.
constexpr Micros kCatchUpInterval = millis(1);
// So few start at a time that what they are due shows before the next ones do.
constexpr int kStartsPerRound = 16;

}  // namespace

void CatchUp::serve(Instant now, Stream& stream) noexcept {
  if (now < stream.catch_up_at() || !serve_lagging(now, stream)) return;
  int starts_left = kStartsPerRound;
  while (Viewer* viewer = stream.joining().front()) {
    if (now < viewer->start_at(now) || !has_room() || starts_left == 0) break;
    if (start(now, stream, *viewer)) --starts_left;
    (void)visit(now, stream, *viewer);
  }
  stream.catch_up_again(now + kCatchUpInterval);
}

// True when everybody has what is due to them.
bool CatchUp::serve_lagging(Instant now, Stream& stream) noexcept {
  bool is_done = true;
  for (std::size_t left = stream.lagging().size(); left > 0; --left) {
    if (!has_room()) return false;  // The next one is first in the next breath.
    Viewer& viewer = *stream.lagging().front();
    stream.start_lagging(viewer);  // Behind the others.
    if (visit(now, stream, viewer) == Visit::kMoreDue) is_done = false;
  }
  return is_done;
}

CatchUp::Visit CatchUp::visit(Instant now, Stream& stream, Viewer& viewer) noexcept {
  const Visit visit = serve_viewer(now, stream, viewer);
  settle(now, stream, viewer);
  return visit;
}

// To where it belongs now.
void CatchUp::settle(Instant now, Stream& stream, Viewer& viewer) noexcept {
  if (viewer.is_outgrown || viewer.window_end(now) <= viewer.cursor) return stream.park(viewer);
  const bool has_caught_up = viewer.cursor == stream.served_next() && !stream.pass().active;
  // In the live set it would have to be found when it has had its few packets, among all the others.
  if (has_caught_up && !viewer.sender.is_up()) return stream.await_word(viewer);
  // Refused only by a full audience, which has room for every session: it would try again.
  if (has_caught_up && stream.enter_live(viewer)) close_run(now, viewer);
}

// What it was sent may be repaired for a while.
void CatchUp::close_run(Instant now, Viewer& viewer) noexcept {
  if (viewer.run != nullptr) viewer.run->close(viewer.cursor, now + repair_age_max(viewer.sender.latency()));
}

// True when it is to catch up, false when it starts at live.
bool CatchUp::start(Instant now, Stream& stream, Viewer& viewer) noexcept {
  const std::optional<JoinRun> plan = plan_join(now, stream, viewer);
  DCHECK(viewer.run == nullptr);
  viewer.run = plan ? slabs_.runs.take(*plan) : nullptr;
  const bool is_run = viewer.run != nullptr;
  dresser_.counters().add(is_run ? Counter::kJoinsAtPicture : Counter::kJoinsLive);
  // Without a run it begins where the stream was when it came, if that can still be played.
  const bool in_time = now - viewer.start_at(now) <= viewer.sender.latency();
  viewer.cursor = is_run ? viewer.run->first() : in_time ? viewer.cursor : stream.served_next();
  viewer.sender.apply_start(viewer.cursor, slabs_.ranges);
  viewer.budget.begin_at(stream.packets());
  viewer.envelope.offset = viewer.sender.offset();
  stream.start_lagging(viewer);
  return is_run;
}

CatchUp::Visit CatchUp::serve_viewer(Instant now, Stream& stream, Viewer& viewer) noexcept {
  if (viewer.is_outgrown || viewer.window_end(now) <= viewer.cursor) return Visit::kDone;
  skip_if_too_late(now, stream, viewer);
  const PacketPos end = std::min(stream.served_next(), viewer.window_end(now));
  for (std::size_t sent = 0; viewer.cursor < end; viewer.cursor = viewer.cursor + 1) {
    const History::Slot* slot = stream.history().find(viewer.cursor);
    if (slot == nullptr) continue;
    if (viewer.due(viewer.cursor, slot->first_sent) > now) return Visit::kDone;
    if (!has_room()) return Visit::kNoRoom;
    if (sent == kCatchUpPerVisit) return Visit::kMoreDue;
    ++sent;
    --budget_;
    send_counted(viewer, *slot, {});
  }
  return Visit::kDone;
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
  // Who was not heard yet has the time until it is: what it is sent then is as late as that.
  const bool is_waiting = !viewer.sender.is_up();
  const bool in_time =
      slot != nullptr && (is_waiting || now - viewer.due(pos, slot->first_sent) <= viewer.sender.latency());
  const bool has_time = is_waiting || viewer.run == nullptr || viewer.run->has_time(now);
  if (pos < live && in_time && has_time && viewer.cursor >= stream.history().oldest()) return;
  viewer.skips.note(now);
  dresser_.counters().add(Counter::kViewerSkips);
  dresser_.counters().add(Counter::kPacketsSkipped, static_cast<std::uint64_t>(live - viewer.cursor));
  close_run(now, viewer);
  viewer.sender.apply_skip(viewer.cursor, live, slabs_.ranges);
  viewer.envelope.offset = viewer.sender.offset();
  viewer.cursor = live;
}

// Where they have passed the position already; the others come to it.
void CatchUp::serve_late(Stream& stream) noexcept {
  if (stream.pass().late_count == 0) return;
  serve_late(stream, stream.lagging());
  serve_late(stream, stream.parked());
  serve_late(stream, stream.unheard());
}

void CatchUp::serve_late(Stream& stream, ViewerList& viewers) noexcept {
  const Stream::Pass& pass = stream.pass();
  for (Viewer* viewer = viewers.front(); viewer != nullptr; viewer = ViewerList::behind(*viewer)) {
    for (const PacketPos pos : std::span(pass.late).first(pass.late_count)) {
      const bool is_due = viewer->sender.covers(pos) && pos < viewer->cursor;
      const History::Slot* slot = is_due ? stream.history().find(pos) : nullptr;
      if (slot != nullptr && dresser_.queue().bulk_room() > 0) send_counted(*viewer, *slot, {.retransmitted = true});
    }
  }
}

// Those that are parked are woken by their own ACK.
Instant CatchUp::deadline(Instant now, Stream& stream) noexcept {
  const Instant round = std::max(now, stream.catch_up_at());
  if (!stream.lagging().is_empty()) return round;
  const Viewer* next = stream.joining().front();
  return next != nullptr ? std::max(round, next->start_at(now)) : Instant::never();
}

}  // namespace fanlight
