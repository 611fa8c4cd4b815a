// Google Benchmark with DPDK up, for packet buffers. Its own --help tells the options. Ends with 1 when a benchmark
// said that something was wrong: the library's own status is 0 whatever became of them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>

#include "crypto/secret_memory.h"
#include "io/eal.h"

namespace {

class WatchingReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override { return shown_.ReportContext(context); }
  void ReportRuns(const std::vector<Run>& runs) override {
    had_error_ = had_error_ || std::ranges::any_of(runs, [](const Run& run) { return run.error_occurred; });
    shown_.ReportRuns(runs);
  }
  void Finalize() override { shown_.Finalize(); }
  [[nodiscard]] bool had_error() const { return had_error_; }

 private:
  benchmark::BenchmarkReporter& shown_ = *benchmark::CreateDefaultDisplayReporter();  // As --benchmark_format says.
  bool had_error_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const fanlight::Result<fanlight::Done> eal =
      fanlight::io::start_eal({.memory_bytes = std::size_t{128} << 20, .devices = {}, .try_hugepages = true});
  if (!eal) return std::fprintf(stderr, "micro_bench: %s\n", eal.error().what.c_str()), 1;
  (void)fanlight::crypto::open_secret_heap(std::size_t{16} << 20);  // Where the relay has its keys.
  WatchingReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.had_error() ? 1 : 0;
}
