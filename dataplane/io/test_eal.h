// DPDK for this test program: started once, unprivileged, before the first test that asks for it.
#pragma once

#include <gtest/gtest.h>

#include "io/eal.h"

namespace fanlight::io {

inline void need_eal() {
  static const bool started = [] {
    const Result<Done> outcome = start_eal({.memory_bytes = std::size_t{96} << 20, .devices = {}});
    if (!outcome) ADD_FAILURE() << outcome.error().what;
    return outcome.has_value() && register_worker_thread().has_value();
  }();
  ASSERT_TRUE(started);
}

}  // namespace fanlight::io
