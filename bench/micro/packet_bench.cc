// Dressing, holding, timing: one step of a packet's way each.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "contract/limits.h"
#include "packet/packet.h"
#include "stream/fec_encoder.h"
#include "stream/history.h"
#include "worker/timer_wheel.h"

namespace fanlight::bench {
namespace {

void dress_and_free(benchmark::State& state) {
  PacketPool headers(1023, kHeaderRoomBytes);
  PacketPool whole(15, kCopyRoomBytes);
  PacketRef payload = whole.take();
  (void)payload.resize(1316);
  for (auto _ : state) benchmark::DoNotOptimize(dress(headers, payload, kSrtHeaderBytes));
}
BENCHMARK(dress_and_free);

// Into a ring that is full: one comes, one goes.
void history_admit(benchmark::State& state) {
  constexpr std::size_t kSlots = 4096;
  PacketPool whole(kSlots + 1023, kCopyRoomBytes);
  History history(kSlots);
  std::int64_t pos = 0;
  const auto admit_next = [&] {
    PacketRef packet = whole.take();
    (void)packet.resize(1316);
    return history.admit({pos}, {pos++}, {pos}, packet);
  };
  for (std::size_t i = 0; i < kSlots; ++i) (void)admit_next();
  for (auto _ : state)
    if (admit_next() != Verdict::kAccepted) state.SkipWithError("refused");
}
BENCHMARK(history_admit);

// What a stream's FEC costs for each packet, however many destinations have it: a matrix of 10 by 10, in passes of
// `packets`. Rows too, or columns alone.
void fec_protect(benchmark::State& state) {
  const auto packets = static_cast<std::size_t>(state.range(0));
  PacketPool whole(1023, kCopyRoomBytes);
  FecEncoder encoder({.columns = 10, .rows = 10, .has_rows = state.range(1) != 0});
  std::vector<FreshPacket> pass(packets);
  for (FreshPacket& packet : pass) {
    packet.payload = whole.take();
    (void)packet.payload.resize(1316);
  }
  PacketPos next{0};
  for (auto _ : state) {
    for (FreshPacket& packet : pass) {
      packet.pos = next;
      next = next + 1;
    }
    encoder.protect(pass, next, whole);
  }
  if (encoder.take_skipped() > 0) state.SkipWithError("skipped");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * packets));
}
BENCHMARK(fec_protect)->Args({1, 1})->Args({8, 1})->Args({8, 0});

// 20,000 sessions that want to be woken every 10 ms, looked at every millisecond; time of one wake-up.
void timer_sweep(benchmark::State& state) {
  const auto slots = static_cast<std::uint32_t>(state.range(0));
  TimerWheel wheel(slots);
  Instant now{1'000'000};
  std::mt19937 random(1);
  for (std::uint32_t slot = 0; slot < slots; ++slot) wheel.schedule(slot, now + micros(random() % 10'000));
  std::uint64_t woken = 0;
  for (auto _ : state) {
    now = now + millis(1);
    while (const std::optional<std::uint32_t> slot = wheel.pop_due(now)) {
      wheel.schedule(*slot, now + millis(10));
      ++woken;
    }
  }
  state.counters["per_wake"] =
      benchmark::Counter(static_cast<double>(woken), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(timer_sweep)->Arg(20000);

}  // namespace
}  // namespace fanlight::bench
