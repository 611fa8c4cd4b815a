// Everybody asks at once: each viewer of a large audience reports the same loss in the same moment, while the stream
// and another one go on. Without a port, on the relay's own time: the clock moves by what its breaths take, and jumps
// when it has nothing to do.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <deque>
#include <numeric>
#include <random>

#include "micro/house.h"
#include "wire/srt_nak.h"

namespace fanlight::bench {
namespace {

constexpr std::size_t kArrivalsPerBreath = kReceiveBurst * kReceiveBurstsPerBreath;  // As worker.h has them.
constexpr Micros kInterval = micros(2106);                                           // 5 Mb/s.
constexpr Micros kCalm = millis(200);
constexpr Micros kPatience = seconds(1);   // What is not served by then never is.
constexpr Micros kRoundTrip = millis(20);  // After a lost packet the publisher's second copy comes.

class Storm {
 public:
  explicit Storm(std::size_t viewers) : house_(viewers, 1u << 30), order_(viewers) {
    house_.open_other_stream();
    std::iota(order_.begin(), order_.end(), 0u);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
    next_packet_ = house_.now + kInterval;
    next_other_ = house_.now + kInterval / 2;
  }

  // What the spells of one kind were like, at the worst.
  struct Figures {
    double longest_breath_us = 0;
    Micros fresh_wait{};  // From a packet's arrival until everybody had it.
    Micros other_wait{};
  };
  void keep_calm() {
    run_until([end = house_.now + kCalm, this] { return house_.now >= end; }, calm);
  }
  // Each viewer reports the last `packets` packets. Answers when all of them had been repaired.
  Micros ask_for(std::uint32_t packets) {
    const PacketPos last = house_.stream.served_next() - 1;
    const Instant begun = house_.now;
    const std::uint64_t wanted = transmitted() + std::uint64_t{packets} * house_.viewers();
    reported_ = {last - (packets - 1), last};
    ask_all(reported_);
    return until_transmitted(wanted, begun);
  }
  // All say their last report again. Answers how many repairs that brought.
  std::uint64_t ask_again() {
    const std::uint64_t before = repaired();
    ask_all(reported_);
    const std::uint64_t answered = before + refused() + (reported_.last - reported_.first + 1) * house_.viewers();
    run_until([this, answered] { return repaired() + refused() >= answered; }, storm);
    return repaired() - before;
  }
  // Longer than the guard time of those whose round trip is not known.
  void wait() {
    run_until([end = house_.now + kCalm, this] { return house_.now >= end; }, storm);
  }
  // One packet of the publisher is lost; each viewer asks for it when it sees the next; its second copy comes a round
  // trip later. Answers how long after that all had it.
  Micros lose_one() {
    const std::uint32_t lost = next_number();
    (void)house_.next_packet();
    run_until([this, lost] { return house_.stream.served_next().value > lost; }, storm);
    ask_all({{lost - 1}, {lost - 1}});
    run_until([end = house_.now + kRoundTrip, this] { return house_.now >= end; }, storm);
    const Instant begun = house_.now;
    const std::uint64_t wanted = transmitted() + house_.viewers();
    inbox_.push_back({.is_repeated = true, .n = lost});
    return until_transmitted(wanted, begun);
  }
  [[nodiscard]] std::uint64_t repaired() const { return house_.mailbox.counters.read(Counter::kRepairsSent); }
  [[nodiscard]] std::uint64_t refused() const { return house_.mailbox.counters.read(Counter::kNakRepeated); }
  [[nodiscard]] std::uint64_t not_held() const { return house_.mailbox.counters.read(Counter::kNakNotHeld); }
  [[nodiscard]] std::uint64_t closed() const { return house_.mailbox.counters.read(Counter::kSessionsClosed); }
  Figures calm;
  Figures storm;

 private:
  // What waits at the door.
  struct Waiting {
    enum class Who : std::uint8_t { kPublisher, kOther, kViewer } who = Who::kPublisher;
    Instant since{};
    bool is_repeated = false;
    std::uint32_t n = 0;  // The viewer, or the packet that comes again.
    PosRange lost{};
  };
  struct Fresh {
    Instant since;
    Stream* stream;
    PacketPos pos;
  };
  [[nodiscard]] std::uint64_t transmitted() const { return house_.port.figures.transmitted; }
  [[nodiscard]] std::uint32_t next_number() const { return house_.published() + 1; }
  void ask_all(PosRange lost) {
    for (const std::uint32_t viewer : order_)
      inbox_.push_back({.who = Waiting::Who::kViewer, .n = viewer, .lost = lost});
  }
  Micros until_transmitted(std::uint64_t wanted, Instant begun) {
    run_until([this, wanted] { return transmitted() >= wanted; }, storm);
    const Micros took = house_.now - begun;
    run_until([this] { return fresh_.empty() && inbox_.empty(); }, storm);
    return took;
  }
  template <class Done>
  void run_until(Done&& is_done, Figures& figures) {
    const Instant end = house_.now + kPatience;
    while (!is_done() && house_.now < end) {
      let_come();
      if (inbox_.empty()) {
        const Instant due = std::min(house_.relay.next_deadline(house_.now), std::min(next_packet_, next_other_));
        house_.now = std::max(house_.now, due);
        let_come();
      }
      figures.longest_breath_us = std::max(figures.longest_breath_us, breathe());
      settle(figures);
    }
  }
  void let_come() {
    for (; next_packet_ <= house_.now; next_packet_ = next_packet_ + kInterval)
      inbox_.push_back({.since = next_packet_});
    for (; next_other_ <= house_.now; next_other_ = next_other_ + kInterval)
      inbox_.push_back({.who = Waiting::Who::kOther, .since = next_other_});
  }
  [[nodiscard]] io::Arrival arrival_of(const Waiting& one) {
    if (one.who == Waiting::Who::kViewer) return report_of(one);
    if (one.is_repeated) return house_.packet_again(one.n);
    const bool is_other = one.who == Waiting::Who::kOther;
    io::Arrival arrival = is_other ? house_.next_packet_of_other() : house_.next_packet();
    Stream& stream = is_other ? house_.other_stream : house_.stream;
    const std::uint32_t n = is_other ? ++others_ : house_.published();
    fresh_.push_back({one.since, &stream, {n - 1}});
    return arrival;
  }
  [[nodiscard]] io::Arrival report_of(const Waiting& one) {
    std::array<std::byte, 64> bytes;
    const std::uint32_t base = House::first_seq_of(one.n).raw;
    const auto seq_of = [&](PacketPos pos) { return SeqNo{static_cast<std::uint32_t>(base + pos.value) & kSeqMask}; };
    wire::LossReportWriter writer(bytes, {static_cast<std::uint32_t>(house_.now.us)}, house_.viewer(one.n));
    CHECK(writer.add({seq_of(one.lost.first), seq_of(one.lost.last)}));
    return house_.arrival(one.n, std::span(bytes).first(writer.written()));
  }
  // Of CPU time: in tests other programs take the CPU away, and a breath that slept would come after its repairs' time.
  [[nodiscard]] static double cpu_us() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * static_cast<double>(t.tv_sec) + 1e-3 * static_cast<double>(t.tv_nsec);
  }
  // A breath as worker.h takes it; answers how many microseconds it took. Making the arrivals is not part of it.
  double breathe() {
    std::vector<io::Arrival> arrivals;
    arrivals.reserve(kArrivalsPerBreath);
    for (; !inbox_.empty() && arrivals.size() < kArrivalsPerBreath; inbox_.pop_front())
      arrivals.push_back(arrival_of(inbox_.front()));
    const double start = cpu_us();
    for (std::size_t at = 0; at < arrivals.size(); at += kReceiveBurst)
      house_.relay.admit(house_.now, std::span(arrivals).subspan(at, std::min(kReceiveBurst, arrivals.size() - at)));
    house_.relay.fire_due_timers(house_.now);
    house_.relay.service_touched(house_.now);
    (void)house_.relay.fan_out(house_.now);
    (void)house_.relay.queue().flush(house_.port);
    spent_us_ += cpu_us() - start;
    const double before = started_us_;
    started_us_ = spent_us_;
    const auto whole = static_cast<std::int64_t>(spent_us_) - static_cast<std::int64_t>(before);
    house_.now = house_.now + micros(std::max<std::int64_t>(whole, 0));
    return spent_us_ - before;
  }
  void settle(Figures& figures) {
    std::erase_if(fresh_, [&](const Fresh& one) {
      if (one.stream->served_next() <= one.pos) return false;
      Micros& wait = one.stream == &house_.stream ? figures.fresh_wait : figures.other_wait;
      wait = std::max(wait, house_.now - one.since);
      return true;
    });
  }

  House house_;
  std::vector<std::uint32_t> order_;
  std::deque<Waiting> inbox_;
  std::deque<Fresh> fresh_;
  Instant next_packet_;
  Instant next_other_;
  std::uint32_t others_ = 0;
  PosRange reported_{};
  double spent_us_ = 0;
  double started_us_ = 0;
};

void report(benchmark::State& state, const Storm& storm) {
  state.counters["breath_us"] = storm.storm.longest_breath_us;
  state.counters["calm_breath_us"] = storm.calm.longest_breath_us;
  state.counters["fresh_wait_us"] = static_cast<double>(storm.storm.fresh_wait.count);
  state.counters["calm_fresh_wait_us"] = static_cast<double>(storm.calm.fresh_wait.count);
  state.counters["other_wait_us"] = static_cast<double>(storm.storm.other_wait.count);
  state.counters["calm_other_wait_us"] = static_cast<double>(storm.calm.other_wait.count);
}

// Viewers, and how many packets each reports.
void repair_storm(benchmark::State& state) {
  Storm storm(static_cast<std::size_t>(state.range(0)));
  const auto packets = static_cast<std::uint32_t>(state.range(1));
  for (auto _ : state) {
    storm.keep_calm();
    state.SetIterationTime(static_cast<double>(storm.ask_for(packets).count) * 1e-6);
  }
  report(state, storm);
  if (storm.repaired() != static_cast<std::uint64_t>(state.iterations() * state.range(0) * state.range(1)))
    state.SkipWithError("not each viewer was repaired once");
}
BENCHMARK(repair_storm)
    ->Args({20000, 1})
    ->Args({20000, 10})
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

// Viewers, and how many packets each reports; then all report them again, at once and later. What is not served again
// was reported before its repair could have arrived (5 ms here, for no round trip is known).
void repeated_storm(benchmark::State& state) {
  Storm storm(static_cast<std::size_t>(state.range(0)));
  const auto packets = static_cast<std::uint32_t>(state.range(1));
  const auto asked = static_cast<double>(state.range(0) * state.range(1));
  double early = 0, later = 0;
  for (auto _ : state) {
    storm.keep_calm();
    state.SetIterationTime(static_cast<double>(storm.ask_for(packets).count) * 1e-6);
    early += static_cast<double>(storm.ask_again()) / asked;
    storm.wait();
    later += static_cast<double>(storm.ask_again()) / asked;
  }
  state.counters["early_served"] = early / static_cast<double>(state.iterations());
  state.counters["later_served"] = later / static_cast<double>(state.iterations());
}
BENCHMARK(repeated_storm)
    ->Args({20000, 1})
    ->Args({20000, 2})
    ->Args({20000, 10})
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

void publisher_loss_storm(benchmark::State& state) {
  Storm storm(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    storm.keep_calm();
    state.SetIterationTime(static_cast<double>(storm.lose_one().count) * 1e-6);
  }
  report(state, storm);
  if (storm.repaired() != 0 || storm.not_held() < static_cast<std::uint64_t>(state.iterations() * state.range(0)))
    state.SkipWithError("viewers were repaired one by one");
}
BENCHMARK(publisher_loss_storm)->Arg(20000)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fanlight::bench
