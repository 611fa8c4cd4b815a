// A set of keys as an issuer publishes it. RFC 7517 §5, RFC 8037 §2
//
// Keys of kinds that we do not check with are left out, as the RFC wants it; one that pretends to be of ours and is not
// sound spoils the set, for somebody will miss it.
#pragma once

#include <string_view>
#include <vector>

#include "jose/key.h"

namespace fanlight::jose {

inline constexpr std::size_t kKeysPerSetMax = 64;

// Errors begin with the key's place: `keys[2] (kid "a"): …`.
[[nodiscard]] Result<std::vector<Key>> parse_jwks(std::string_view text);

}  // namespace fanlight::jose
