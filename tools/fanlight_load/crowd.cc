#include "fanlight_load/crowd.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "contract/limits.h"
#include "wire/reject.h"
#include "wire/srt_key_message.h"

namespace fanlight::load {
namespace {

constexpr double kServedShare = 0.001;  // Of a viewer's packets may be missed.
constexpr std::size_t kAhead = 4;
// libsrt acknowledges with the first packet that comes 10 ms after its last ACK: 95 times a second here. Exactly 10 ms
// would arrive a little sooner half of the time, and a sender answers only one ACK in 10 ms.
constexpr Micros kTick{10'500};
constexpr std::int64_t kFreshnessEvery = 8;  // Ticks of a viewer: cheap in memory traffic, and exact enough.

SeqNo random_seq() {
  std::array<std::byte, 4> bytes;
  CHECK(crypto::fill_random(bytes));
  return {load_be32(bytes.data()) & (kSeqMask >> 1)};
}

// Spreads each manner evenly over the slots: the golden ratio's multiples fill the unit interval without clumps.
Manner manner_of(std::size_t slot, const std::array<double, kManners>& shares) {
  double rest = std::fmod(static_cast<double>(slot) * 0.6180339887498949, 1.0);
  for (std::size_t i = 1; i < kManners; ++i) {
    if (rest < shares[i]) return static_cast<Manner>(i);
    rest -= shares[i];
  }
  return Manner::kGood;
}

wire::KeyFlag key_flag_of(ByteSpan datagram) {
  return static_cast<wire::KeyFlag>(static_cast<std::uint8_t>(datagram[4]) >> 3 & 3);
}

}  // namespace

Crowd::Crowd(Options options, Outbox& outbox)
    : options_(std::move(options)),
      outbox_(outbox),
      viewers_(options_.viewers),
      places_(options_.viewers),
      envelopes_(options_.viewers),
      tallies_(options_.viewers),
      freshness_(options_.viewers),
      gaps_(options_.viewers),
      calls_(options_.viewers),
      ciphers_(options_.keys == nullptr ? 0 : options_.viewers) {
  for (std::size_t slot = 0; slot < viewers_.size(); ++slot) places_[slot].manner = manner_of(slot, options_.shares);
  for (auto& latency : latencies_) latency = std::make_unique<Histogram>();
}

void Crowd::turn(Instant now) {
  if (viewers_.empty()) return;
  const double seconds_since = static_cast<double>((now - began_).count) / 1e6;
  const auto wanted = static_cast<std::size_t>(seconds_since * options_.ramp_per_second) + 1;
  while (started_ < std::min(wanted, viewers_.size())) start(now, started_++);

  const auto count = static_cast<std::int64_t>(viewers_.size());
  const std::int64_t due = (now - began_).count * count / kTick.count;
  if (due - ticks_ > count) {  // A stall of our own: nobody ticks twice for it.
    missed_ticks_ += static_cast<std::uint64_t>(due - ticks_ - count);
    ticks_ = due - count;
  }
  for (; ticks_ < due; ++ticks_) {
    const auto slot = static_cast<std::size_t>(ticks_ % count);
    const std::size_t next = (slot + kAhead) % viewers_.size();
    __builtin_prefetch(reinterpret_cast<const std::byte*>(&viewers_[next]) + 64, 1);
    __builtin_prefetch(&envelopes_[next]);
    tick(now, slot);
    if ((ticks_ / count + static_cast<std::int64_t>(slot)) % kFreshnessEvery == 0)
      freshness_[slot].note(now, viewers_[slot].run(), viewers_[slot].next_position());
  }
}

void Crowd::start(Instant now, std::size_t slot) {
  const CallTerms terms{.socket = SocketId{options_.first_socket + static_cast<std::uint32_t>(slot)},
                        .first_seq = random_seq(),
                        .latency = options_.latency,
                        .relay = options_.relay,
                        .stream_id = options_.stream_ids[slot % options_.stream_ids.size()],
                        .keys = options_.keys};
  calls_[slot] = std::make_unique<Calling>(now, terms);
  places_[slot].phase = Phase::kCalling;
  ++calling_count_;
  outbox_.address(options_.path_of(slot), envelopes_[slot]);
  tick_call(now, slot);
}

void Crowd::handle(const Heard& heard, std::size_t slot, MutableByteSpan datagram) {
  const Place& place = places_[slot];
  if (place.phase == Phase::kCalling) return handle_call(heard.now, slot, datagram);
  if (place.phase != Phase::kUp || is_mute(place)) return;
  if (!wire::is_control(datagram)) return handle_data(heard, slot, datagram);
  const auto header = wire::parse_control_header(datagram);
  if (!header) return;
  viewers_[slot].handle_control(heard.now, *header, ByteSpan(datagram).subspan(wire::kHeaderBytes), tallies_[slot],
                                gaps_[slot].get());
  if (header->type == wire::ControlType::kUser && header->subtype == wire::kUserKeyRequest)
    confirm_key(heard.now, slot, ByteSpan(datagram).subspan(wire::kHeaderBytes));
  if (viewers_[slot].has_ended()) end(slot, "the relay said SHUTDOWN");
}

// Each copy is answered, byte for byte (srt-wire §4.5).
void Crowd::confirm_key(Instant now, std::size_t slot, ByteSpan message) {
  if (ciphers_.empty() || !ciphers_[slot] || !options_.keys->install(message, *ciphers_[slot])) return;
  outbox_.say(envelopes_[slot],
              [&](MutableByteSpan out) { return viewers_[slot].write_key_response(now, message, out); });
  Place& place = places_[slot];
  const wire::KeyFlag key = wire::parse_key_message(message)->keys;
  place.keys += key != place.last_key ? 1 : 0;
  place.last_key = key;
}

void Crowd::handle_data(const Heard& heard, std::size_t slot, MutableByteSpan datagram) {
  const ByteSpan payload = ByteSpan(datagram).subspan(wire::kHeaderBytes);
  const bool is_sealed = key_flag_of(datagram) != wire::KeyFlag::kClear;
  Tally& tally = tallies_[slot];
  if (is_sealed &&
      !open_payload(slot, datagram.first(std::min(datagram.size(), wire::kHeaderBytes + kStampedBytes)), false)) {
    ++tally.foreign;
    return;
  }
  const std::optional<Stamp> stamp = read_stamp(payload);
  if (!stamp) {
    ++tally.foreign;
    return;
  }
  if (((static_cast<std::uint64_t>(stamp->position) + slot) & (options_.hash_every - 1)) == 0) {
    ++hashed_;
    if ((is_sealed && !open_payload(slot, datagram, true)) || !has_good_hash(payload)) ++tally.hash_failures;
  }
  const SeqNo seq{load_be32(datagram.data())};
  const WireTime time{load_be32(datagram.data() + wire::kTimestampOffset)};
  const Viewer::Taken taken =
      viewers_[slot].handle_data(heard.now, seq, time, *stamp, tally, [&]() -> Gaps& { return gaps_of(slot); });
  const Place& place = places_[slot];
  if (taken.is_fresh && place.is_measured)
    latencies_[static_cast<std::size_t>(place.manner)]->record(
        static_cast<std::uint64_t>(std::max<std::int64_t>(heard.ns - stamp->sent_ns, 0)));
  if (taken.wants_to_say) speak(heard.now, slot, Viewer::Occasion::kAtOnce);
}

// The front alone is enough for the stamp. `whole` comes after that and opens what is still sealed: CTR is its own
// inverse, so the front is closed again first.
bool Crowd::open_payload(std::size_t slot, MutableByteSpan datagram, bool whole) {
  crypto::PacketCipher* cipher =
      ciphers_.empty() || !ciphers_[slot] ? nullptr : ciphers_[slot]->slot(key_flag_of(datagram));
  if (cipher == nullptr) return false;
  const SeqNo seq{load_be32(datagram.data())};
  const MutableByteSpan payload = datagram.subspan(wire::kHeaderBytes);
  const MutableByteSpan front = payload.first(std::min(payload.size(), kStampedBytes));
  return cipher->apply(seq, front, front) && (!whole || cipher->apply(seq, payload, payload));
}

void Crowd::handle_call(Instant now, std::size_t slot, ByteSpan datagram) {
  srt::Caller& caller = calls_[slot]->caller();
  const auto header = wire::parse_control_header(datagram);
  if (!wire::is_control(datagram) || !header) {
    caller.handle_early_packet(now);
  } else if (caller.handle_control(now, *header, datagram.subspan(wire::kHeaderBytes)) != Verdict::kControl) {
    return;
  }
  tick_call(now, slot);
}

void Crowd::tick_call(Instant now, std::size_t slot) {
  Calling& call = *calls_[slot];
  call.caller().handle_timeout(now);
  while (outbox_.say(envelopes_[slot], [&](MutableByteSpan out) { return call.poll(now, out); })) {
  }
  if (call.caller().state() == srt::Caller::State::kConnected) return open(now, slot);
  if (call.caller().state() != srt::Caller::State::kFailed) return;
  const srt::Caller::Failure failure = call.caller().failure();
  if (failure.is_from_peer) note_answer(now, slot);
  const std::string reason =
      std::to_string(static_cast<int>(failure.reason)) + " " + std::string(wire::describe(failure.reason));
  end(slot, (failure.is_from_peer ? "rejected: " : "no session: ") + reason);
}

void Crowd::note_answer(Instant now, std::size_t slot) {
  answers_ns_->record(static_cast<std::uint64_t>((now - calls_[slot]->opened()).count) * 1000);
}

void Crowd::open(Instant now, std::size_t slot) {
  note_answer(now, slot);
  Calling& call = *calls_[slot];
  const srt::Caller::Answer& answer = call.caller().answer();
  viewers_[slot] = Viewer({.peer = answer.peer,
                           .first_seq = answer.first_seq,
                           .answered = answer.time,
                           .opened = call.opened(),
                           .now = now,
                           .latency = answer.receive_latency});
  if (!ciphers_.empty()) ciphers_[slot] = call.take_ciphers();
  calls_[slot].reset();
  --calling_count_;
  ++up_;
  places_[slot].phase = Phase::kUp;
  places_[slot].was_up = true;
}

void Crowd::end(std::size_t slot, const std::string& why) {
  Place& place = places_[slot];
  if (place.phase == Phase::kCalling) --calling_count_;
  if (place.phase == Phase::kUp) --up_;
  place.phase = Phase::kOver;
  calls_[slot].reset();
  if (place.manner == Manner::kGood) ++failures_[why];
}

void Crowd::tick(Instant now, std::size_t slot) {
  if (places_[slot].phase == Phase::kUp) return tick_up(now, slot);
  if (places_[slot].phase == Phase::kCalling) tick_call(now, slot);
}

void Crowd::tick_up(Instant now, std::size_t slot) {
  Place& place = places_[slot];
  Viewer& viewer = viewers_[slot];
  if (!place.is_measured) place.is_measured = is_measuring_ && now >= viewer.joined();
  if (place.manner != Manner::kGood && !place.is_turned)
    place.is_turned = is_measuring_ && now >= viewer.joined() + options_.misbehave_after;
  if (place.is_turned && place.manner == Manner::kVanish) return;
  if (place.is_turned && place.manner == Manner::kStall) {
    if (now - viewer.last_sent() >= kKeepAliveInterval)
      outbox_.say(envelopes_[slot],
                  [&](MutableByteSpan out) { return viewer.write_bare(now, wire::ControlType::kKeepAlive, out); });
    return;
  }
  if (place.is_turned && place.manner == Manner::kNakFlood)
    outbox_.say(envelopes_[slot], [&](MutableByteSpan out) { return viewer.write_false_report(now, out); });
  viewer.handle_tick(now, tallies_[slot], gaps_[slot].get());
  speak(now, slot, Viewer::Occasion::kTick);
  if (viewer.is_idle(now)) end(slot, "the relay fell silent");
}

void Crowd::speak(Instant now, std::size_t slot, Viewer::Occasion occasion) {
  Gaps* gaps = viewers_[slot].has_gaps() ? gaps_[slot].get() : nullptr;
  while (outbox_.say(envelopes_[slot],
                     [&](MutableByteSpan out) { return viewers_[slot].poll_control(now, occasion, gaps, out); })) {
  }
}

Gaps& Crowd::gaps_of(std::size_t slot) {
  if (!gaps_[slot]) gaps_[slot] = std::make_unique<Gaps>();
  return *gaps_[slot];
}

void Crowd::settle(const std::map<std::uint32_t, std::int64_t>& ends) {
  for (std::size_t slot = 0; slot < viewers_.size(); ++slot) {
    const auto end = ends.find(viewers_[slot].run());
    if (places_[slot].phase != Phase::kUp || is_mute(places_[slot]) || end == ends.end()) continue;
    viewers_[slot].settle(end->second, tallies_[slot], gaps_[slot].get());
  }
}

void Crowd::find_stale(Instant now) {
  stale_.assign(viewers_.size(), Micros{0});
  for (std::size_t slot = 0; slot < viewers_.size(); ++slot) {
    if (places_[slot].phase != Phase::kUp) continue;
    freshness_[slot].note(now, viewers_[slot].run(), viewers_[slot].next_position());
    const Micros age = freshness_[slot].age(now);
    if (age > options_.latency + kStaleAfter) stale_[slot] = age;
  }
}

void Crowd::leave(Instant now) {
  for (std::size_t slot = 0; slot < viewers_.size(); ++slot) {
    const bool has_vanished = places_[slot].is_turned && places_[slot].manner == Manner::kVanish;
    if (places_[slot].phase != Phase::kUp || has_vanished) continue;
    outbox_.say(envelopes_[slot],
                [&](MutableByteSpan out) { return viewers_[slot].write_bare(now, wire::ControlType::kShutdown, out); });
  }
}

std::array<Figures, kManners> Crowd::figures() const {
  std::array<Figures, kManners> all;
  for (std::size_t i = 0; i < kManners; ++i) all[i].latency_ns = *latencies_[i];
  for (std::size_t slot = 0; slot < viewers_.size(); ++slot) {
    const Place& place = places_[slot];
    const Viewer& viewer = viewers_[slot];
    const Tally& tally = tallies_[slot];
    Figures& figures = all[static_cast<std::size_t>(place.manner)];
    ++figures.viewers;
    figures.started += place.phase != Phase::kWaiting ? 1 : 0;
    figures.connected += place.was_up ? 1 : 0;
    figures.up += place.phase == Phase::kUp ? 1 : 0;
    figures.silent += place.was_up && viewer.run() == 0 ? 1 : 0;
    figures.received += viewer.received();
    figures.keys += place.keys;
    figures.tally += tally;
    const auto all_packets = static_cast<double>(viewer.received() + tally.missed());
    const bool is_stale = !stale_.empty() && stale_[slot] > Micros{0};
    if (is_stale) figures.stale.add(stale_[slot]);
    if (!is_stale && viewer.received() > 0 && static_cast<double>(tally.missed()) <= all_packets * kServedShare)
      ++figures.served;
  }
  return all;
}

std::uint64_t Crowd::received() const {
  std::uint64_t total = 0;
  for (const Viewer& viewer : viewers_) total += viewer.received();
  return total;
}

}  // namespace fanlight::load
