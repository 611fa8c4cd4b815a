// A JSON Web Token taken apart, in its compact form: header.claims.signature. RFC 7515 §7.1, RFC 7519
//
// Nothing in it is known to be true until a key has verified `signed_part` against `signature`. What a header says of
// keys (jwk, jku, x5c, x5u) is not read: a token does not bring its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "jose/json.h"

namespace fanlight::jose {

inline constexpr std::size_t kTokenBytesMax = 2048;

struct Jwt {
  std::string algorithm;
  std::optional<std::string> key_id;
  bool has_critical = false;  // `crit`: it wants extensions understood, of which we know none. RFC 7515 §4.1.11
  nlohmann::json claims;      // An object.
  std::string_view signed_part;
  std::string signature;
};

// The views are into `token`. Errors say what is malformed, and show nothing of it.
[[nodiscard]] Result<Jwt> parse_jwt(std::string_view token);

}  // namespace fanlight::jose
