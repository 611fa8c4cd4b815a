// DPDK, packet pools and a port, up in this order and down in the opposite one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "fanlight_load/impaired_port.h"
#include "fanlight_load/settings.h"
#include "fanlight_load/virtual_port.h"
#include "io/ethernet_device.h"

namespace fanlight::load {

class Ports {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Ports>> open(const Settings& settings);
  ~Ports();

  [[nodiscard]] VirtualPort& port() { return *port_; }
  [[nodiscard]] PacketPool& headers() { return *headers_; }
  [[nodiscard]] PacketPool& payloads() { return *payloads_; }
  [[nodiscard]] const ImpairedPort* impairment() const { return impaired_; }
  // Where the session of a slot calls from.
  [[nodiscard]] std::function<Path(std::size_t slot)> path_of() const { return path_of_; }
  // Sentences about what the kernel granted.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  Ports() = default;
  Result<Done> open_sockets(const Settings& settings);
  Result<Done> open_ethernet(const Settings& settings);
  Result<Done> create_pools(const Settings& settings);

  std::unique_ptr<PacketPool> receive_;
  std::unique_ptr<PacketPool> headers_;
  std::unique_ptr<PacketPool> payloads_;
  std::unique_ptr<io::EthernetDevice> device_;  // None on sockets.
  std::unique_ptr<VirtualPort> port_;
  const ImpairedPort* impaired_ = nullptr;
  std::function<Path(std::size_t)> path_of_;
  std::vector<std::string> notes_;
};

}  // namespace fanlight::load
