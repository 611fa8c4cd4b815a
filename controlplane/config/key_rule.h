// One [[key]] of the configuration, or of a body of POST /v1/keys: who needs which passphrase.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "contract/commands.h"

namespace fanlight::control {

// Whom a key is for. One of `user` and `group` at most; neither: everybody who has no key of an own.
struct KeyPlace {
  std::string stream;          // A name, or a pattern with one trailing '*'.
  std::optional<Role> role{};  // Absent: publishers and viewers.
  std::string user{};
  std::string group{};
  friend bool operator==(const KeyPlace&, const KeyPlace&) = default;
};

enum class KeySource : std::uint8_t { kConfig, kFile, kCredential, kApi, kStream };  // kStream: a [[stream]]'s own.

struct KeyRule {
  KeyPlace place;
  std::string passphrase;                    // Wiped by who takes it over.
  std::optional<std::int64_t> expires{};     // Seconds since 1970 UTC.
  std::optional<std::int64_t> expires_in{};  // Seconds from now on; over the API.
  KeySource source = KeySource::kConfig;
  int line = 0;  // In the file.
};

// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] KeyRule read_key_rule(FieldReader& reader, int line);
// The same of a body of the API.
[[nodiscard]] KeyRule read_key_body(FieldReader& reader);
// Asks for stream, direction, user and group. Without `needs_direction` an absent direction means all.
[[nodiscard]] KeyPlace read_key_place(FieldReader& reader, bool needs_direction);

[[nodiscard]] std::string_view direction_of(const std::optional<Role>& role);  // "publish", "view", "both".
[[nodiscard]] std::string_view name_of(KeySource source);
// "view of live/main, user bob"
[[nodiscard]] std::string place_text(const KeyPlace& place);

void wipe_passphrases(std::vector<KeyRule>& rules);

}  // namespace fanlight::control
