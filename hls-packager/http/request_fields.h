// What of a request we act on, whichever HTTP it came by.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace fanlight::packager {

[[nodiscard]] std::optional<HttpMethod> method_of(std::string_view name) noexcept;

// Into path and query. `*` is for OPTIONS alone. Answers false for what is no target.
[[nodiscard]] bool split_target(std::string_view target, HttpRequest& request) noexcept;

// What stands for the value of Range where If-Range makes it void: no range. What we send has no validator, so no
// condition on one holds. RFC 9110 §13.1.5
inline constexpr std::string_view kNoRange = "none";

// Fields that do not concern us are ignored. Of two of a kind the first one counts.
void take_request_field(std::string_view name, std::string_view value, HttpRequest& request) noexcept;

// Of an Accept-Encoding field's value (RFC 9110 §12.5.3): whether gzip may be sent.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

}  // namespace fanlight::packager
