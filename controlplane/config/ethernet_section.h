// [[ethernet.device]]: a device's addresses, each with what must hold between them.
#pragma once

#include "config/config.h"
#include "config/fields.h"

namespace fanlight::control {

[[nodiscard]] DeviceOptions read_device(FieldReader& reader);

}  // namespace fanlight::control
