// What a capacity measurement found, for people and for scripts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capacity/model.h"

namespace fanlight::control {

struct CapacityReport {
  std::string port{};  // "sockets" or "ethernet".
  std::size_t key_bytes = 0;
  double seconds = 0;   // What the measurement took.
  std::string line{};   // The interface whose speed bounds; empty when none is known.
  WorkerCosts costs{};  // The middle of so many passes.
  std::size_t passes = 1;
  Bounds bounds{};
  std::vector<Prediction> predictions{};   // By growing bitrate.
  std::optional<std::size_t> viewers{};    // Asked about.
  std::vector<std::string> notes{};        // Sentences that hold whatever the bitrate.
  static constexpr double kAdvised = 0.8;  // Of what it holds: the rest is for bursts, repairs and joins.
};

[[nodiscard]] std::string text_of(const CapacityReport& report);
// One object; docs/capacity.md has the keys.
[[nodiscard]] std::string json_of(const CapacityReport& report);
// Where the figures are from: phrases.
[[nodiscard]] std::vector<std::string> measured_here(const CapacityReport& report);
[[nodiscard]] std::vector<std::string> assumed_here(const CapacityReport& report);
// How to get more, for each limit that bounds a prediction.
[[nodiscard]] std::vector<std::string> ways_up(const CapacityReport& report);

}  // namespace fanlight::control
