// CHECK: our own bug, always fatal. DCHECK: the same, in debug, fuzz and simulation builds only.
// Neither ever guards bytes that came from the network.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace fanlight {

[[noreturn]] inline void check_failed(const char* file, int line, const char* claim) noexcept {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, claim);
  std::abort();
}

}  // namespace fanlight

#define CHECK(claim) ((claim) ? static_cast<void>(0) : ::fanlight::check_failed(__FILE__, __LINE__, #claim))

#ifdef FANLIGHT_DCHECKS
#define DCHECK(claim) CHECK(claim)
#else
#define DCHECK(claim) static_cast<void>(sizeof((claim) ? 1 : 0))
#endif
