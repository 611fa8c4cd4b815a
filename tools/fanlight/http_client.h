// One exchange with the relay's control API over its Unix socket.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fanlight::cli {

struct Answer {
  unsigned status = 0;
  std::string body;
};

// kUnavailable: nobody answers at `socket_path`. kNoRights: somebody may, but not to us.
[[nodiscard]] Result<Answer> exchange(const std::string& socket_path, std::string_view method, std::string_view target,
                                      std::string_view body = "");

// An answer without end: `tell` is given each line as it comes, empty ones left out. Returns when the relay ends it; a
// status of 300 and more is an answer like any other.
[[nodiscard]] Result<Answer> follow(const std::string& socket_path, std::string_view target,
                                    const std::function<void(std::string_view line)>& tell);

// "live/main" → "live%2Fmain": a name as one path segment or query value.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace fanlight::cli
