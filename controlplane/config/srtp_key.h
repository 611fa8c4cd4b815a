// An SRTP master key as SDES writes it: what stands behind the tag of an a=crypto line, and in the configuration.
// RFC 4568 §6, RFC 7714 §14.2
//
//   AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20
//   SUITE                   inline:BASE64 of key and salt                  |LIFETIME, in packets
//
// Refused by name: a master key identifier (|1:4), a second key, and session parameters that change what is sent.
// No answer shows the key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/fields.h"
#include "crypto/srtp_suite.h"

namespace fanlight::control {

// "found" and "accepted" of a Problem. Never any of the key.
struct SrtpKeyFault {
  std::string found;
  std::string accepted;
  [[nodiscard]] std::string text() const { return found + "; accepted: " + accepted; }
};

[[nodiscard]] Result<crypto::SrtpMaster, SrtpKeyFault> parse_srtp_key(std::string_view text);
// A secret: whoever asks for it wipes it. The lifetime is said when it is not the suites' own.
[[nodiscard]] std::string write_srtp_key(const crypto::SrtpMaster& master);
// `key`, or `key`_file or `key`_credential (secret_source.h). Empty when none is there, and after a problem.
[[nodiscard]] std::optional<crypto::SrtpMaster> read_srtp_key(FieldReader& reader, std::string_view key);

}  // namespace fanlight::control
