// A port as the configuration describes it.
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "io/ethernet_port.h"
#include "io/socket_port.h"

namespace fanlight::control {

// Worker number `worker`'s. `doorbell`: an eventfd that ends the port's sleep. The pool outlives the port. The sockets
// of an address must be opened in the order of the workers: by that the kernel numbers them.
[[nodiscard]] Result<std::unique_ptr<io::SocketPort>> open_socket_port(const Config& config, std::size_t worker,
                                                                       PacketPool& receive_pool, int doorbell);

// One for each [[ethernet.device]], with queues for all workers. The pool outlives them.
using EthernetDevices = std::vector<std::unique_ptr<io::EthernetDevice>>;
[[nodiscard]] Result<EthernetDevices> open_ethernet_devices(const Config& config, PacketPool& receive_pool);
// Worker number `worker`'s queues of all devices, which outlive the port.
[[nodiscard]] Result<std::unique_ptr<io::EthernetPort>> open_ethernet_port(const Config& config, std::size_t worker,
                                                                           const EthernetDevices& devices,
                                                                           PacketPool& receive_pool,
                                                                           PacketPool& header_pool,
                                                                           PacketPool& copy_pool, int doorbell);

}  // namespace fanlight::control
