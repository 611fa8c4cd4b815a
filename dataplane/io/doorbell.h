// Wakes a sleeping thread: an eventfd, rung once per batch. -1: nobody sleeps (the simulator).
#pragma once

#include <unistd.h>

#include <cstdint>

namespace fanlight::io {

inline void ring_doorbell(int bell) noexcept {
  if (bell < 0) return;
  const std::uint64_t one = 1;
  // A full counter means it rings already; nothing else can fail here.
  [[maybe_unused]] const ssize_t written = write(bell, &one, sizeof one);
}

}  // namespace fanlight::io
