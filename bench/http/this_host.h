// What benches of HTTP ask of the host: a CPU of their own, and what its clocks say.
#pragma once

#include <sched.h>

#include <ctime>

namespace fanlight::packager {

// The calling thread, or process before it has others. Where there is no such CPU it stays where it is.
inline void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

// Wherever it was pinned to.
inline void unpin() {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

inline double seconds_of(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace fanlight::packager
