// What control would say to let a caller in: a bench is the control plane, as a capacity trial is.
#pragma once

#include <memory>
#include <string_view>

#include "capacity/opening.h"

namespace fanlight::bench {

using Caller = control::TrialCaller;
using control::opening;

// Null for "none"; otherwise a random key of "aes128" or "aes256".
inline std::unique_ptr<crypto::SessionCiphers> random_ciphers(std::string_view cipher) {
  return control::random_ciphers(cipher == "none" ? 0 : cipher == "aes128" ? 16 : 32);
}

}  // namespace fanlight::bench
