// 32 random bits where nothing is secret: where numbers begin, when something is tried again. The system's; 0 when it
// has none.
#pragma once

#include <cstdint>
#include <span>

#include "crypto/aes.h"

namespace fanlight::control {

inline std::uint32_t random_word() {
  std::uint32_t word = 0;
  (void)crypto::fill_random(std::as_writable_bytes(std::span(&word, 1)));
  return word;
}

}  // namespace fanlight::control
