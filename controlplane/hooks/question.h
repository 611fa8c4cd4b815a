// What a webhook is told of a caller, as one JSON object.
#pragma once

#include <string>

#include "session/inquiry_desk.h"

namespace fanlight::control {

// It may hold a token: whoever has sent it wipes it.
[[nodiscard]] std::string write_question(const Inquiry& inquiry);

// The value of X-Fanlight-Signature: "sha256=" and the HMAC of `body` in hex.
[[nodiscard]] std::string signature_of(std::string_view body, std::string_view key);

}  // namespace fanlight::control
