// `fanlight policy …` and `fanlight key set|list|expire|kick`: who may come in, and with which passphrase.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "fanlight/commands.h"

namespace fanlight::cli {

struct PolicyQuestion {
  std::string stream_id;
  std::string from;
  std::string at;      // RFC 3339; empty: now.
  std::string listen;  // The relay's address; empty: it has one, or it makes no difference.
};

// Whom a key is for.
struct KeyOfWhom {
  std::string stream;
  bool publishes = false;
  bool views = false;
  std::string user;
  std::string group;
};

struct KeyToSet {
  KeyOfWhom whom;
  std::string passphrase_file;            // Empty: a line of stdin, asked for when that is a terminal.
  std::optional<std::int64_t> expires_s;  // From now on.
  bool kicks = false;
};

struct KeyToExpire {
  KeyOfWhom whom;
  std::int64_t in_s = 0;
  bool kicks = false;
};

// 0 when the caller would come in, 1 when it would not or there is no answer.
[[nodiscard]] int check_policy(const Context& context, const PolicyQuestion& question);
[[nodiscard]] int list_policies(const Context& context);
[[nodiscard]] int set_key(const Context& context, const KeyToSet& key);
[[nodiscard]] int kick_earlier(const Context& context, const KeyOfWhom& whom);
[[nodiscard]] int list_keys(const Context& context);
[[nodiscard]] int expire_keys(const Context& context, const KeyToExpire& key);

// What the answers say, for people.
[[nodiscard]] std::string forecast_report(const nlohmann::json& forecast);
[[nodiscard]] std::string policies_report(const nlohmann::json& answer);
[[nodiscard]] std::string keys_report(const nlohmann::json& answer);

}  // namespace fanlight::cli
