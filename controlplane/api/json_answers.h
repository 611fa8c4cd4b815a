// Reports as the JSON that the API answers. docs/api.md has the fields for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "api/relay.h"
#include "session/session_event.h"

namespace fanlight::control {

// Names come from peers and need not be UTF-8: what is not becomes U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::json& json);

[[nodiscard]] nlohmann::json status_json(const RelayFacts& facts, const Report& report);
[[nodiscard]] nlohmann::json bans_json(const std::vector<BanView>& bans);
[[nodiscard]] nlohmann::json feeds_json(const std::vector<FeedView>& feeds, const Report& report);
[[nodiscard]] nlohmann::json calls_json(const std::vector<CallView>& calls);
[[nodiscard]] nlohmann::json streams_json(const Report& report);
// Of all streams, or of one.
[[nodiscard]] nlohmann::json sessions_json(const Report& report, const std::optional<std::string>& stream);
// With "stats".
[[nodiscard]] nlohmann::json session_json(const SessionView& session);
// What does not apply is left out. `wall_ms`: milliseconds since 1970-01-01T00:00:00Z.
[[nodiscard]] nlohmann::json event_json(const SessionEvent& event, std::int64_t wall_ms);
[[nodiscard]] std::string event_line(const SessionEvent& event, std::int64_t wall_ms);

}  // namespace fanlight::control
