// The issuers whose tokens count, and what a token is worth: bytes, keys and the time of day in, claims or a fault out.
//
// An issuer answers for the tokens that name it (iss), or for any when it has no iss. Of its keys those are tried that
// have the token's alg and, when both have one, its kid; kKeysTriedMax at most, whoever sends it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/request.h"
#include "base/result.h"
#include "config/issuer_rule.h"
#include "wire/reject.h"

namespace fanlight::control {

inline constexpr int kKeysTriedMax = 8;

// kBadRequest: malformed. kUnauthorized: not signed by whom it says, over, not yet, or for others.
struct TokenFault {
  wire::Reject reason = wire::Reject::kUnauthorized;
  std::string why;  // For the log. Of the token it shows alg, kid, iss and aud, nothing that lets somebody in.
};

class IssuerTable {
 public:
  IssuerTable() = default;
  explicit IssuerTable(std::vector<IssuerRule> issuers) : issuers_(std::move(issuers)) {}

  [[nodiscard]] bool is_empty() const { return issuers_.empty(); }
  [[nodiscard]] Result<TokenClaims, TokenFault> verify(std::string_view token, WallTime at) const;
  // Says in the request what its token is worth. Without issuers nobody looks at tokens. Answers the reason to turn the
  // request down whatever the policies say: a token that is malformed.
  [[nodiscard]] std::optional<wire::Reject> judge(AccessRequest& request) const;

 private:
  std::vector<IssuerRule> issuers_;
};

// Why a good token does not let its bearer do what it wants; empty: it does.
[[nodiscard]] std::string find_misplacement(const TokenClaims& claims, const AccessRequest& request);

}  // namespace fanlight::control
