#include "jose/jwks.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <string>

#include "jose/base64url.h"
#include "jose/json.h"
#include "jose/text.h"

namespace fanlight::jose {
namespace {

using nlohmann::json;

Error wrong(std::string what) { return {ErrorCode::kInvalid, std::move(what)}; }

// Empty when it is not there, or no text.
std::string text_of(const json& key, const char* member) {
  const auto it = key.find(member);
  return it != key.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

// RFC 7517 §4.3: a key with operations is for these alone.
bool may_verify(const json& key) {
  if (key.contains("use") && text_of(key, "use") != "sig") return false;
  const auto operations = key.find("key_ops");
  if (operations == key.end()) return true;
  return operations->is_array() && std::ranges::find(*operations, json("verify")) != operations->end();
}

std::optional<Algorithm> algorithm_of(const json& key) {
  const std::string kind = text_of(key, "kty");
  const std::string curve = text_of(key, "crv");
  if (kind == "oct") return Algorithm::kHs256;
  if (kind == "RSA") return Algorithm::kRs256;
  if (kind == "EC" && curve == "P-256") return Algorithm::kEs256;
  if (kind == "OKP" && curve == "Ed25519") return Algorithm::kEdDsa;
  return std::nullopt;
}

// One for our algorithms that may check signatures.
bool is_ours(const json& key) {
  const std::optional<Algorithm> algorithm = algorithm_of(key);
  return algorithm && may_verify(key) && (!key.contains("alg") || text_of(key, "alg") == name_of(*algorithm));
}

Result<std::string> bytes_of(const json& key, const char* member) {
  const std::string text = text_of(key, member);
  std::optional<std::string> bytes = decode_base64url(text);
  if (text.empty() || !bytes) return wrong(std::string{"\""} + member + "\" is not there, or not base64url");
  return *std::move(bytes);
}

Result<Key> key_of(const json& key) {
  if (key.contains("d")) return wrong("holds a private key (\"d\"), which only the issuer should have");
  const Algorithm algorithm = *algorithm_of(key);
  const bool is_secret = algorithm == Algorithm::kHs256;
  const bool is_rsa = algorithm == Algorithm::kRs256;
  Result<std::string> first = bytes_of(key, is_secret ? "k" : is_rsa ? "n" : "x");
  if (!first) return first.error();
  if (is_secret) {
    Result<Key> secret = Key::of_secret(*first);
    OPENSSL_cleanse(first->data(), first->size());
    return secret;
  }
  if (algorithm == Algorithm::kEdDsa) return Key::of_ed25519(*first);
  const Result<std::string> second = bytes_of(key, is_rsa ? "e" : "y");
  if (!second) return second.error();
  return is_rsa ? Key::of_rsa(*first, *second) : Key::of_p256(*first, *second);
}

std::string title_of(std::size_t index, const std::string& id) {
  std::string title = "keys[" + std::to_string(index) + "]";
  if (!id.empty()) title += " (kid " + shown(id) + ")";
  return title + ": ";
}

}  // namespace

Result<std::vector<Key>> parse_jwks(std::string_view text) {
  const std::optional<json> set = parse_json(text);
  if (!set)
    return wrong("no JSON, a member twice in one object, or nested deeper than " + std::to_string(kJsonDepthMax));
  if (!set->is_object() || !set->contains("keys") || !set->at("keys").is_array())
    return wrong("no JWK set: {\"keys\": […]}");
  const json& listed = set->at("keys");
  if (listed.size() > kKeysPerSetMax)
    return wrong(std::to_string(listed.size()) + " keys; " + std::to_string(kKeysPerSetMax) + " are the most");
  std::vector<Key> keys;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (!listed[i].is_object()) return wrong(title_of(i, "") + "no object");
    if (!is_ours(listed[i])) continue;
    const std::string id = text_of(listed[i], "kid");
    Result<Key> key = key_of(listed[i]);
    if (!key) return wrong(title_of(i, id) + key.error().what);
    key->set_id(id);
    const bool is_twice = std::ranges::any_of(keys, [&](const Key& other) {
      return !id.empty() && other.id() == id && other.algorithm() == key->algorithm();
    });
    if (is_twice) return wrong(title_of(i, id) + "a kid that an earlier key of its kind has");
    keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace fanlight::jose
