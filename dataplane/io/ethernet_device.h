// One DPDK ethdev, configured and started once for all workers: worker i has receive and transmit queue i to itself.
//
// Opened and closed on one thread, while no worker runs. Between that, workers share nothing of it but what it can do,
// decided at start, and the neighbours' news.
#pragma once

#include <rte_ethdev.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/neighbour_news.h"
#include "net/ethernet.h"
#include "packet/packet.h"

namespace fanlight::io {

struct EthernetDeviceOptions {
  std::string device;                  // As EAL was told: "net_af_packet0,iface=eth1" or a PCI address.
  std::uint16_t workers = 1;           // A queue of each direction for each.
  std::uint16_t descriptors = 1024;    // Asked for, per queue and direction; the device may want others.
  bool linear = false;                 // Copy into one segment even where the device takes chains.
  PacketPool* receive_pool = nullptr;  // Made for devices. Outlives the device.
};

// What one worker has of a device: a value, so that its bursts read nothing that others share. Not beyond the device.
class EthernetQueue {
 public:
  EthernetQueue(std::uint16_t port, std::uint16_t number, bool takes_chains, bool sums_udp)
      : port_(port), number_(number), takes_chains_(takes_chains), sums_udp_(sums_udp) {}

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }  // Also the worker's.
  // A header segment and a payload segment leave as one frame; otherwise frames must be copied together.
  [[nodiscard]] bool takes_chains() const noexcept { return takes_chains_; }
  // The device completes UDP checksums from a pseudo header's sum.
  [[nodiscard]] bool sums_udp() const noexcept { return sums_udp_; }

  [[nodiscard]] std::size_t receive(std::span<rte_mbuf*> frames) noexcept {
    return rte_eth_rx_burst(port_, number_, frames.data(), static_cast<std::uint16_t>(frames.size()));
  }
  // Takes from the front; answers how many. The device frees what it took.
  [[nodiscard]] std::size_t transmit(std::span<rte_mbuf*> frames) noexcept {
    return rte_eth_tx_burst(port_, number_, frames.data(), static_cast<std::uint16_t>(frames.size()));
  }

 private:
  std::uint16_t port_;
  std::uint16_t number_;
  bool takes_chains_;
  bool sums_udp_;
};

class EthernetDevice {
 public:
  static Result<std::unique_ptr<EthernetDevice>> open(const EthernetDeviceOptions& options);

  EthernetDevice(const EthernetDevice&) = delete;
  EthernetDevice& operator=(const EthernetDevice&) = delete;
  ~EthernetDevice();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const net::MacAddress& mac() const noexcept { return mac_; }
  [[nodiscard]] std::uint16_t workers() const noexcept { return workers_; }
  [[nodiscard]] EthernetQueue queue(std::uint16_t worker) const noexcept {
    return {port_, worker, takes_chains_, sums_udp_};
  }
  [[nodiscard]] NeighbourNews& news() noexcept { return news_; }

  // What comes to these groups is to reach us; where the device cannot choose, whatever comes to any. Once, before the
  // workers run.
  void hear_groups(std::span<const net::MacAddress> groups);

  // Slow; a few times per second at most. Worker 0's thread.
  [[nodiscard]] bool is_up() const noexcept;
  // Frames lost so far because the receive pool was dry, on all queues. Worker 0's thread.
  [[nodiscard]] std::uint64_t frames_without_buffer() const noexcept;

 private:
  EthernetDevice(std::string name, std::uint16_t port, std::uint16_t workers)
      : name_(std::move(name)), port_(port), workers_(workers), news_(workers) {}
  [[nodiscard]] int start(const EthernetDeviceOptions& options, const rte_eth_dev_info& info);
  [[nodiscard]] int set_up_queues(const EthernetDeviceOptions& options, const rte_eth_txconf& transmit);

  std::string name_;
  std::uint16_t port_;
  std::uint16_t workers_;
  unsigned interface_index_ = 0;  // Of the kernel's interface below the device; 0 when there is none.
  net::MacAddress mac_{};
  bool takes_chains_ = false;
  bool sums_udp_ = false;
  NeighbourNews news_;
};

}  // namespace fanlight::io
