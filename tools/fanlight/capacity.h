// `fanlight capacity`: the measurement is fanlightd's, which knows ports and configuration; we find it and become it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fanlight::cli {

struct CapacityQuestion {
  std::string config = "/etc/fanlight/fanlight.toml";
  std::string fanlightd;  // Empty: beside this program, else where PATH has it.
  std::vector<double> megabits;
  std::optional<std::size_t> viewers;
  std::optional<int> key_bits;
};

// The arguments that fanlightd is called with, its own name first.
[[nodiscard]] std::vector<std::string> arguments_of(const CapacityQuestion& question, bool is_json);
// Comes back only when fanlightd cannot be started: with the exit code.
[[nodiscard]] int measure_capacity(const CapacityQuestion& question, bool is_json);

}  // namespace fanlight::cli
