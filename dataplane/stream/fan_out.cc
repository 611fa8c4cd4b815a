#include "stream/fan_out.h"

#include <algorithm>

namespace fanlight {

FanOut::Outcome FanOut::serve(Instant now, Stream& stream) noexcept {
  catch_up_.serve(now, stream);
  if (!stream.pass().active) {
    if (now < stream.pass_due()) return Outcome::kDone;
    begin_pass(now, stream);
  }
  const Outcome outcome = run_pass(stream);
  if (outcome == Outcome::kBlocked) dresser_.counters().add(Counter::kTransmitPaused);
  if (outcome != Outcome::kDone) return outcome;
  stream.end_pass(now);
  return now < stream.pass_due() ? Outcome::kDone : Outcome::kMore;
}

void FanOut::begin_pass(Instant now, Stream& stream) noexcept {
  stream.close_windows(std::min(stream.history().next(), stream.served_next() + static_cast<std::int64_t>(kFreshMax)));
  stream.begin_pass(now);
  if (stream.pass().payload_bytes_max > stream.payload_limit())
    dresser_.counters().add(Counter::kPayloadTooLarge, stream.part_with_outgrown());
  catch_up_.serve_late(stream);
}

FanOut::Outcome FanOut::run_pass(Stream& stream) noexcept {
  Outcome outcome = send_late(stream);
  if (outcome == Outcome::kDone) outcome = stamp_clear(stream);
  return outcome == Outcome::kDone ? seal(stream) : outcome;
}

FanOut::Outcome FanOut::send_late(Stream& stream) noexcept {
  Stream::Pass& pass = stream.pass();
  if (pass.is_late_done) return Outcome::kDone;
  for (const CipherClass c : {CipherClass::kClear, CipherClass::kSealed}) {
    Audience& audience = stream.audience(c);
    while (pass.late_count > 0 && !audience.is_pass_done()) {
      if (dresser_.queue().bulk_room() < pass.late_count) return Outcome::kMore;
      serve_late(stream, *audience.next());
    }
  }
  stream.end_late();
  return Outcome::kDone;
}

// What waits in the queue goes first: a viewer that has just caught up may have packets in it.
FanOut::Outcome FanOut::stamp_clear(Stream& stream) noexcept {
  Audience& audience = stream.audience(CipherClass::kClear);
  const std::span<FreshPacket> packets = stream.pass().fresh();
  if (packets.empty() || audience.is_pass_done()) return Outcome::kDone;
  while (dresser_.queue().flush(port_)) has_sent_ = true;
  if (!dresser_.queue().is_empty()) return Outcome::kBlocked;
  if (slice_left_ == 0) return Outcome::kMore;
  const std::span<const Envelope* const> waiting = audience.waiting();
  const std::size_t viewers = std::min(waiting.size(), (slice_left_ + packets.size() - 1) / packets.size());
  const FreshRun run{packets, waiting.first(viewers), audience.packets_done()};
  const std::size_t left = port_.transmit_fresh(run);
  has_sent_ = has_sent_ || left > 0;
  audience.note_served(left, packets.size());
  slice_left_ -= std::min(slice_left_, left);
  dresser_.counters().add(Counter::kFreshSent, left);
  if (left < run.departures()) return Outcome::kBlocked;
  return audience.is_pass_done() ? Outcome::kDone : Outcome::kMore;
}

FanOut::Outcome FanOut::seal(Stream& stream) noexcept {
  Audience& audience = stream.audience(CipherClass::kSealed);
  const std::span<const FreshPacket> packets = stream.pass().fresh();
  if (packets.empty()) return Outcome::kDone;
  // Batch by batch to the port, while what the cipher wrote is near.
  while (!audience.is_pass_done() && slice_left_ > 0 &&
         dresser_.queue().bulk_room() >= packets.size() + sealer_.waiting()) {
    sealer_.add(*audience.next(), packets);
    slice_left_ -= std::min(slice_left_, packets.size());
    if (sealer_.waiting() + packets.size() <= crypto::CipherBatch::kMax) continue;
    sealer_.flush();
    has_sent_ = dresser_.queue().flush(port_) || has_sent_;
  }
  sealer_.flush();
  return audience.is_pass_done() ? Outcome::kDone : Outcome::kMore;
}

// A packet that filled a gap goes out once to everybody, marked as a retransmission: nobody takes it for reordering.
void FanOut::serve_late(Stream& stream, Viewer& viewer) noexcept {
  const Stream::Pass& pass = stream.pass();
  for (std::size_t i = 0; i < pass.late_count; ++i) {
    const History::Slot* slot = viewer.sender.covers(pass.late[i]) ? stream.history().find(pass.late[i]) : nullptr;
    if (slot == nullptr || dresser_.queue().room() == 0) continue;
    catch_up_.send_counted(viewer, *slot, {.retransmitted = true});
  }
}

}  // namespace fanlight
