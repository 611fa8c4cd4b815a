// How many streams and how much memory a configuration asks for: computed and printed before anything starts.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "contract/commands.h"
#include "io/memory_plan.h"

namespace fanlight::control {

// A pattern's streams come by themselves; the plan has room for so many of each.
inline constexpr std::size_t kStreamsPerPattern = 4;
// And for so many of the default dimensions, to be added by the API.
inline constexpr std::size_t kSpareStreams = 1;

// History slots of a stream (design D1): bitrate_max × (latency_max + gop_max + 1 s) in packets of 1,316 bytes, rounded
// up to a power of two.
[[nodiscard]] std::size_t history_slots(const StreamOptions& options);

struct DataplanePlan {
  std::size_t streams_max = 0;
  std::size_t history_slots = 0;  // All streams together.
  io::MemoryPlan memory;
  [[nodiscard]] std::string text() const;
};

// An error when memory_mb is given and too small.
[[nodiscard]] Result<DataplanePlan> plan_dataplane(const Config& config);

}  // namespace fanlight::control
