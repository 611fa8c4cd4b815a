// Every allocation of this process, C's and C++'s, counted: benchmarks show that a step has none, or how much a thing
// holds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fanlight::bench {

[[nodiscard]] std::uint64_t allocations();    // Calls so far.
[[nodiscard]] std::size_t allocated_bytes();  // Held right now, the allocator's rounding included.

}  // namespace fanlight::bench
