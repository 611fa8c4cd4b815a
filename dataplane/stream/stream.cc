#include "stream/stream.h"

#include <algorithm>

#include "base/check.h"
#include "stream/message_number.h"
#include "wire/srt_header.h"

namespace fanlight {

Stream::Stream(std::size_t slots, std::size_t viewers_max, const StreamOptions& options)
    : history_(slots),
      audience_room_(viewers_max),
      audiences_{Audience(audience_room_, RoomEnd::From::kFront), Audience(audience_room_, RoomEnd::From::kBack)},
      fec_out_(options.fec),
      window_min_{std::numeric_limits<std::int64_t>::max()},
      options_(options) {}

Verdict Stream::admit(Instant now, PacketPos pos, StreamTime time, PacketRef& packet, Instant arrived,
                      const RtpMarks& marks) noexcept {
  const ByteSpan payload = packet.bytes();
  const Instant retired_before = history_.last_retired();
  const bool had_waiting = passed() < history_.next();
  const PacketPos next_before = history_.next();
  const Verdict verdict = history_.admit(now, pos, time, packet, marks);
  if (verdict != Verdict::kAccepted && verdict != Verdict::kAcceptedLate) return verdict;
  ++packets_;
  bytes_ += payload.size();
  payload_bytes_max_ = std::max(payload_bytes_max_, payload.size());
  if (options_.payload.is_transport_stream) access_.note(pos, payload);
  rate_.note(now);
  // The ring is sized for the declared bitrate; a faster publisher shortens what repairs can reach.
  if (history_.last_retired() != retired_before && now - history_.last_retired() < options_.latency_max) ++overruns_;
  if (verdict == Verdict::kAccepted) {
    if (pos > next_before) release_.note_gap(now, next_before, pos);
    clock_.note(arrived, time);
    newest_time_ = time;
    newest_ticks_ = marks.ticks;
  } else if (pos < passed() && late_count_ < kFreshMax) {
    late_[late_count_++] = pos;  // A full list leaves it to the viewers' own reports.
  }
  schedule_pass(now, had_waiting);
  return verdict;
}

std::uint32_t Stream::ticks_at(StreamTime time) const noexcept {
  if (options_.payload.is_transport_stream) return RtpMarks::of(time).ticks;
  return newest_ticks_ + ticks_of(time - newest_time_, options_.payload.clock_rate);
}

// The first packet that waits decides. A full run does not wait, nor what filled a gap: somebody may miss it.
void Stream::schedule_pass(Instant now, bool had_waiting) noexcept {
  if (!had_waiting) pass_due_ = now + options_.coalesce;
  const bool is_full = history_.next() - passed() >= static_cast<std::int64_t>(kFreshMax);
  if (is_full || late_count_ > 0) pass_due_ = std::min(pass_due_, now);
}

void Stream::add_viewer(Viewer& viewer) noexcept {
  enter(joining_, viewer, Place::kJoining);
  catch_up_at_ = {};
}

void Stream::start_lagging(Viewer& viewer) noexcept {
  remove_viewer(viewer);
  enter(lagging_, viewer, Place::kLagging);
}

void Stream::park(Viewer& viewer) noexcept {
  remove_viewer(viewer);
  enter(parked_, viewer, Place::kParked);
}

void Stream::await_word(Viewer& viewer) noexcept {
  remove_viewer(viewer);
  enter(unheard_, viewer, Place::kUnheard);
}

// What it was not sent meanwhile comes at the pace of its run, not all at once.
void Stream::note_heard(Instant now, Viewer& viewer) noexcept {
  if (viewer.run != nullptr) viewer.run->resume(viewer.cursor, now);
  note_window(now, viewer);
  if (viewer.place != Place::kUnheard) return;
  start_lagging(viewer);
  catch_up_at_ = {};
}

// In the next round of those that lag.
void Stream::take_on_unheard() noexcept {
  while (Viewer* viewer = unheard_.front()) start_lagging(*viewer);
}

void Stream::enter(ViewerList& list, Viewer& viewer, Place place) noexcept {
  list.push_back(viewer);
  viewer.place = place;
}

void Stream::remove_viewer(Viewer& viewer) noexcept {
  if (viewer.place == Place::kLive) audience(viewer.cipher_class()).remove(viewer);
  if (viewer.place == Place::kJoining) joining_.remove(viewer);
  if (viewer.place == Place::kLagging) lagging_.remove(viewer);
  if (viewer.place == Place::kParked) parked_.remove(viewer);
  if (viewer.place == Place::kUnheard) unheard_.remove(viewer);
  viewer.place = Place::kNowhere;
}

void Stream::dismiss(Viewer& viewer) noexcept {
  viewer.cursor = next_for(viewer);
  leave_place(viewer);
}

// Its figures become its own: between, they stand in the stream's.
void Stream::leave_place(Viewer& viewer) noexcept {
  const std::uint64_t packets = packets_sent_to(viewer);
  const std::uint64_t bytes = bytes_sent_to(viewer);
  remove_viewer(viewer);
  viewer.packets_sent = packets;
  viewer.bytes_sent = bytes;
}

bool Stream::enter_live(Viewer& viewer) noexcept {
  DCHECK(!pass_.active && viewer.cursor == served_next_);
  remove_viewer(viewer);
  const bool has_key = viewer.ciphers == nullptr || viewer.ciphers->slot(viewer.ciphers->sending) != nullptr;
  if (!has_key || !audience(viewer.cipher_class()).add(viewer)) {
    enter(lagging_, viewer, Place::kLagging);
    return false;
  }
  viewer.place = Place::kLive;
  viewer.packets_sent -= live_packets_;
  viewer.bytes_sent -= live_bytes_;
  note_window_end(viewer.sender.window_end());
  payload_limit_ = std::min<std::size_t>(payload_limit_, viewer.payload_bytes_max);
  return true;
}

void Stream::leave_live(Viewer& viewer) noexcept {
  DCHECK(!pass_.active && viewer.place == Place::kLive);
  to_lagging(viewer);
}

void Stream::to_lagging(Viewer& viewer) noexcept {
  leave_place(viewer);
  viewer.cursor = served_next_;
  start_lagging(viewer);
  catch_up_at_ = {};
}

void Stream::note_window(Instant now, Viewer& viewer) noexcept {
  if (viewer.place == Place::kLive) note_window_end(viewer.sender.window_end());
  if (viewer.place != Place::kParked || viewer.is_outgrown || viewer.window_end(now) <= viewer.cursor) return;
  start_lagging(viewer);
  catch_up_at_ = {};
}

void Stream::begin_pass(Instant now) noexcept {
  DCHECK(!pass_.active);
  pass_.active = true;
  pass_.is_late_done = false;
  pass_.first = std::max(served_next_, history_.oldest());
  pass_.end = std::min(history_.next(), pass_.first + static_cast<std::int64_t>(kFreshMax));
  pass_.late_count = std::exchange(late_count_, 0);
  std::copy_n(late_.begin(), pass_.late_count, pass_.late.begin());
  hold_pass();
  if (pass_.packets + pass_.late_count > 0) last_fresh_ = now;
  for (Audience& audience : audiences_) audience.begin_pass();
}

// The pass has references of its own: the ring may turn while it goes round.
void Stream::hold_pass() noexcept {
  pass_.packets = 0;
  pass_.bytes = 0;
  pass_.payload_bytes_max = 0;
  for (PacketPos pos = pass_.first; pos < pass_.end; pos = pos + 1) {
    const History::Slot* slot = history_.find(pos);
    if (slot == nullptr) continue;
    const std::size_t bytes = slot->packet.bytes().size();
    pass_.held[pass_.packets++] = {.payload = slot->packet.share(),
                                   .pos = pos,
                                   .time = slot->time,
                                   .word = wire::message_word({.message = message_number_of(pos)})};
    pass_.bytes += bytes;
    pass_.payload_bytes_max = std::max(pass_.payload_bytes_max, bytes);
  }
}

void Stream::end_late() noexcept {
  pass_.is_late_done = true;
  for (Audience& audience : audiences_) audience.begin_pass();
}

void Stream::end_pass(Instant now) noexcept {
  DCHECK(pass_.active);
  pass_.active = false;
  served_next_ = pass_.end;
  live_packets_ += pass_.packets;
  live_bytes_ += pass_.bytes;
  if (pass_.packets + pass_.late_count > 0) last_fresh_ = now;
  for (FreshPacket& packet : pass_.fresh()) packet.payload.reset();
  take_on_unheard();
}

std::uint64_t Stream::part_with_outgrown() noexcept {
  std::uint64_t packets = 0;
  payload_limit_ = kPayloadBytesMax;
  for (Audience& audience : audiences_) {
    for (std::size_t i = 0; i < audience.size();) {
      Viewer& viewer = audience.at(i);
      const std::size_t limit = viewer.payload_bytes_max;
      if (limit >= pass_.payload_bytes_max) {
        payload_limit_ = std::min(payload_limit_, limit);
        ++i;
        continue;
      }
      packets += static_cast<std::uint64_t>(std::ranges::count_if(
          pass_.fresh(), [&](const FreshPacket& packet) { return packet.payload.bytes().size() > limit; }));
      viewer.is_outgrown = true;
      to_lagging(viewer);  // Another viewer takes its index.
    }
  }
  return packets;
}

PacketPos Stream::next_for(const Viewer& viewer) const noexcept {
  if (viewer.place != Place::kLive) return viewer.cursor;
  return had_this_pass(viewer) ? pass_.end : served_next_;
}

bool Stream::had_this_pass(const Viewer& viewer) const noexcept {
  return pass_.active && pass_.is_late_done &&
         audiences_[static_cast<std::size_t>(viewer.cipher_class())].is_served(viewer);
}

bool Stream::is_within_pass(const Viewer& viewer) const noexcept {
  if (viewer.place != Place::kLive || !pass_.active || !pass_.is_late_done) return false;
  const Audience& audience = audiences_[static_cast<std::size_t>(viewer.cipher_class())];
  return audience.packets_done() > 0 && viewer.place_index == audience.served();
}

StreamEdge Stream::edge_for(const Viewer& viewer) const noexcept {
  return {.next = next_for(viewer), .last_fresh = viewer.place == Place::kLive ? last_fresh_ : Instant{}};
}

std::uint64_t Stream::packets_sent_to(const Viewer& viewer) const noexcept {
  if (viewer.place != Place::kLive) return viewer.packets_sent;
  const std::uint64_t under_way = had_this_pass(viewer) ? pass_.packets : 0;
  return viewer.packets_sent + live_packets_ + under_way;
}

std::uint64_t Stream::bytes_sent_to(const Viewer& viewer) const noexcept {
  if (viewer.place != Place::kLive) return viewer.bytes_sent;
  const std::uint64_t under_way = had_this_pass(viewer) ? pass_.bytes : 0;
  return viewer.bytes_sent + live_bytes_ + under_way;
}

void Stream::close_windows(PacketPos pass_end) noexcept {
  if (pass_end <= window_min_) return;
  window_min_ = {std::numeric_limits<std::int64_t>::max()};
  for (Audience& audience : audiences_) {
    for (std::size_t i = 0; i < audience.size();) {
      Viewer& viewer = audience.at(i);
      if (viewer.sender.window_end() < pass_end) {
        leave_live(viewer);  // Another viewer takes its index.
        ++windows_closed_;
      } else {
        note_window_end(viewer.sender.window_end());
        ++i;
      }
    }
  }
}

}  // namespace fanlight
