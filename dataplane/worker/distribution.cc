#include "worker/distribution.h"

#include <algorithm>

namespace fanlight {

Distribution::Distribution(Exchange& exchange, WorkerCounters& counters)
    : exchange_(exchange),
      counters_(counters),
      readers_(exchange.workers() > 1 ? kStreamsMax * exchange.workers() : 0) {}

void Distribution::begin(StreamIndex index, const Stream& stream) noexcept {
  const PacketPos first = stream.history().next();
  for_others([&](std::size_t worker) {
    reader(index, worker) = {.is_active = true,
                             .next = first,
                             .told_position = first,
                             .told_missing = first,
                             .told_clock = stream.report_clock().changes()};
  });
}

void Distribution::end(StreamIndex index) noexcept {
  for_others([&](std::size_t worker) { reader(index, worker).is_ending = true; });
}

bool Distribution::is_over(StreamIndex index) const noexcept {
  bool is_over = true;
  for_others([&](std::size_t worker) {
    const Reader& its = reader(index, worker);
    is_over = is_over && !its.is_active && exchange_.is_taken_to(worker, its.end);
  });
  return is_over;
}

void Distribution::give(StreamIndex index, const Stream& stream, PacketPos missing) noexcept {
  for_others([&](std::size_t worker) {
    if (!serve(index, stream, missing, worker)) is_held_up_ = true;
  });
}

bool Distribution::serve(StreamIndex index, const Stream& stream, PacketPos missing, std::size_t to) noexcept {
  Reader& its = reader(index, to);
  if (!its.is_active) return true;
  if (!its.has_begun) its.has_begun = say(Handover::Kind::kPublisherBegan, index, its.next, its.next, to);
  if (!its.has_begun) return false;
  if (!say_clock(index, stream.report_clock(), to)) return false;
  if (!give_packets(index, stream, missing, to)) return false;
  const PacketPos next = stream.history().next();
  if (its.told_position != next || its.told_missing != missing) {
    if (!say(Handover::Kind::kPosition, index, next, missing, to)) return false;
    its.told_position = next;
    its.told_missing = missing;
  }
  if (!its.is_ending) return true;
  if (!say(Handover::Kind::kPublisherEnded, index, next, next, to)) return false;
  its.is_active = false;
  its.end = exchange_.place(to);
  return true;
}

bool Distribution::give_packets(StreamIndex index, const Stream& stream, PacketPos missing, std::size_t to) noexcept {
  Reader& its = reader(index, to);
  const History& history = stream.history();
  if (its.next < history.oldest()) {
    counters_.add(Counter::kHandoversLost, static_cast<std::uint64_t>(history.oldest() - its.next));
    its.next = history.oldest();
  }
  for (; its.next < history.next(); its.next = its.next + 1) {
    const History::Slot* slot = history.find(its.next);
    if (slot == nullptr) continue;
    if (!give_packet(index, *slot, missing, to)) return false;
    its.told_position = its.next + 1;
    its.told_missing = missing;
  }
  return true;
}

bool Distribution::give_packet(StreamIndex index, const History::Slot& slot, PacketPos missing,
                               std::size_t to) noexcept {
  Handover handover{.kind = Handover::Kind::kPacket,
                    .stream = index,
                    .packet = slot.packet.share(),
                    .pos = slot.pos,
                    .missing = missing,
                    .time = slot.time,
                    .arrived = slot.first_sent,
                    .path = {},
                    .marks = slot.marks};
  if (!exchange_.give(to, std::move(handover))) return false;
  counters_.add(Counter::kHandoversGiven);
  return true;
}

bool Distribution::say(Handover::Kind kind, StreamIndex index, PacketPos pos, PacketPos missing,
                       std::size_t to) noexcept {
  return exchange_.give(to, {.kind = kind,
                             .stream = index,
                             .packet = {},
                             .pos = pos,
                             .missing = missing,
                             .time = {},
                             .arrived = {},
                             .path = {},
                             .marks = {}});
}

// As it is now: what it said in between is nobody's concern any more.
bool Distribution::say_clock(StreamIndex index, const ReportClock& clock, std::size_t to) noexcept {
  Reader& its = reader(index, to);
  if (its.told_clock == clock.changes()) return true;
  Handover handover{.kind = Handover::Kind::kSourceClock, .stream = index, .source = clock.source()};
  if (!exchange_.give(to, std::move(handover))) return false;
  its.told_clock = clock.changes();
  return true;
}

// One whose ring is full has no room for the run either: its own viewers ask for the gap, and get it from nobody.
void Distribution::give_late(StreamIndex index, const Stream& stream, PacketPos pos, PacketPos missing) noexcept {
  const History::Slot* slot = stream.history().find(pos);
  if (slot == nullptr) return;
  for_others([&](std::size_t worker) {
    const Reader& its = reader(index, worker);
    if (!its.is_active || pos >= its.next) return;  // It comes with the run.
    if (!give_packet(index, *slot, missing, worker)) counters_.add(Counter::kHandoversLost);
  });
}

}  // namespace fanlight
