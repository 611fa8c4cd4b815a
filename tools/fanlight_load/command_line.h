// The command line of fanlight-load.
#pragma once

#include <variant>

#include "fanlight_load/flood.h"
#include "fanlight_load/hls_settings.h"
#include "fanlight_load/rtp_settings.h"
#include "fanlight_load/settings.h"

namespace fanlight::load {

// Settings of one kind or the other, or the status to exit with: everything has been said then.
[[nodiscard]] std::variant<Settings, FloodSettings, RtpSettings, HlsSettings, int> parse_command_line(int argc,
                                                                                                      char** argv);

}  // namespace fanlight::load
