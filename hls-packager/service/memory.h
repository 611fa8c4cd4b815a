// The most memory that a packager takes, from its settings alone: said before anybody comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
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
// What there is for a process, and who says so: "this host has", "the control group /system.slice/x allows".
struct MemoryLimit {
  std::uint64_t bytes = 0;
  std::string of{};
};
// Empty: nobody says.
[[nodiscard]] std::optional<MemoryLimit> memory_limit(const std::filesystem::path& root = "/");
// Words for the log; empty: all of it fits. No reason to refuse: it is a bound, and streams may send far less than they
// may.
[[nodiscard]] std::string what_is_too_much(const Settings& settings, std::size_t connections_max,
                                           const MemoryLimit& limit);
// "1.2 GiB: 640 MiB for 2 streams, …"
[[nodiscard]] std::string described(const MemoryBound& bound, const Settings& settings, std::size_t connections_max);

}  // namespace fanlight::packager
