#include "access/issuer_doubts.h"

#include <algorithm>

#include "access/issuer_table.h"

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

// How many keys are tried before `key` of `later` with a token that carries its kid.
std::size_t tried_before(const std::vector<IssuerRule>& issuers, const IssuerRule& later, const jose::Key& key) {
  std::size_t tried = 0;
  for (const IssuerRule& issuer : issuers) {
    if (!issuer.iss.empty() && issuer.iss != later.iss) continue;
    for (const jose::Key& one : issuer.keys) {
      if (&one == &key) return tried;
      const bool may_be = one.id().empty() || key.id().empty() || one.id() == key.id();
      if (may_be && one.algorithm() == key.algorithm()) ++tried;
    }
  }
  return tried;
}

void add_unreached(const std::vector<IssuerRule>& issuers, std::vector<std::string>& doubts) {
  for (const IssuerRule& issuer : issuers) {
    const auto is_unreached = [&](const jose::Key& key) { return tried_before(issuers, issuer, key) >= kKeysTriedMax; };
    if (std::ranges::none_of(issuer.keys, is_unreached)) continue;
    doubts.push_back(
        title_of(issuer) + " has keys that no token is tried with: " + std::to_string(kKeysTriedMax) +
        " others of that algorithm stand before them, and more are not tried; an iss for each issuer, or a "
        "kid for each key, keeps them apart");
  }
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
  add_unreached(issuers, doubts);
  return doubts;
}

}  // namespace fanlight::control
