// One started DPDK ethdev: what it can do, decided once, and its bursts.
#pragma once

#include <rte_ethdev.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "net/ethernet.h"
#include "packet/packet.h"

namespace fanlight::io {

struct EthernetDeviceOptions {
  std::string device;  // As EAL was told: "net_af_packet0,iface=eth1" or a PCI address.
  std::uint16_t receive_queues = 1;
  std::uint16_t descriptors = 1024;    // Asked for, per queue and direction; the device may want others.
  bool linear = false;                 // Copy into one segment even where the device takes chains.
  PacketPool* receive_pool = nullptr;  // Made for devices. Outlives the device.
};

class EthernetDevice {
 public:
  static Result<EthernetDevice> open(const EthernetDeviceOptions& options);

  EthernetDevice(EthernetDevice&& other) noexcept;
  EthernetDevice& operator=(EthernetDevice&&) = delete;
  ~EthernetDevice();

  [[nodiscard]] const net::MacAddress& mac() const noexcept { return mac_; }
  [[nodiscard]] std::uint16_t queues() const noexcept { return queues_; }
  // A header segment and a payload segment leave as one frame; otherwise frames must be copied together.
  [[nodiscard]] bool takes_chains() const noexcept { return takes_chains_; }
  // The device completes UDP checksums from a pseudo header's sum.
  [[nodiscard]] bool sums_udp() const noexcept { return sums_udp_; }

  [[nodiscard]] std::size_t receive(std::uint16_t queue, std::span<rte_mbuf*> frames) noexcept {
    return rte_eth_rx_burst(port_, queue, frames.data(), static_cast<std::uint16_t>(frames.size()));
  }
  // Takes from the front; answers how many. The device frees what it took.
  [[nodiscard]] std::size_t transmit(std::span<rte_mbuf*> frames) noexcept {
    return rte_eth_tx_burst(port_, 0, frames.data(), static_cast<std::uint16_t>(frames.size()));
  }
  // Slow; a few times per second at most.
  [[nodiscard]] bool is_up() const noexcept;
  // Frames lost so far because the receive pool was dry.
  [[nodiscard]] std::uint64_t frames_without_buffer() const noexcept;

 private:
  explicit EthernetDevice(std::uint16_t port) : port_(port) {}
  [[nodiscard]] int start(const EthernetDeviceOptions& options, const rte_eth_dev_info& info);
  void hear_groups();

  static constexpr std::uint16_t kNoPort = RTE_MAX_ETHPORTS;
  std::uint16_t port_ = kNoPort;
  std::uint16_t queues_ = 0;
  unsigned interface_index_ = 0;  // Of the kernel's interface below the device; 0 when there is none.
  net::MacAddress mac_{};
  bool takes_chains_ = false;
  bool sums_udp_ = false;
};

}  // namespace fanlight::io
