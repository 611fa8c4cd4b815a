// One per core: the only place that owns a clock, a port and the order of a breath.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "contract/limits.h"
#include "crypto/packet_cipher.h"
#include "io/doorbell.h"
#include "io/port.h"
#include "worker/relay.h"

namespace fanlight {

// Clock::now() answers an Instant that does not run backwards; Clock::wall_offset(), what the wall clock is ahead of
// it.
template <io::Port P, class Clock>
class Worker {
 public:
  Worker(const Relay::Options& options, Pools pools, Mailbox& mailbox, P& port, Clock& clock)
      : mailbox_(mailbox), port_(port), clock_(clock), relay_(options, pools, mailbox, io::AnyPort::of(port)) {}

  // One breath: everything this core does, in the only order in which each step can use what the one before made.
  //   commands first: a viewer removed now gets nothing more · receive before timers: an ACK that just came in may make
  //   a timeout unnecessary · other workers get a publisher's packets before our own viewers do: theirs wait as well ·
  //   fan-out last: it serves fresh packets and filled gaps alike.
  // Answers whether anything came or went.
  bool breathe() noexcept {
    const Instant now = clock_.now();  // Time, for all of this breath; it ends the one before as well.
    if (was_busy_) relay_.counters().add(Counter::kBusyMicros, static_cast<std::uint64_t>((now - breath_began_).count));
    breath_began_ = now;
    look_at_wall(now);
    relay_.take_commands(now);
    const bool had_arrivals = receive(now);
    const bool had_handovers = relay_.take_handovers(now);
    relay_.fire_due_timers(now);
    relay_.service_touched(now);
    relay_.give_handovers();
    const bool fanned_out = relay_.fan_out(now);
    relay_.report(now);
    const bool had_news = relay_.queue().flush(port_) || fanned_out || had_arrivals || had_handovers;
    if (std::exchange(mailbox_.has_posted, false)) io::ring_doorbell(mailbox_.control_bell);
    account(had_news);
    was_busy_ = had_news;
    return had_news;
  }

  // Breathes until `is_done()`; between breaths without news it sleeps until the next deadline, as the port allows.
  template <class Done>
  void run(Done&& is_done) noexcept {
    crypto::prepare_thread();
    while (!is_done() && !relay_.is_stopped()) {
      if (breathe()) continue;
      const Instant now = clock_.now();
      const Micros span = relay_.next_deadline(now) - now;
      if (span.count > 0) rest(std::min(span, kSleepMax));
    }
    relay_.queue().flush(port_);
  }

  [[nodiscard]] Relay& relay() noexcept { return relay_; }

 private:
  // As many datagrams as a breath may send to the live set: where viewers acknowledge every packet, fewer would let
  // ACKs pile up in front of the publisher's packets, and delay them for everybody.
  bool receive(Instant now) noexcept {
    static_assert(kReceiveBurst * kReceiveBurstsPerBreath >= kFreshPerBreath);
    std::size_t got = kReceiveBurst;
    for (std::size_t i = 0; i < kReceiveBurstsPerBreath && got == kReceiveBurst; ++i) {
      got = port_.receive(arrivals_);
      relay_.admit(now, std::span(arrivals_).first(got));
      if (i == 0 && got == 0) return false;
    }
    return true;
  }

  // Reports are seconds apart.
  void look_at_wall(Instant now) noexcept {
    if (now < wall_due_) return;
    wall_due_ = now + seconds(1);
    relay_.set_wall_offset(clock_.wall_offset());
  }

  static constexpr Micros kSleepMax = millis(500);
  static constexpr std::uint64_t kIdleBreathsPerAccount = 256;  // A port may judge frames and hand nothing on.

  void rest(Micros span) noexcept {
    // A polling port comes back at once: nobody needs to ring for it.
    if constexpr (requires { port_.is_polling(); })
      if (port_.is_polling()) return port_.wait(span);
    if (!relay_.exchange().fall_asleep()) return;
    port_.wait(span);
    relay_.exchange().wake_up();
  }

  void account(bool had_news) noexcept {
    WorkerCounters& counters = relay_.counters();
    counters.add(Counter::kBreaths);
    if (!had_news) {
      counters.add(Counter::kBreathsIdle);
      if (counters.read(Counter::kBreathsIdle) % kIdleBreathsPerAccount != 0) return;
    }
    const io::PortCounters& port = port_.counters();
    counters.set(Counter::kReceived, port.received);
    counters.set(Counter::kReceivedBytes, port.received_bytes);
    counters.set(Counter::kTransmitted, port.transmitted);
    counters.set(Counter::kTransmittedBytes, port.transmitted_bytes);
    counters.set(Counter::kTransmitCalls, port.transmit_calls);
    counters.set(Counter::kTransmitSegmented, port.transmit_segmented);
    counters.set(Counter::kTransmitRefused, port.transmit_refused);
    counters.set(Counter::kTransmitUnresolved, port.transmit_unresolved);
    counters.set(Counter::kTransmitPoolDry, port.transmit_pool_dry);
    counters.set(Counter::kReceivePoolDry, port.receive_pool_dry);
    counters.set(Counter::kOwnFrames, port.own_frames);
    counters.set(Counter::kNeighbourNewsLost, port.neighbour_news_lost);
    counters.set_judged_by_port(port.verdicts);
  }

  Mailbox& mailbox_;
  P& port_;
  Clock& clock_;
  std::array<io::Arrival, kReceiveBurst> arrivals_{};
  Relay relay_;
  Instant breath_began_;
  Instant wall_due_;
  bool was_busy_ = false;  // Something came or went in that breath; it is followed by the next one at once.
};

}  // namespace fanlight
