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
  if (outcome == Outcome::kDone) outcome = stamp(stream, CipherClass::kClear);
  return outcome == Outcome::kDone ? stamp(stream, CipherClass::kSealed) : outcome;
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

// A viewer that has just caught up may have packets in the queue.
FanOut::Outcome FanOut::clear_the_way() noexcept {
  while (dresser_.queue().flush(port_)) has_sent_ = true;
  if (!dresser_.queue().is_empty()) return Outcome::kBlocked;
  return slice_left_ == 0 ? Outcome::kMore : Outcome::kDone;
}

std::size_t FanOut::hand_over(const FreshRun& run) noexcept {
  const std::size_t left = port_.transmit_fresh(run);
  has_sent_ = has_sent_ || left > 0;
  slice_left_ -= std::min(slice_left_, left);
  dresser_.counters().add(Counter::kFreshSent, left);
  return left;
}

FanOut::Outcome FanOut::stamp(Stream& stream, CipherClass c) noexcept {
  Audience& audience = stream.audience(c);
  const std::span<FreshPacket> packets = stream.pass().fresh();
  if (packets.empty() || audience.is_pass_done()) return Outcome::kDone;
  if (const Outcome outcome = clear_the_way(); outcome != Outcome::kDone) return outcome;
  const FreshRun run = run_for(audience, c, packets, (slice_left_ + packets.size() - 1) / packets.size());
  const std::size_t left = hand_over(run);
  audience.note_served(left, packets.size());
  if (left < run.departures()) return Outcome::kBlocked;
  return audience.is_pass_done() ? Outcome::kDone : Outcome::kMore;
}

FanOut::Outcome FanOut::release(Instant now, Stream& stream, PacketPos missing) noexcept {
  Release& release = stream.release();
  if (!release.pass().active && !begin_release(now, stream, missing)) return Outcome::kDone;
  const Outcome outcome = stamp_released(stream);
  if (outcome == Outcome::kBlocked) dresser_.counters().add(Counter::kTransmitPaused);
  if (outcome != Outcome::kDone) return outcome;
  const bool was_full = release.pass().packets == kFreshMax;
  release.end_pass();
  stream.fec_out().end_pass();
  return was_full ? Outcome::kMore : Outcome::kDone;
}

bool FanOut::begin_release(Instant now, Stream& stream, PacketPos missing) noexcept {
  const StreamOptions& options = stream.options();
  Release& release = stream.release();
  if (!release.begin_pass(now, stream.history(),
                          {.missing = missing,
                           .wait = options.order_wait,
                           .coalesce = options.coalesce,
                           .is_transport_stream = options.payload.is_transport_stream}))
    return false;
  FecOut& fec = stream.fec_out();
  fec.begin_pass(release.pass().fresh(), release.cursor(), dresser_.copies());
  dresser_.counters().add(Counter::kFecMade, fec.encoder().take_made());
  dresser_.counters().add(Counter::kFecSkipped, fec.encoder().take_skipped());
  return true;
}

// The packets, then what was made of them.
FanOut::Outcome FanOut::stamp_released(Stream& stream) noexcept {
  for (const Dress dress : Release::kDresses) {
    const Outcome outcome = stamp_released(stream.release().destinations(dress), stream.release().pass().fresh());
    if (outcome != Outcome::kDone) return outcome;
  }
  if (const Outcome outcome = stamp_protected(stream.release()); outcome != Outcome::kDone) return outcome;
  for (const FecEncoder::Kind kind : FecOut::kKinds) {
    const Outcome outcome = stamp_released(stream.fec_out().destinations(kind), stream.fec_out().packets(kind));
    if (outcome != Outcome::kDone) return outcome;
  }
  return Outcome::kDone;
}

// Whole datagrams, the same for all of a group.
FanOut::Outcome FanOut::stamp_protected(Release& release) noexcept {
  SrtpOut* const srtp = release.srtp();
  while (SrtpGroup* group = srtp != nullptr ? srtp->turn() : nullptr) {
    const std::span<FreshPacket> packets = srtp->make(release.pass().fresh(), dresser_.copies());
    const SrtpOut::Figures figures = srtp->take_figures();
    dresser_.counters().add(Counter::kSrtpMade, figures.made);
    dresser_.counters().add(Counter::kPayloadTooLarge, figures.too_large);
    dresser_.counters().add(Counter::kCopyPoolDry, figures.without_buffer);
    dresser_.counters().add(Counter::kCipherFailed, figures.failed);
    const Outcome outcome = stamp_released(group->destinations(), packets);
    if (outcome != Outcome::kDone) return outcome;
    srtp->end_turn();
  }
  return Outcome::kDone;
}

FanOut::Outcome FanOut::stamp_released(Release::Destinations& destinations, std::span<FreshPacket> packets) noexcept {
  while (!packets.empty() && !destinations.is_pass_done()) {
    if (const Outcome outcome = clear_the_way(); outcome != Outcome::kDone) return outcome;
    const std::span<const Envelope* const> waiting = destinations.waiting();
    const std::size_t most = (slice_left_ + packets.size() - 1) / packets.size();
    const FreshRun run{packets, waiting.first(std::min(waiting.size(), most)), destinations.packets_done()};
    const std::size_t left = hand_over(run);
    destinations.note_served(left, packets.size());
    if (left < run.departures()) return Outcome::kBlocked;
  }
  return Outcome::kDone;
}

// Clear viewers' envelopes stand in a row. For sealed ones the row is made here, with their keys: what leads to these
// is out of the near caches, so one look after the other goes over all of them.
FreshRun FanOut::run_for(Audience& audience, CipherClass c, std::span<FreshPacket> packets,
                         std::size_t viewers_max) noexcept {
  if (c == CipherClass::kClear) {
    const std::span<const Envelope* const> waiting = audience.waiting();
    return {packets, waiting.first(std::min(waiting.size(), viewers_max)), audience.packets_done()};
  }
  const std::size_t first = audience.served();
  const std::size_t viewers = std::min(audience.size() - first, viewers_max);
  for (std::size_t i = 0; i < viewers; ++i) __builtin_prefetch(&audience.at(first + i).ciphers);
  for (std::size_t i = 0; i < viewers; ++i) __builtin_prefetch(audience.at(first + i).ciphers.get());
  for (std::size_t i = 0; i < viewers; ++i) {
    Viewer& viewer = audience.at(first + i);
    const wire::KeyFlag flag = viewer.ciphers->sending;
    sealed_[i] = &viewer.envelope;
    seals_[i] = {&viewer.ciphers->slot(flag)->schedule(), static_cast<std::uint32_t>(flag) << wire::kKeyShift};
  }
  return {packets, std::span(sealed_).first(viewers), audience.packets_done(), std::span(seals_).first(viewers)};
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
