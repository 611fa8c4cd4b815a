// One question to the relay and what is made of its answer.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fanlight/commands.h"
#include "fanlight/http_client.h"

namespace fanlight::cli {

using Report = std::string (*)(const nlohmann::json&);

struct Ask {
  std::string_view method = "GET";
  std::string target;
  std::string body = {};
};

// Says so on stderr; answers 1.
int fail(const std::string& what);
// The message of an answer that refuses.
[[nodiscard]] std::string reason_of(const Answer& answer);
// Prints the answer as it came, or the report of it. Answers the exit code.
int ask(const Context& context, const Ask& question, Report report);
// The file's first line; an editor's newline at its end is not part of a passphrase.
[[nodiscard]] Result<std::string> read_passphrase(const std::string& path);
// It is a file that others than its owner may read or write.
[[nodiscard]] bool is_open_to_others(const std::string& path);

}  // namespace fanlight::cli
