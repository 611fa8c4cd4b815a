// The API's answers as text for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fanlight::cli {

[[nodiscard]] std::string status_report(const nlohmann::json& status);
[[nodiscard]] std::string streams_report(const nlohmann::json& answer);
[[nodiscard]] std::string sessions_report(const nlohmann::json& answer);
// The statistics of one session, in words and numbers.
[[nodiscard]] std::string session_report(const nlohmann::json& session);

}  // namespace fanlight::cli
