#include "stream/repair.h"

#include <algorithm>

namespace fanlight {
namespace {

// A report may name a million positions: what a breath does not get to waits for the next.
constexpr std::uint32_t kPositionsPerBreath = 512;
// All viewers together, so that repairs never crowd out fresh packets.
constexpr std::uint32_t kRepairsPerBreath = 256;
// And each of them, so that the others have their turn.
constexpr std::uint32_t kRepairsPerVisit = 64;
// A destination's round trip is known from its reports, if they say so. What is asked for again sooner than it takes
// was asked before its repair came, or by another receiver of the same group, which hears that repair as well.
constexpr Micros kIntervalMin = millis(5);
constexpr Micros kIntervalMax = millis(500);

Micros repair_interval(Micros rtt) { return std::clamp(3 * rtt / 4, kIntervalMin, kIntervalMax); }

}  // namespace

void Repair::serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept {
  if (!viewer.sender.has_repairs()) return;
  refill(now, stream, viewer);
  const std::uint32_t sent_before = sent_;
  for (std::uint32_t i = 0; i < kPositionsPerBreath && can_send() && sent_ - sent_before < kRepairsPerVisit; ++i) {
    if (!viewer.budget.may_repair() || !viewer.budget.try_look()) return refuse(now, viewer);
    const std::optional<PacketPos> pos = viewer.sender.poll_repair(slabs_.ranges);
    if (!pos) return;
    if (viewer.sender.covers(*pos)) serve_position(now, stream, viewer, *pos, publisher_missing);
  }
}

bool Repair::admit_report(Instant now, const Stream& stream, Viewer& viewer) noexcept {
  refill(now, stream, viewer);
  if (viewer.budget.try_look()) return true;
  viewer.excess.note(now);
  return false;
}

bool Repair::admit_report(Instant now, Destination& destination) noexcept {
  refill(now, destination);
  if (destination.repairs.budget.try_look()) return true;
  dresser_.counters().add(Counter::kRepairsLimited, destination.sender.forget_repairs());
  return false;
}

void Repair::serve(Instant now, Destination& destination, PacketPos publisher_missing) noexcept {
  if (!destination.sender.has_repairs()) return;
  refill(now, destination);
  const std::uint32_t sent_before = sent_;
  for (std::uint32_t i = 0; i < kPositionsPerBreath && can_send() && sent_ - sent_before < kRepairsPerVisit; ++i) {
    if (!destination.repairs.budget.may_repair() || !destination.repairs.budget.try_look()) {
      dresser_.counters().add(Counter::kRepairsLimited, destination.sender.forget_repairs());
      return;
    }
    const std::optional<std::uint16_t> number = destination.sender.poll_repair();
    if (!number) return;
    serve_number(now, destination, *number, publisher_missing);
  }
}

void Repair::serve_number(Instant now, Destination& destination, std::uint16_t number,
                          PacketPos publisher_missing) noexcept {
  const Stream& stream = *destination.stream;
  const PacketPos next = stream.release().cursor();
  const PacketPos pos = destination.pos_of(number, next);
  if (pos >= next) return dresser_.counters().add(Counter::kNakStale);
  const History::Slot* slot = stream.history().find(pos);
  if (slot == nullptr && pos >= publisher_missing) return dresser_.counters().add(Counter::kNakNotHeld);
  const bool is_fit = slot != nullptr && stream.may_release(*slot);
  if (!is_fit || now - slot->first_sent > repair_age_max(stream.options().latency_max))
    return dresser_.counters().add(Counter::kNakTooOld);
  const std::optional<Micros> ago = slabs_.recent.ago(destination, pos, now);
  if (ago && *ago < repair_interval(destination.sender.stats().rtt))
    return dresser_.counters().add(Counter::kNakRepeated);
  if (!dresser_.send_again(destination, *slot)) return;
  ++sent_;
  destination.repairs.budget.note_repair();
  destination.sender.apply_repaired();
  slabs_.recent.note(destination, pos, now);
  destination.repairs.bytes += slot->packet.bytes().size();
  dresser_.counters().add(Counter::kRepairsSent);
}

bool Repair::can_send() const noexcept { return sent_ < kRepairsPerBreath && dresser_.queue().bulk_room() > 0; }

void Repair::refill(Instant now, const Stream& stream, Viewer& viewer) noexcept {
  viewer.budget.refill(stream.packets(), stream.rate().per_second(now), stream.options().bounds.repair_percent);
}

void Repair::refill(Instant now, Destination& destination) noexcept {
  const Stream& stream = *destination.stream;
  destination.repairs.budget.refill(stream.packets(), stream.rate().per_second(now),
                                    stream.options().bounds.repair_percent);
}

// What it still misses stands in its next report.
void Repair::refuse(Instant now, Viewer& viewer) noexcept {
  const std::int64_t waiting = viewer.sender.waiting_repairs(slabs_.ranges);
  if (waiting == 0) return;
  dresser_.counters().add(Counter::kRepairsLimited, static_cast<std::uint64_t>(waiting));
  viewer.sender.forget_repairs(slabs_.ranges);
  viewer.excess.note(now);
}

// Still asked for upstream: its arrival serves everybody, and that of what is missing behind it.
void Repair::leave_to_arrival(const Stream& stream, Viewer& viewer, PacketPos pos) noexcept {
  const std::int64_t more = viewer.sender.take_repairs_until(pos, end_of_hole(stream, pos), slabs_.ranges);
  dresser_.counters().add(Counter::kNakNotHeld, static_cast<std::uint64_t>(1 + more));
}

PacketPos Repair::end_of_hole(const Stream& stream, PacketPos pos) noexcept {
  if (hole_.stream == &stream && hole_.first <= pos && pos < hole_.end) return hole_.end;
  PacketPos end = pos;
  while (end < stream.history().next() && stream.history().find(end) == nullptr) end = end + 1;
  hole_ = {&stream, pos, end};
  return end;
}

void Repair::serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos,
                            PacketPos publisher_missing) noexcept {
  const History::Slot* slot = stream.history().find(pos);
  if (slot == nullptr && pos >= publisher_missing) return leave_to_arrival(stream, viewer, pos);
  const Instant sent = slot != nullptr ? viewer.due(pos, slot->first_sent) : now;
  if (slot == nullptr || now - sent > repair_age_max(viewer.sender.latency())) {
    dresser_.counters().add(Counter::kNakTooOld);
    viewer.sender.apply_too_old(pos);
    return;
  }
  const srt::Sender::Repair judgement = viewer.sender.judge_repair(now, sent, slabs_.recent.ago(viewer, pos, now));
  if (judgement == srt::Sender::Repair::kSend) return send(now, viewer, *slot);
  dresser_.counters().add(judgement == srt::Sender::Repair::kStale ? Counter::kNakStale : Counter::kNakRepeated);
}

void Repair::send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept {
  if (!dresser_.send(viewer, slot, {.retransmitted = true})) return;
  ++sent_;
  viewer.budget.note_repair();
  viewer.sender.apply_repaired();
  slabs_.recent.note(viewer, slot.pos, now);
  viewer.bytes_repaired += slot.packet.bytes().size();
  dresser_.counters().add(Counter::kRepairsSent);
}

}  // namespace fanlight
