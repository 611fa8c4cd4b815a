// The API's answers as text for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fanlight::cli {

[[nodiscard]] std::string status_report(const nlohmann::json& status);
[[nodiscard]] std::string streams_report(const nlohmann::json& answer);
// Of the calls that the relay makes, those to listeners of one role.
[[nodiscard]] std::string called_viewers_report(const nlohmann::json& answer);
[[nodiscard]] std::string called_publishers_report(const nlohmann::json& answer);
[[nodiscard]] std::string feeds_report(const nlohmann::json& answer);
[[nodiscard]] std::string bans_report(const nlohmann::json& answer);
[[nodiscard]] std::string sessions_report(const nlohmann::json& answer);
// The statistics of one session, in words and numbers.
[[nodiscard]] std::string session_report(const nlohmann::json& session);

// One line for one of the relay's events.
[[nodiscard]] std::string event_report(const nlohmann::json& event);

}  // namespace fanlight::cli
