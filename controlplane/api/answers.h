// What the API's resources have in common: bodies in, answers out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/message.h"
#include "base/result.h"
#include "config/fields.h"

namespace fanlight::control {

[[nodiscard]] Response json_response(unsigned status, const nlohmann::json& body);
[[nodiscard]] Response method_refused(std::string_view allow);
[[nodiscard]] Response not_found(std::string_view what);
[[nodiscard]] Response refusal(const Error& error);

// The body's keys; empty when it is no object.
[[nodiscard]] std::optional<std::vector<Field>> fields_of(const std::string& body);
// Some of them are passphrases, or URLs that hold one.
[[nodiscard]] std::vector<std::string*> texts_of(std::vector<Field>& fields);
// Every mistake in one sentence, as the configuration tells them.
[[nodiscard]] std::string sentence_of(const std::vector<Problem>& problems);

}  // namespace fanlight::control
