// A call rule from its keys: the same for a [[call]] table and for a body of POST /v1/calls.
#pragma once

#include "config/fields.h"
#include "config/rules.h"

namespace fanlight::control {

// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] CallRule read_call_rule(FieldReader& reader);

}  // namespace fanlight::control
