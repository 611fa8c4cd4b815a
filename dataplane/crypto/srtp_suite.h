// SRTP's crypto suites, as SDES names them, and what each is made of. RFC 4568 §6.2, RFC 7714 §14.2
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "crypto/secret_memory.h"

namespace fanlight::crypto {

enum class SrtpSuite : std::uint8_t {
  kAesCm128HmacSha1Tag80,
  kAesCm128HmacSha1Tag32,
  kAeadAes128Gcm,
  kAeadAes256Gcm,
};

struct SrtpSuiteForm {
  std::string_view name;
  std::size_t key_bytes = 0;
  std::size_t salt_bytes = 0;
  std::size_t rtp_tag_bytes = 0;
  std::size_t rtcp_tag_bytes = 0;
  bool is_aead = false;
  // What SDES writes in base64: key and salt, one behind the other.
  [[nodiscard]] constexpr std::size_t master_bytes() const { return key_bytes + salt_bytes; }
};

inline constexpr std::array<SrtpSuiteForm, 4> kSrtpSuites{{
    {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, false},
    {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, false},  // RFC 4568 §6.2.2: RTCP's tag is not shortened.
    {"AEAD_AES_128_GCM", 16, 12, 16, 16, true},
    {"AEAD_AES_256_GCM", 32, 12, 16, 16, true},
}};
inline constexpr std::size_t kSrtpTagBytesMax = 16;
inline constexpr std::size_t kSrtcpIndexBytes = 4;
inline constexpr std::size_t kSrtcpTrailerBytesMax = kSrtpTagBytesMax + kSrtcpIndexBytes;
// So far behind the newest a packet may come: RFC 3711 §3.3.2 wants 64 at least, rtp::Receiver waits for 3,000.
inline constexpr std::size_t kSrtpWindowPackets = 4096;

constexpr const SrtpSuiteForm& form_of(SrtpSuite suite) { return kSrtpSuites[static_cast<std::size_t>(suite)]; }

constexpr std::optional<SrtpSuite> srtp_suite_of(std::string_view name) {
  for (std::size_t i = 0; i < kSrtpSuites.size(); ++i)
    if (kSrtpSuites[i].name == name) return static_cast<SrtpSuite>(i);
  return std::nullopt;
}

// A master key and its salt. RFC 3711 §3.2.1: for 2^48 packets of RTP and 2^31 of RTCP, or fewer.
struct SrtpMaster {
  SrtpSuite suite = SrtpSuite::kAesCm128HmacSha1Tag80;
  SecretBytes key_and_salt{};
  std::uint64_t packets_max = std::uint64_t{1} << 48;

  [[nodiscard]] ByteSpan key() const noexcept { return key_and_salt.bytes().first(form_of(suite).key_bytes); }
  [[nodiscard]] ByteSpan salt() const noexcept { return key_and_salt.bytes().subspan(form_of(suite).key_bytes); }
  friend bool operator==(const SrtpMaster&, const SrtpMaster&) = default;
};

}  // namespace fanlight::crypto
