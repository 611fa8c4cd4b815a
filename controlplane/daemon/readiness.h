// Tells the service manager how far we are: sd_notify's protocol, one datagram to $NOTIFY_SOCKET. Our own few lines,
// because libsystemd would be a library for one sendto().
#pragma once

#include <string_view>

namespace fanlight::control {

// "READY=1", "STOPPING=1". Does nothing when nobody asked for it.
void notify_service_manager(std::string_view state);

}  // namespace fanlight::control
