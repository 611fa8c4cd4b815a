// Google Benchmark with DPDK up, for packet buffers. Its own --help tells the options.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "io/eal.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const fanlight::Result<fanlight::Done> eal =
      fanlight::io::start_eal({.memory_bytes = std::size_t{128} << 20, .devices = {}, .try_hugepages = true});
  if (!eal) return std::fprintf(stderr, "micro_bench: %s\n", eal.error().what.c_str()), 1;
  benchmark::RunSpecifiedBenchmarks();
}
