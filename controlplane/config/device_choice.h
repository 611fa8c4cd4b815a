// Which [[ethernet.device]] datagrams leave or come in by. There is no routing table: an address on a device's link, a
// gateway, or the operator's word decide, and where none does, the operator is asked for one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace fanlight::control {

// What `interface` says of it: "net_af_packet0", "0000:01:00.0".
[[nodiscard]] std::string_view name_of(const DeviceOptions& device);

struct DeviceWish {
  IpAddress peer;                        // A host's address, or a group.
  std::optional<IpAddress> source = {};  // Of ours.
  std::string_view interface = {};       // A device's name.
};
// Its place among the devices. The error says what stands in the way and what to say instead.
[[nodiscard]] Result<std::size_t, std::string> choose_device(const EthernetOptions& ethernet, const DeviceWish& wish);

}  // namespace fanlight::control
