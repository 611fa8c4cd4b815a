// ACK → ACKACK and NAK → retransmission through the relay, without a port.
#include <benchmark/benchmark.h>
#include <rte_cycles.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "micro/allocations.h"
#include "micro/house.h"
#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::bench {
namespace {

double seconds_of(std::uint64_t cycles) { return static_cast<double>(cycles) / static_cast<double>(rte_get_tsc_hz()); }

std::vector<std::uint32_t> random_order(std::size_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  return order;
}

// Hands bursts of `datagram(viewer)` to the relay, in random order, and times nothing but the relay. A round is one
// datagram of each viewer; `begin_round()` comes before it. An iteration is a burst; "each" is one datagram's time.
template <class BeginRound, class Datagram>
void run_bursts(benchmark::State& state, House& house, BeginRound&& begin_round, Datagram&& datagram) {
  const std::vector<std::uint32_t> order = random_order(house.viewers());
  std::size_t next = 0;
  std::array<std::byte, kDatagramBytesMax> bytes;
  std::vector<io::Arrival> burst;
  burst.reserve(kReceiveBurst);
  std::uint64_t allocated = 0;
  for (auto _ : state) {
    if (next + kReceiveBurst > order.size()) next = 0;
    if (next == 0) begin_round();
    burst.clear();
    for (std::size_t i = 0; i < kReceiveBurst; ++i, ++next)
      burst.push_back(house.arrival(order[next], std::span(bytes).first(datagram(order[next], bytes))));
    const std::uint64_t allocated_before = allocations();
    const std::uint64_t start = rte_rdtsc();
    house.relay.admit(house.now, burst);
    house.relay.service_touched(house.now);
    const std::uint64_t end = rte_rdtsc();
    allocated += allocations() - allocated_before;
    state.SetIterationTime(seconds_of(end - start));
    house.flush();
  }
  state.counters["allocations"] = static_cast<double>(allocated);
  if (allocated > 0) state.SkipWithError("the relay allocated");
  const auto datagrams = static_cast<double>(state.iterations()) * static_cast<double>(kReceiveBurst);
  state.counters["each"] = benchmark::Counter(datagrams, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void ack_to_ackack(benchmark::State& state) {
  House house(static_cast<std::size_t>(state.range(0)), kFlowWindowPackets);
  std::uint32_t number = 0;
  const std::uint64_t said_before = house.mailbox.counters.read(Counter::kControlSent);
  run_bursts(
      state, house,
      [&] {
        ++number;
        house.now = house.now + millis(10);
        house.publish();
      },
      [&](std::size_t viewer, MutableByteSpan out) {
        const wire::Ack ack{{(House::first_seq_of(viewer).raw + house.published()) & kSeqMask},
                            wire::AckRtt{micros(400), micros(100), kFlowWindowPackets},
                            wire::AckRates{}};
        return wire::write_ack(out, ack, number, {static_cast<std::uint32_t>(house.now.us)}, house.viewer(viewer));
      });
  const std::uint64_t said = house.mailbox.counters.read(Counter::kControlSent) - said_before;
  if (said < static_cast<std::uint64_t>(state.iterations()) * kReceiveBurst)
    state.SkipWithError("an ACK was not answered");
}
BENCHMARK(ack_to_ackack)->Arg(5000)->Arg(20000)->UseManualTime();

// Each viewer asks for a packet of 100 ms ago.
void nak_to_retransmission(benchmark::State& state) {
  House house(static_cast<std::size_t>(state.range(0)), 1u << 30);
  const std::uint64_t before = house.mailbox.counters.read(Counter::kRepairsSent);
  run_bursts(
      state, house,
      [&] {
        house.now = house.now + millis(100);
        house.publish();
        house.publish();
        house.now = house.now + millis(100);
      },
      [&](std::size_t viewer, MutableByteSpan out) {
        const SeqNo lost{(House::first_seq_of(viewer).raw + house.published() - 1) & kSeqMask};
        wire::LossReportWriter writer(out, {static_cast<std::uint32_t>(house.now.us)}, house.viewer(viewer));
        CHECK(writer.add({lost, lost}));
        return writer.written();
      });
  const std::uint64_t sent = house.mailbox.counters.read(Counter::kRepairsSent) - before;
  if (sent < static_cast<std::uint64_t>(state.iterations()) * kReceiveBurst * 9 / 10)
    state.SkipWithError("most NAKs were not answered");
}
BENCHMARK(nak_to_retransmission)->Arg(5000)->UseManualTime();

}  // namespace
}  // namespace fanlight::bench
