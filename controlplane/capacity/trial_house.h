// A relay of one worker, its memory and an audience: what the trials on sockets and on Ethernet have in common. Who
// makes the port and the audience is theirs.
#pragma once

#include <sched.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "capacity/opening.h"
#include "capacity/trial.h"
#include "io/clock.h"
#include "io/memory_plan.h"
#include "packet/packet.h"
#include "stream/stream.h"
#include "worker/worker.h"

namespace fanlight::control {

// A nanosecond clock: a round is some tens of microseconds long.
inline std::int64_t nanos() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// The calling thread on one CPU, and back where it was.
class Pin {
 public:
  explicit Pin(int cpu) {
    sched_getaffinity(0, sizeof before_, &before_);
    for (int i = 0; cpu < 0 && i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(static_cast<unsigned>(i), &before_)) cpu = i;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(cpu), &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) cpu_ = cpu;
  }
  ~Pin() { sched_setaffinity(0, sizeof before_, &before_); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  [[nodiscard]] int cpu() const { return cpu_; }

 private:
  cpu_set_t before_{};
  int cpu_ = -1;  // -1: the CPU is not ours to take.
};

struct TrialPools {
  std::unique_ptr<PacketPool> receive, headers, copies;

  [[nodiscard]] static Result<TrialPools> create(const io::MemoryPlan& plan) {
    TrialPools pools;
    for (auto [pool, pool_plan] : {std::pair{&pools.receive, &plan.receive}, std::pair{&pools.headers, &plan.headers},
                                   std::pair{&pools.copies, &plan.copies}}) {
      Result<std::unique_ptr<PacketPool>> created =
          PacketPool::create(pool_plan->buffers, pool_plan->room_bytes, pool_plan->for_devices);
      if (!created) return created.error();
      *pool = *std::move(created);
    }
    return pools;
  }
};

// All of them, each by a `measure_pass()`.
template <class Pass>
Result<std::vector<WorkerCosts>> in_passes(const TrialOptions& options, Pass&& measure_pass) {
  std::vector<WorkerCosts> passes;
  while (passes.size() < Trial::kPasses) {
    Result<WorkerCosts> pass = measure_pass();
    if (!pass) return pass.error();
    passes.push_back(*std::move(pass));
    options.progress(passes.size(), Trial::kPasses);
  }
  return passes;
}

struct TrialShape {
  std::size_t streams = 1;
  std::size_t viewers = 0;        // Of each stream;
  std::size_t history_slots = 0;  // the same.
};

// Audience: how the other end is spoken for.
//   publisher_path(stream), viewer_path(viewer)   where they call from; viewer v watches stream v % streams
//   first_seq_of(viewer)                          what it counts from
//   introduce(publishers, viewers)                the relay's socket IDs of the sessions
//   speak(stream, packets, acks)                  the stream's publisher, then one ACK from each of its viewers if
//                                                 `acks`; comes back when it lies in front of the relay
template <io::Port P, class Audience>
class TrialHouse {
 public:
  TrialHouse(const TrialOptions& options, const TrialShape& shape, TrialPools& pools, P& port)
      : options_(options),
        shape_(shape),
        port_(port),
        worker_({.sessions_max = shape.streams * (shape.viewers + 1), .publishers_max = shape.streams, .key = {1, 2}},
                {*pools.headers, *pools.copies}, mailbox_, port_, clock_) {}
  TrialHouse(const TrialHouse&) = delete;
  TrialHouse& operator=(const TrialHouse&) = delete;

  [[nodiscard]] Result<Done> let_in(Audience& audience);
  // ns per departure of a round with so many packets for each viewer, or per ACK, of one pass.
  [[nodiscard]] Result<double> measure_packets(std::size_t packets);
  [[nodiscard]] Result<double> measure_acks();

 private:
  static constexpr std::uint32_t kNoWindow = 1u << 30;
  static constexpr std::size_t kRoundsMin = 3;
  static constexpr Micros kWarmUp = millis(60);
  static constexpr Micros kRoundMax = millis(200);
  static constexpr Micros kSettleMax = seconds(2);

  [[nodiscard]] std::optional<SocketId> open_session(StreamIndex stream, TrialCaller caller);
  struct Round {
    Counter counter{};  // Grows by `expected` when all went well.
    std::size_t expected = 0;
    std::size_t stream = 0;
    std::size_t packets = 0;
    bool acks = false;
  };
  [[nodiscard]] Round acks_of(std::size_t stream) const {
    return {Counter::kControlSent, shape_.viewers, stream, 0, true};
  }
  // Nanoseconds of the breaths that moved something; empty when something was lost.
  [[nodiscard]] std::optional<double> round(const Round& what);
  // The median, by `expected`. Streams take turns.
  [[nodiscard]] Result<double> measure(Round round_of);

  TrialOptions options_;
  TrialShape shape_;
  P& port_;
  Mailbox mailbox_;
  io::MonotonicClock clock_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Worker<P, io::MonotonicClock> worker_;
  Audience* audience_ = nullptr;
};

template <io::Port P, class Audience>
std::optional<SocketId> TrialHouse<P, Audience>::open_session(StreamIndex stream, TrialCaller caller) {
  CHECK(mailbox_.commands.try_push(Command{opening(stream, std::move(caller))}));
  worker_.breathe();
  Event event;
  while (mailbox_.events.try_pop(event))
    if (const auto* opened = std::get_if<event::SessionOpened>(&event)) return opened->socket;
  return std::nullopt;
}

template <io::Port P, class Audience>
Result<Done> TrialHouse<P, Audience>::let_in(Audience& audience) {
  audience_ = &audience;
  const Error refused{ErrorCode::kFailed, "the trial's relay refused a session"};
  const StreamOptions stream_options{.latency_max = seconds(5), .join = {.at_picture = false}};
  std::vector<SocketId> publishers;
  std::uint32_t caller = 0;
  for (std::size_t i = 0; i < shape_.streams; ++i) {
    streams_.push_back(std::make_unique<Stream>(shape_.history_slots, shape_.viewers, stream_options));
    const StreamIndex index{static_cast<std::uint16_t>(i)};
    CHECK(mailbox_.commands.try_push(Command{command::AddStream{index, streams_.back().get()}}));
    const auto publisher = open_session(
        index, {Role::kPublisher, audience.publisher_path(i), SocketId{++caller}, SeqNo{1}, kNoWindow, nullptr});
    if (!publisher) return refused;
    publishers.push_back(*publisher);
  }
  std::vector<SocketId> viewers;
  for (std::size_t i = 0; i < shape_.streams * shape_.viewers; ++i) {
    const StreamIndex index{static_cast<std::uint16_t>(i % shape_.streams)};
    const auto viewer = open_session(index, {Role::kViewer, audience.viewer_path(i), SocketId{++caller},
                                             Audience::first_seq_of(i), kNoWindow, random_ciphers(options_.key_bytes)});
    if (!viewer) return refused;
    viewers.push_back(*viewer);
  }
  audience.introduce(std::move(publishers), std::move(viewers));
  for (const Instant end = clock_.now() + kWarmUp; clock_.now() < end;) worker_.breathe();
  return Done{};
}

// A breath that found the port full is no end: it goes on when the other end has taken something.
template <io::Port P, class Audience>
std::optional<double> TrialHouse<P, Audience>::round(const Round& what) {
  const std::uint64_t goal = mailbox_.counters.read(what.counter) + what.expected;
  const std::uint64_t sent_goal = port_.counters().transmitted + what.expected;
  audience_->speak(what.stream, what.packets, what.acks);
  std::int64_t busy = 0;
  std::int64_t then = nanos();
  const std::int64_t end = then + kRoundMax.count * 1000;
  for (bool is_over = false; !is_over;) {
    const bool had_news = worker_.breathe();
    const std::int64_t now = nanos();
    if (had_news) busy += now - then;
    then = now;
    is_over = (!had_news && mailbox_.counters.read(what.counter) >= goal) || now > end;
  }
  const bool was_whole = mailbox_.counters.read(what.counter) == goal && port_.counters().transmitted >= sent_goal;
  return was_whole ? std::optional{static_cast<double>(busy)} : std::nullopt;
}

template <io::Port P, class Audience>
Result<double> TrialHouse<P, Audience>::measure(Round round_of) {
  std::vector<double> nanos_each;
  const Instant end = clock_.now() + Micros{options_.span.count / static_cast<std::int64_t>(Trial::kPasses)};
  while (clock_.now() < end || nanos_each.size() < kRoundsMin) {
    if (const std::optional<double> taken = round(round_of))
      nanos_each.push_back(*taken / static_cast<double>(round_of.expected));
    round_of.stream = (round_of.stream + 1) % shape_.streams;
    if (clock_.now() > end + kSettleMax)
      return Error{ErrorCode::kFailed, "the trial did not settle: this host is too busy for a measurement"};
  }
  const auto middle = nanos_each.begin() + static_cast<std::ptrdiff_t>(nanos_each.size() / 2);
  std::nth_element(nanos_each.begin(), middle, nanos_each.end());
  return *middle;
}

template <io::Port P, class Audience>
Result<double> TrialHouse<P, Audience>::measure_packets(std::size_t packets) {
  // Signs of life: nobody is taken for gone.
  for (std::size_t stream = 0; stream < shape_.streams; ++stream) (void)round(acks_of(stream));
  return measure({Counter::kFreshSent, packets * shape_.viewers, 0, packets, false});
}

template <io::Port P, class Audience>
Result<double> TrialHouse<P, Audience>::measure_acks() {
  return measure(acks_of(0));
}

}  // namespace fanlight::control
