// The most memory that a packager takes, from its settings alone: said before anybody comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "live/live_stream.h"
#include "service/settings.h"

namespace fanlight::packager {

// In bytes; what the kernel holds for sockets is not counted.
struct MemoryBound {
  std::uint64_t streams = 0;
  std::uint64_t connections = 0;
  std::uint64_t program = 0;  // Itself, and the page.
  [[nodiscard]] std::uint64_t all() const noexcept { return streams + connections + program; }
};

[[nodiscard]] LiveOptions live_options_of(const StreamSettings& settings);
[[nodiscard]] MemoryBound memory_bound(const Settings& settings, std::size_t connections_max);
// "1.2 GiB: 640 MiB for 2 streams, …"
[[nodiscard]] std::string described(const MemoryBound& bound, const Settings& settings, std::size_t connections_max);

}  // namespace fanlight::packager
