#include "access/issuer_doubts.h"

#include <algorithm>

namespace fanlight::control {
namespace {

std::string title_of(const IssuerRule& issuer) {
  return "issuer " + issuer.name + " (line " + std::to_string(issuer.line) + ")";
}

// Whether every token of `later` with that key is tried with a key of `first`, and found good.
bool takes(const IssuerRule& first, const IssuerRule& later, const jose::Key& key) {
  const bool hears = first.iss.empty() || first.iss == later.iss;
  return hears && std::ranges::any_of(first.keys, [&](const jose::Key& one) {
           return (one.id().empty() || one.id() == key.id()) && one.is_same_as(key);
         });
}

}  // namespace

std::vector<std::string> find_issuer_doubts(const std::vector<IssuerRule>& issuers) {
  std::vector<std::string> doubts;
  for (const IssuerRule& issuer : issuers)
    if (issuer.keys.empty())
      doubts.push_back(title_of(issuer) + ": " + issuer.jwks +
                       " has no key for HS256, RS256, ES256 or EdDSA that may verify: none of its tokens counts");
  for (auto later = issuers.begin(); later != issuers.end(); ++later)
    for (const jose::Key& key : later->keys) {
      const auto first = std::find_if(issuers.begin(), later, [&](const auto& one) { return takes(one, *later, key); });
      if (first == later) continue;
      doubts.push_back(title_of(*later) + " has no say on tokens of its key" +
                       (key.id().empty() ? "" : " '" + key.id() + "'") + ": " + title_of(*first) +
                       " has the same key and stands before it; an iss of its own for each keeps them apart");
    }
  return doubts;
}

}  // namespace fanlight::control
