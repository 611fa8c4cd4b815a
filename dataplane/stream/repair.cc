#include "stream/repair.h"

#include <algorithm>

namespace fanlight {
namespace {

// libsrt's own bound for what a sender still repeats (srt-wire §3.3).
constexpr Micros kRepairAgeMin = millis(1000);
constexpr Micros kRepairAgeMargin = millis(20);
// A report may name a million positions: what a breath does not get to waits for the next.
constexpr std::uint32_t kPositionsPerBreath = 512;
// All viewers together, so that repairs never crowd out fresh packets.
constexpr std::uint32_t kRepairsPerBreath = 256;
// One viewer: half of what the stream sends, and a burst. Enough for 33 % loss; a flood of NAKs draws no more.
constexpr std::uint32_t kTokensMax = 512;
constexpr std::uint64_t kPacketsPerToken = 2;

}  // namespace

void Repair::serve(Instant now, Stream& stream, Viewer& viewer, PacketPos publisher_missing) noexcept {
  refill(stream, viewer);
  for (std::uint32_t i = 0; i < kPositionsPerBreath && can_send(); ++i) {
    if (viewer.repair_tokens == 0) return refuse(viewer);
    const std::optional<PacketPos> pos = viewer.sender.poll_repair();
    if (!pos) return;
    if (viewer.sender.covers(*pos)) serve_position(now, stream, viewer, *pos, publisher_missing);
  }
}

bool Repair::can_send() const noexcept { return sent_ < kRepairsPerBreath && dresser_.queue().bulk_room() > 0; }

void Repair::refill(const Stream& stream, Viewer& viewer) noexcept {
  const std::uint64_t tokens = (stream.packets() - viewer.repair_refill_at) / kPacketsPerToken;
  viewer.repair_refill_at += tokens * kPacketsPerToken;
  viewer.repair_tokens = static_cast<std::uint32_t>(std::min<std::uint64_t>(viewer.repair_tokens + tokens, kTokensMax));
}

// What it still misses stands in its next report.
void Repair::refuse(Viewer& viewer) noexcept {
  dresser_.counters().add(Counter::kRepairsLimited, static_cast<std::uint64_t>(viewer.sender.waiting_repairs()));
  viewer.sender.forget_repairs();
}

void Repair::serve_position(Instant now, Stream& stream, Viewer& viewer, PacketPos pos,
                            PacketPos publisher_missing) noexcept {
  const History::Slot* slot = stream.history().find(pos);
  if (slot == nullptr && pos >= publisher_missing) {
    dresser_.counters().add(Counter::kNakNotHeld);  // Still asked for upstream: its arrival serves everybody.
    return;
  }
  const Micros age_max = std::max(viewer.sender.latency(), kRepairAgeMin) + kRepairAgeMargin;
  const Instant sent = slot != nullptr ? viewer.due(pos, slot->first_sent) : now;
  if (slot == nullptr || now - sent > age_max) {
    dresser_.counters().add(Counter::kNakTooOld);
    viewer.sender.apply_too_old(pos);
    return;
  }
  const srt::Sender::Repair judgement = viewer.sender.judge_repair(now, pos, sent);
  if (judgement == srt::Sender::Repair::kSend) return send(now, viewer, *slot);
  viewer.sender.apply_not_sent(judgement);
  dresser_.counters().add(judgement == srt::Sender::Repair::kStale ? Counter::kNakStale : Counter::kNakRepeated);
}

void Repair::send(Instant now, Viewer& viewer, const History::Slot& slot) noexcept {
  if (!dresser_.send(viewer, slot, {.retransmitted = true})) return;
  ++sent_;
  --viewer.repair_tokens;
  viewer.sender.apply_repaired(now, slot.pos);
  viewer.bytes_repaired += slot.packet.bytes().size();
  dresser_.counters().add(Counter::kRepairsSent);
}

}  // namespace fanlight
