#include "stream/repair.h"

#include <algorithm>

namespace fanlight {
namespace {

// libsrt's own bound for what a sender still repeats (srt-wire §3.3).
constexpr Micros kRepairAgeMin = millis(1000);
constexpr Micros kRepairAgeMargin = millis(20);
// A report may name a million positions; what a breath does not get to waits for the viewer's next packet.
constexpr int kPositionsPerBreath = 512;

}  // namespace

void Repair::serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept {
  for (int i = 0; i < kPositionsPerBreath && dresser_.queue().room() > 0; ++i) {
    const std::optional<PacketPos> pos = viewer.sender.poll_repair();
    if (!pos) return;
    if (viewer.sender.covers(*pos)) serve_position(now, stream, viewer, *pos, publisher_missing);
  }
}

void Repair::serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos,
                            PacketPos publisher_missing) noexcept {
  const History::Slot* slot = stream.history().find(pos);
  if (slot == nullptr && pos >= publisher_missing) {
    dresser_.counters().add(Counter::kNakNotHeld);  // Still asked for upstream: its arrival serves everybody.
    return;
  }
  const Micros age_max = std::max(viewer.sender.latency(), kRepairAgeMin) + kRepairAgeMargin;
  if (slot == nullptr || now - slot->first_sent > age_max) {
    dresser_.counters().add(Counter::kNakTooOld);
    viewer.sender.apply_too_old(pos);
    return;
  }
  const srt::Sender::Repair judgement = viewer.sender.judge_repair(now, pos, slot->first_sent);
  if (judgement == srt::Sender::Repair::kSend) return send(now, viewer, *slot);
  viewer.sender.apply_not_sent(judgement);
  dresser_.counters().add(judgement == srt::Sender::Repair::kStale ? Counter::kNakStale : Counter::kNakRepeated);
}

void Repair::send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept {
  if (!dresser_.send(viewer, slot, {.retransmitted = true})) return;
  viewer.sender.apply_repaired(now, slot.pos);
  viewer.bytes_repaired += slot.packet.bytes().size();
  dresser_.counters().add(Counter::kRepairsSent);
}

}  // namespace fanlight
