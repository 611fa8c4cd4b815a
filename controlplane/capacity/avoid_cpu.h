// A thread that keeps out of another one's way.
#pragma once

#include <sched.h>

namespace fanlight::control {

// The calling thread leaves a CPU when it has another; -1: any will do.
inline void avoid_cpu(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (cpu < 0 || sched_getaffinity(0, sizeof cpus, &cpus) != 0) return;
  CPU_CLR(static_cast<unsigned>(cpu), &cpus);
  if (CPU_COUNT(&cpus) > 0) sched_setaffinity(0, sizeof cpus, &cpus);
}

}  // namespace fanlight::control
