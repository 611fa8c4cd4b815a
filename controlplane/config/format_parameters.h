// A format's parameters, as a=fmtp has them: NAME=VALUE; NAME=VALUE
#pragma once

#include <algorithm>
#include <string_view>

#include "config/letters.h"

namespace fanlight::control {

// AAC's mode says how to take it apart. RFC 3640 §4.1
[[nodiscard]] inline bool says_mode(std::string_view parameters) {
  constexpr std::string_view kMode = "mode=";
  while (!parameters.empty()) {
    std::string_view one = parameters.substr(0, parameters.find(';'));
    parameters.remove_prefix(std::min(one.size() + 1, parameters.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    if (one.size() > kMode.size() && begins_with(one, kMode)) return true;
  }
  return false;
}

}  // namespace fanlight::control
