#include "access/issuer_table.h"

#include <algorithm>
#include <optional>

#include "access/claim_reader.h"
#include "config/stream_pattern.h"
#include "jose/jwt.h"
#include "jose/text.h"

namespace fanlight::control {
namespace {

using jose::shown;
using wire::Reject;

TokenFault malformed(std::string why) { return {Reject::kBadRequest, "malformed token: " + std::move(why)}; }
TokenFault refused(std::string why) { return {Reject::kUnauthorized, std::move(why)}; }

bool may_be_of(const jose::Key& key, const jose::Jwt& jwt) {
  const bool is_named = !jwt.key_id || key.id().empty() || *jwt.key_id == key.id();
  return is_named && jwt.algorithm == jose::name_of(key.algorithm());
}

std::string title_of(const jose::Jwt& jwt) {
  return "alg " + shown(jwt.algorithm) + (jwt.key_id ? ", kid " + shown(*jwt.key_id) : "");
}

// What all of an issuer's tokens have to hold. RFC 7519 §4.1.3: one for an audience is not for who has no name there.
std::optional<TokenFault> judge_dates_and_audience(const IssuerRule& issuer, ClaimReader& reader, WallTime at,
                                                   TokenClaims& claims) {
  using Rounding = ClaimReader::Rounding;
  const std::optional<WallTime> expires = reader.date("exp", Rounding::kDown);
  const std::optional<WallTime> begins = reader.date("nbf", Rounding::kUp);
  (void)reader.date("iat", Rounding::kDown);  // Decides nothing; a number all the same.
  const std::vector<std::string> audience = reader.texts("aud");
  if (!reader.fault().empty()) return malformed(reader.fault());
  const auto by = [&](std::string what) { return refused("token of " + issuer.name + ": " + std::move(what)); };
  if (!issuer.aud.empty() && std::ranges::find(audience, issuer.aud) == audience.end())
    return by("not for aud " + shown(issuer.aud) + (audience.empty() ? ", for nobody" : ", for " + shown(audience[0])));
  if (issuer.aud.empty() && !audience.empty())
    return by("for aud " + shown(audience[0]) + ", and the issuer's table has no aud");
  if (!expires && issuer.needs_exp) return by("it has no exp");
  if (expires && at.raw() >= expires->raw() + issuer.leeway_s)
    return by("expired " + std::to_string(at.raw() - expires->raw()) + " s ago");
  if (begins && at.raw() < begins->raw() - issuer.leeway_s)
    return by("not valid for " + std::to_string(begins->raw() - at.raw()) + " s yet");
  if (expires) claims.expires = WallTime{expires->raw() + issuer.leeway_s};
  return std::nullopt;
}

Result<TokenClaims, TokenFault> read_claims(const IssuerRule& issuer, const jose::Jwt& jwt, WallTime at) {
  ClaimReader reader(jwt.claims);
  TokenClaims claims{.issuer = issuer.name, .ends_at_expiry = issuer.ends_at_expiry};
  claims.user = reader.text("sub");
  claims.group = reader.text("group");
  claims.stream = reader.stream();
  claims.role = reader.mode();
  claims.address = reader.address();
  claims.latency = reader.latency("latency_ms");
  claims.latency_max = reader.latency("latency_max_ms");
  if (claims.latency && claims.latency_max && *claims.latency_max < *claims.latency)
    reader.complain("latency_max_ms", "at least latency_ms");
  if (auto fault = judge_dates_and_audience(issuer, reader, at, claims)) return *std::move(fault);
  return claims;
}

}  // namespace

Result<TokenClaims, TokenFault> IssuerTable::verify(std::string_view token, WallTime at) const {
  const Result<jose::Jwt> jwt = jose::parse_jwt(token);
  if (!jwt) return malformed(jwt.error().what);
  if (jwt->has_critical) return refused("token with crit, of which nothing is understood");
  ClaimReader reader(jwt->claims);
  const std::string iss = reader.text("iss");
  if (!reader.fault().empty()) return malformed(reader.fault());

  bool is_known = false;
  int tried = 0;
  for (const IssuerRule& issuer : issuers_) {
    if (!issuer.iss.empty() && issuer.iss != iss) continue;
    is_known = true;
    for (const jose::Key& key : issuer.keys) {
      if (!may_be_of(key, *jwt)) continue;
      if (tried++ == kKeysTriedMax)
        return refused("token with " + title_of(*jwt) + ": more than " + std::to_string(kKeysTriedMax) +
                       " keys might be its own");
      if (key.verifies(jwt->signed_part, jwt->signature)) return read_claims(issuer, *jwt, at);
    }
  }
  if (!is_known) return refused("token of iss " + shown(iss) + ", which no issuer has");
  if (tried == 0) return refused("token with " + title_of(*jwt) + ", for which there is no key");
  return refused("token with " + title_of(*jwt) + ": its signature is not of any key");
}

std::optional<wire::Reject> IssuerTable::judge(AccessRequest& request) const {
  if (issuers_.empty() || request.wanted.token.empty()) return std::nullopt;
  Result<TokenClaims, TokenFault> claims = verify(request.wanted.token, request.at);
  if (!claims) {
    request.token_fault = std::move(claims.error().why);
    return claims.error().reason == Reject::kBadRequest ? std::optional{Reject::kBadRequest} : std::nullopt;
  }
  request.token_fault = find_misplacement(*claims, request);
  request.is_token_misplaced = !request.token_fault.empty();
  if (!request.is_token_misplaced) request.claims = *std::move(claims);
  return std::nullopt;
}

std::string find_misplacement(const TokenClaims& claims, const AccessRequest& request) {
  const std::string of = "token of " + claims.issuer + " is for ";
  if (!claims.stream.empty() && !covers(claims.stream, request.wanted.name)) return of + "stream " + claims.stream;
  if (claims.role && *claims.role != request.wanted.role)
    return of + (*claims.role == Role::kPublisher ? "publishing" : "viewing");
  if (claims.address && !claims.address->covers(request.from.ip)) return of + "address " + claims.address->text();
  return {};
}

}  // namespace fanlight::control
