// A port as the configuration describes it.
#pragma once

#include <memory>

#include "config/config.h"
#include "io/ethernet_port.h"
#include "io/socket_port.h"

namespace fanlight::control {

// Worker number `worker`'s. `doorbell`: an eventfd that ends the port's sleep. The pool outlives the port. The sockets
// of an address must be opened in the order of the workers: by that the kernel numbers them.
[[nodiscard]] Result<std::unique_ptr<io::SocketPort>> open_socket_port(const Config& config, std::size_t worker,
                                                                       PacketPool& receive_pool, int doorbell);
[[nodiscard]] Result<std::unique_ptr<io::EthernetPort>> open_ethernet_port(const Config& config, std::size_t worker,
                                                                           PacketPool& receive_pool,
                                                                           PacketPool& header_pool, int doorbell);

}  // namespace fanlight::control
