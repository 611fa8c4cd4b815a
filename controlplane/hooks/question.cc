#include "hooks/question.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>

#include "access/time_text.h"
#include "base/check.h"
#include "config/key_rule.h"
#include "session/conclusion.h"

namespace fanlight::control {

using nlohmann::json;

std::string write_question(const Inquiry& inquiry) {
  const AccessRequest& request = inquiry.request;
  json out = {{"event", "request"},
              {"id", inquiry.id},
              {"at", time_text(request.at.raw() * 1'000)},
              {"mode", direction_of(request.wanted.role)},
              {"stream", request.wanted.name},
              {"user", request.wanted.user},
              {"address", request.from.ip.text()},
              {"port", request.from.port},
              {"srt_version", version_text(request.srt_version)},
              {"encrypted", request.is_encrypted}};
  if (!request.wanted.token.empty()) out["token"] = request.wanted.token;
  if (!request.token_fault.empty()) out["token_fault"] = request.token_fault;
  if (request.claims)
    out["claims"] = {
        {"issuer", request.claims->issuer}, {"user", request.claims->user}, {"group", request.claims->group}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string signature_of(std::string_view body, std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(body.data());
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, body.size(), digest.data(), &size) !=
        nullptr);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "sha256=";
  for (unsigned i = 0; i < size; ++i) out += {kHex[digest[i] >> 4], kHex[digest[i] & 15]};
  return out;
}

}  // namespace fanlight::control
