// What somebody asks for, as far as its handshake and its address say. Nothing in it is known to be true but the
// address, which the cookie proved, and the claims, which a signature did.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "access/stream_id.h"
#include "base/ip.h"
#include "base/prefix.h"
#include "contract/commands.h"

namespace fanlight::control {

// Seconds since 1970-01-01T00:00:00Z. Expiry dates and time windows are of this clock, which an operator may set.
using WallTime = Strong<struct WallTimeTag, std::int64_t>;

// What a token with a good signature says for its bearer; it is not expired. Absent: anything.
struct TokenClaims {
  std::string issuer;  // By its name in the configuration.
  std::string user{};
  std::string group{};
  std::string stream{};  // A name or a pattern.
  std::optional<Role> role{};
  std::optional<IpPrefix> address{};
  std::optional<Micros> latency{};
  std::optional<Micros> latency_max{};
  std::optional<WallTime> expires{};  // The leeway included.
  bool ends_at_expiry = false;        // So does the session.
  friend bool operator==(const TokenClaims&, const TokenClaims&) = default;
};

struct AccessRequest {
  StreamRequest wanted;  // Role, stream, user, token.
  Endpoint from;
  std::uint32_t srt_version = 0;
  bool is_encrypted = false;  // It sent a key message.
  WallTime at{};
  std::optional<TokenClaims> claims{};  // Of a token that is good and covers what is wanted.
  std::string token_fault{};            // Why the token that came counts for nothing.
  bool is_token_misplaced = false;      // Because it is good, but for another stream, mode or address.
};

}  // namespace fanlight::control
