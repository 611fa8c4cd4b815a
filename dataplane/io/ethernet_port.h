// EthernetPort: UDP over any DPDK devices, of each the queues of one worker. Path::door is the device's place in the
// options.
//
// One thread. Nothing is allocated after open(). The clock is read once per receive(), for neighbour timers; what is
// sent until the next one goes by it.
#pragma once

#include <memory>
#include <vector>

#include "io/ethernet_link.h"
#include "io/port.h"

namespace fanlight::io {

struct EthernetPortOptions {
  std::vector<EthernetLinkOptions> links;
  int doorbell = -1;    // An eventfd of the caller's; a write to it ends wait().
  Micros idle_sleep{};  // How long wait() may sleep; 0 polls without pause.
};

class EthernetPort {
 public:
  static Result<std::unique_ptr<EthernetPort>> open(const EthernetPortOptions& options);

  [[nodiscard]] const EthernetLink& link(std::size_t door) const noexcept { return *links_[door]; }

  // --- io::Port
  [[nodiscard]] std::size_t receive(std::span<Arrival> arrivals) noexcept;
  [[nodiscard]] std::size_t transmit(std::span<Departure> departures) noexcept;
  [[nodiscard]] std::size_t transmit_fresh(const FreshRun& run) noexcept;
  void address(const Path& path, Envelope& envelope) noexcept;
  void wait(Micros span) noexcept;
  [[nodiscard]] const PortCounters& counters() const noexcept { return counters_; }

 private:
  explicit EthernetPort(const EthernetPortOptions& options)
      : doorbell_(options.doorbell), idle_sleep_(options.idle_sleep) {}

  PortCounters counters_;
  Instant now_;  // Of the last receive().
  std::vector<std::unique_ptr<EthernetLink>> links_;
  std::size_t next_link_ = 0;
  int doorbell_;
  Micros idle_sleep_;
};
static_assert(Port<EthernetPort>);

}  // namespace fanlight::io
