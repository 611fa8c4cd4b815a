#include "jose/jwt.h"

#include <algorithm>

#include "jose/base64url.h"

namespace fanlight::jose {
namespace {

using nlohmann::json;

Error malformed(std::string what) { return {ErrorCode::kInvalid, std::move(what)}; }

std::optional<json> parse_object(std::string_view part) {
  const std::optional<std::string> text = decode_base64url(part);
  std::optional<json> object = text ? parse_json(*text) : std::nullopt;
  return object && object->is_object() ? std::move(object) : std::nullopt;
}

}  // namespace

Result<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kTokenBytesMax) return malformed("longer than " + std::to_string(kTokenBytesMax) + " bytes");
  if (std::ranges::count(token, '.') != 2) return malformed("not three parts with dots between them");
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');

  const std::optional<json> header = parse_object(token.substr(0, first));
  if (!header) return malformed("its header is no JSON object in base64url");
  const auto algorithm = header->find("alg");
  if (algorithm == header->end() || !algorithm->is_string()) return malformed("its header has no alg");
  const auto key_id = header->find("kid");
  if (key_id != header->end() && !key_id->is_string()) return malformed("its kid is no text");

  Jwt jwt;
  jwt.algorithm = *algorithm;
  if (key_id != header->end()) jwt.key_id = *key_id;
  jwt.has_critical = header->contains("crit");
  std::optional<json> claims = parse_object(token.substr(first + 1, second - first - 1));
  if (!claims) return malformed("its claims are no JSON object in base64url");
  jwt.claims = *std::move(claims);
  jwt.signed_part = token.substr(0, second);
  std::optional<std::string> signature = decode_base64url(token.substr(second + 1));
  if (!signature) return malformed("its signature is not base64url");
  jwt.signature = *std::move(signature);
  return jwt;
}

}  // namespace fanlight::jose
