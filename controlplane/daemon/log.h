// The log: spdlog to stderr, on the control thread only. Workers count; they do not write.
#pragma once

#include "config/config.h"

namespace fanlight::control {

void open_log(LogLevel level);
void set_log_level(LogLevel level);

}  // namespace fanlight::control
