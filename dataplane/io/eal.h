// Bringing DPDK up and giving threads to it. Once per process.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace fanlight::io {

struct EalOptions {
  std::size_t memory_bytes = 0;  // From io/memory_plan.h.
  // Ethernet: virtual devices with their arguments ("net_af_packet0,iface=eth1") or PCI addresses ("0000:03:00.0").
  // Empty on kernel sockets: EAL then needs no rights at all.
  std::vector<std::string> devices;
  // Use hugepages when enough of them are free; without them EAL runs on ordinary pages.
  bool try_hugepages = false;
};

// The calling thread keeps its CPU affinity.
[[nodiscard]] Result<Done> start_eal(const EalOptions& options);

// One more device, for an end that needs another to be up before it. EAL was started with memory for it.
[[nodiscard]] Result<Done> add_device(const std::string& device);

// Free on this host: in hugepages of one size, and what the kernel could give without swapping (0: it does not say).
[[nodiscard]] std::size_t free_hugepage_bytes();
[[nodiscard]] std::size_t available_bytes();

// Gives the calling thread its own caches of the packet pools, and timers that fire within microseconds.
[[nodiscard]] Result<Done> register_worker_thread();
void unregister_worker_thread();

}  // namespace fanlight::io
