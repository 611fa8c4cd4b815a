// A policy from the keys of its [[policy]] table.
#pragma once

#include "config/fields.h"
#include "config/policy_rule.h"

namespace fanlight::control {

// Asks `reader` for every key of a policy and finishes it. Only usable when no problem was noted.
[[nodiscard]] PolicyRule read_policy_rule(FieldReader& reader, int line);

}  // namespace fanlight::control
