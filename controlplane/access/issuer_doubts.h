// What is valid in a list of issuers and hardly meant, as sentences for people.
#pragma once

#include <string>
#include <vector>

#include "config/issuer_rule.h"

namespace fanlight::control {

// Issuers without a key, and keys whose tokens an earlier issuer with the same key takes for its own.
[[nodiscard]] std::vector<std::string> find_issuer_doubts(const std::vector<IssuerRule>& issuers);

}  // namespace fanlight::control
