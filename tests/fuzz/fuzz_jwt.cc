// Tokens and JWK sets as strangers send them and operators get them. The first byte says what the rest is.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/issuer_table.h"
#include "base/check.h"
#include "jose/base64url.h"
#include "jose/json.h"
#include "jose/jwks.h"
#include "jose/jwt.h"
#include "jose/text.h"

namespace {

using namespace fanlight;

constexpr control::WallTime kNow{1'800'000'000};

// Keys with short names; the secrets' tokens can be signed by who writes the corpus.
const control::IssuerTable& issuers() {
  static const control::IssuerTable table = [] {
    control::IssuerRule rule{.name = "fuzz"};
    rule.keys.push_back(*jose::Key::of_secret("a secret of two and thirty bytes"));
    rule.keys.push_back(*jose::Key::of_ed25519(std::string(32, '\x09')));
    return control::IssuerTable({rule});
  }();
  return table;
}

void read_token(std::string_view token) {
  const auto jwt = jose::parse_jwt(token);
  const auto claims = issuers().verify(token, kNow);
  CHECK(jwt || (!claims && claims.error().reason == wire::Reject::kBadRequest));
  if (jwt)
    CHECK(token.starts_with(jwt->signed_part) && jwt->claims.is_object() && token.size() <= jose::kTokenBytesMax);
  if (!claims) {
    CHECK(!claims.error().why.empty() && jose::is_plain(claims.error().why));
    return;
  }
  CHECK(jwt->algorithm == "HS256" || jwt->algorithm == "EdDSA");
  CHECK(claims->expires && claims->expires->raw() > kNow.raw());
  CHECK(jose::is_plain(claims->user) && jose::is_plain(claims->group));
  control::AccessRequest request;
  request.wanted.name = "live/main";
  request.wanted.token = token;
  request.at = kNow;
  CHECK(!issuers().judge(request));
  CHECK(request.claims.has_value() != request.is_token_misplaced);
}

void read_claims(std::string_view text) {
  const auto value = jose::parse_json(text);
  if (!value || !value->is_object()) return;
  const std::string again = value->dump();
  const auto reread = jose::parse_json(again);
  CHECK(reread && reread->dump() == again);
}

void read_keys(std::string_view text) {
  const auto keys = jose::parse_jwks(text);
  if (!keys) {
    CHECK(!keys.error().what.empty());
    return;
  }
  CHECK(keys->size() <= jose::kKeysPerSetMax);
  for (const jose::Key& key : *keys) CHECK(!key.verifies("text", "no signature of it"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 't') read_token(text);
  if (data[0] == 'j') read_claims(text);
  if (data[0] == 'k') read_keys(text);
  if (data[0] == 'b') (void)jose::decode_base64url(text);
  return 0;
}
