// How many streams and how much memory a configuration asks for: computed and printed before anything starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "contract/commands.h"
#include "io/memory_plan.h"

namespace fanlight::control {

// A pattern's streams come by themselves; the plan has room for so many of each, beside those that the file's own feeds
// and calls publish.
inline constexpr std::size_t kStreamsPerPattern = 4;
// And for so many of the default dimensions, to be added by the API.
inline constexpr std::size_t kSpareStreams = 1;

// History slots of a stream (design D1): bitrate_max × (latency_max + gop_max + 1 s) in packets of 1,316 bytes, rounded
// up to a power of two.
[[nodiscard]] std::size_t history_slots(const StreamOptions& options);

// What a device queue is asked to hold; DPDK's virtual and real drivers take 512 or 1,024.
inline constexpr std::uint16_t kDescriptorsPerQueue = 1024;
// A packet's count is 16 bits wide: as many references to one packet may be under way, some room kept (design D7).
inline constexpr std::size_t kReferencesMax = 60'000;

struct DataplanePlan {
  std::size_t streams_max = 0;
  std::size_t history_slots = 0;     // All streams together.
  std::size_t sessions_max = 0;      // All workers together.
  std::size_t publisher_places = 0;  // Of a worker's sessions, kept for publishers.
  io::MemoryPlan memory;             // Of packets.
  std::size_t secret_bytes = 0;      // The heap of keys and passphrases.
  [[nodiscard]] std::string text() const;
};

// An error when memory_mb is given and too small, when sessions_max does not hold the destinations, or when more
// devices are listed than a packet can be counted on.
[[nodiscard]] Result<DataplanePlan> plan_dataplane(const Config& config);

}  // namespace fanlight::control
