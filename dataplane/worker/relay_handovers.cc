// What workers give each other: strays for their owner, publishers' packets for every worker's stream.
#include "stream/stream.h"
#include "worker/relay.h"

namespace fanlight {
namespace {

// From one worker in one breath: as many as a few full bursts.
constexpr std::size_t kHandoversPerBreath = 4 * kReceiveBurst;

}  // namespace

bool Relay::take_handovers(Instant now) noexcept {
  if (exchange_.workers() == 1) return false;
  bool had_any = false;
  Handover handover;
  for (std::size_t from = 0; from < exchange_.workers(); ++from) {
    if (from == exchange_.self()) continue;
    for (std::size_t i = 0; i < kHandoversPerBreath; ++i) {
      const Handover* next = exchange_.peek(from);
      if (next == nullptr || awaits_its_stream(*next) || !exchange_.try_take(from, handover)) break;
      apply(now, handover);
      had_any = true;
    }
  }
  return had_any;
}

// Control tells all workers of a stream before it lets one of them have the publisher. So what comes for a stream that
// is not here came after our command for it, which was pushed after this breath had taken its commands, or is behind
// more than a breath takes: all of this ring waits for it, as strays and streams keep their order. With no command
// waiting, the stream has gone.
bool Relay::awaits_its_stream(const Handover& next) noexcept {
  return !next.is_datagram() && streams_[next.stream.raw()].stream == nullptr && !mailbox_.commands.is_empty() &&
         mailbox_.events.has_room(1);
}

void Relay::apply(Instant now, Handover& handover) noexcept {
  if (!handover.is_datagram()) return apply_stream(now, handover);
  counters().add(Counter::kStraysTaken);
  io::Arrival arrival{std::move(handover.packet), handover.path, handover.undelivered};
  counters().count(handover.kind == Handover::Kind::kNameless ? admit_nameless(now, arrival) : admit_one(now, arrival));
}

// Told by its address alone.
Verdict Relay::admit_nameless(Instant now, io::Arrival& arrival) noexcept {
  return arrival.undelivered == io::Undelivered::kNo ? admit_report(now, arrival, /*is_passed_on=*/true)
                                                     : admit_undelivered(now, arrival, /*is_passed_on=*/true);
}

void Relay::apply_stream(Instant now, Handover& handover) noexcept {
  StreamEntry& entry = streams_[handover.stream.raw()];
  const bool is_packet = handover.kind == Handover::Kind::kPacket;
  counters().add(Counter::kHandoversTaken, is_packet ? 1 : 0);
  if (entry.stream == nullptr) {
    counters().add(Counter::kHandoversUnplaced, is_packet ? 1 : 0);
    handover.packet.reset();
    return;
  }
  if (handover.kind == Handover::Kind::kSourceClock) return entry.stream->report_clock().note(handover.source);
  if (handover.kind == Handover::Kind::kPublisherBegan) entry.stream->begin_publisher();
  if (is_packet) {
    hold_abroad(now, entry, handover);
  } else {
    entry.stream->advance_to(handover.pos);
  }
  entry.has_publisher_abroad = handover.kind != Handover::Kind::kPublisherEnded;
  entry.missing_abroad = handover.missing;
}

// One that finds no buffer is a hole here: this worker's viewers are told that it will not come.
void Relay::hold_abroad(Instant now, StreamEntry& entry, Handover& handover) noexcept {
  PacketRef own = adopted_->adopt(std::move(handover.packet));
  if (!own) {
    counters().add(Counter::kAdoptionPoolDry);
    return entry.stream->advance_to(handover.pos + 1);
  }
  const Verdict verdict = entry.stream->admit(now, handover.pos, handover.time, own, handover.arrived, handover.marks);
  if (verdict != Verdict::kAccepted && verdict != Verdict::kAcceptedLate) counters().add(Counter::kHandoversUnplaced);
}

void Relay::give_handovers() noexcept {
  if (exchange_.workers() == 1) return;
  distribution_.begin_breath();
  for (std::size_t i = 0; i < streams_end_; ++i) {
    StreamEntry& entry = streams_[i];
    if (!entry.is_distributed) continue;
    const StreamIndex index{static_cast<std::uint16_t>(i)};
    distribution_.give(index, *entry.stream, publisher_missing(*entry.stream, index));
    entry.is_distributed = !distribution_.is_over(index);
  }
  exchange_.ring_bells();
}

}  // namespace fanlight
