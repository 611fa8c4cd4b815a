#include "config/issuer_rule.h"

#include <utility>

#include "config/secret.h"
#include "config/secret_source.h"

namespace fanlight::control {
namespace {

constexpr IntegerRange kLeewaySeconds{0, 300};
constexpr IntegerRange kSecretBytes{jose::Key::kSecretBytesMin, jose::Key::kSecretBytesMax};

std::string full_path(const FieldReader& reader, const std::string& path) {
  return path.starts_with('/') || !reader.places() ? path : reader.places()->directory + path;
}

std::optional<LaterReader> later_reader(const FieldReader& reader) {
  return reader.places() ? reader.places()->later : std::nullopt;
}

void read_jwks(FieldReader& reader, IssuerRule& rule, const std::string& path) {
  rule.jwks = full_path(reader, path);
  rule.jwks_stamp = stamp_of(rule.jwks);
  Result<std::vector<jose::Key>> keys = read_jwks_file(rule.jwks, later_reader(reader));
  if (keys)
    rule.keys = *std::move(keys);
  else
    reader.complain("jwks", rule.jwks + ", which " + keys.error().what, "the path of a JWK set");
}

void read_public_key(FieldReader& reader, IssuerRule& rule, const std::string& path) {
  const std::string full = full_path(reader, path);
  const Result<jose::Key> key = read_public_key_file(full, later_reader(reader));
  if (key)
    rule.keys.push_back(*key);
  else
    reader.complain("public_key", full + ", which " + key.error().what, "the path of a public key in PEM");
}

void read_keys(FieldReader& reader, IssuerRule& rule) {
  const std::string jwks = reader.text("jwks");
  const std::string public_key = reader.text("public_key");
  std::string secret = read_secret(reader, "secret", kSecretBytes);
  const WipedAtEnd wiped({&secret});
  const int written = int{reader.has("jwks")} + int{reader.has("public_key")} + int{has_secret(reader, "secret")};
  if (written != 1)
    return reader.complain("", written == 0 ? "no keys" : "keys from " + std::to_string(written) + " places",
                           "one of jwks, public_key, secret, secret_file, secret_credential");
  if (reader.has("jwks")) return read_jwks(reader, rule, jwks);
  if (reader.has("public_key")) return read_public_key(reader, rule, public_key);
  if (!secret.empty()) rule.keys.push_back(*jose::Key::of_secret(secret));
}

}  // namespace

IssuerRule read_issuer_rule(FieldReader& reader, int line) {
  IssuerRule rule{.name = reader.text("name"), .line = line};
  if (rule.name.empty()) reader.complain("name", reader.has("name") ? "\"\"" : "nothing", "a name for policies to use");
  rule.iss = reader.text("iss");
  rule.aud = reader.text("aud");
  rule.leeway_s = reader.integer("leeway_s", kLeewaySeconds, rule.leeway_s);
  rule.needs_exp = reader.flag("require_exp", rule.needs_exp);
  rule.ends_at_expiry = reader.flag("end_at_expiry", rule.ends_at_expiry);
  read_keys(reader, rule);
  reader.finish();
  return rule;
}

}  // namespace fanlight::control
