// One [[policy]] of the configuration: whom it is about, and what becomes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/commands.h"

namespace fanlight::control {

struct PolicyRule {
  enum class Then : std::uint8_t { kAllow, kDeny, kAsk };
  std::string stream = "*";          // A name, or a pattern with one trailing '*'.
  std::optional<Role> role{};        // Absent: both.
  std::vector<std::string> users{};  // u= of the stream ID is one of them; empty: anybody.
  Then then = Then::kAllow;
  std::string webhook{};  // Whom to ask.
  bool fails_open = false;
  int line = 0;  // In the file.
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

}  // namespace fanlight::control
