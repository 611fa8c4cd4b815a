// How many files the process may have open, connections included: what the kernel grants it, and how many clients that
// leaves room for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fanlight::packager {

// Raises the soft limit to the hard one, which takes no rights; answers what it is then.
[[nodiscard]] std::uint64_t raise_open_files() noexcept;

// Of `wanted` connections as many as there is room for beside the sockets of `streams` and what else a process opens:
// one client's connections may not be why a source cannot be called again.
[[nodiscard]] std::size_t connections_within(std::uint64_t open_files_max, std::size_t streams,
                                             std::size_t wanted) noexcept;

}  // namespace fanlight::packager
