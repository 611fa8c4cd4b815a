// What a webhook's HTTP response means. It decides who comes in, so half an understanding is none: a field of the wrong
// type, a field said twice, anything but 200 with a JSON object, and the answer counts for nothing.
//
//   200 {"allow": true, "user": "ann", "group": "gold", "passphrase": "…", "latency_ms": 200, …}
//   200 {"allow": false, "code": 2404, "reason": "no such show"}
//   403                                    refused, with 2403
#pragma once

#include <string>
#include <string_view>

#include "access/decision.h"

namespace fanlight::control {

// `body` is wiped: it may hold a passphrase. Why there is no answer, and a refusal's `by`, never repeat a value but the
// webhook's own "reason".
[[nodiscard]] InquiryAnswer read_answer(unsigned status, std::string& body);

}  // namespace fanlight::control
