// From a master key to the keys of RTP and of RTCP. RFC 3711 §4.3, RFC 7714 §11, RFC 6188 (AES-256)
#pragma once

#include <array>
#include <cstddef>

#include "crypto/srtp_suite.h"

namespace fanlight::crypto {

// Wiped when it goes; what a suite does not use is zero.
struct SrtpSessionKey {
  std::array<std::byte, 32> key{};
  std::array<std::byte, 20> authentication{};  // HMAC-SHA1's.
  std::array<std::byte, 14> salt{};
  ~SrtpSessionKey();
};

struct SrtpSessionKeys {
  SrtpSessionKey rtp;
  SrtpSessionKey rtcp;
};

// Derived once, at the first packet: the key derivation rate is 0, as SDES has it where nothing is said. Allocates:
// control thread.
[[nodiscard]] SrtpSessionKeys derive_srtp(const SrtpMaster& master);

}  // namespace fanlight::crypto
