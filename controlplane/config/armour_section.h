// [armour]: how much of what strangers ask for is done.
#pragma once

#include <string>

#include "config/fields.h"
#include "contract/armour.h"

namespace fanlight::control {

// half_open_max is 0 when the file does not say it.
[[nodiscard]] ArmourOptions read_armour(FieldReader& reader);
// One line for people.
[[nodiscard]] std::string armour_text(const ArmourOptions& armour);

}  // namespace fanlight::control
