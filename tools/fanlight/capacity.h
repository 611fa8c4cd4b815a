// `fanlight capacity`: the measurement is fanlightd's, which knows ports and configuration; we find it and become it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fanlight::cli {

struct CapacityQuestion {
  std::string config = "/etc/fanlight/fanlight.toml";
  std::string fanlightd;  // Empty: as find_fanlightd() says.
  std::vector<double> megabits;
  std::optional<std::size_t> viewers;
  std::optional<int> key_bits;
};

// For a program in `folder`: beside it, or where the build puts it; else the bare name, which is looked up in PATH.
[[nodiscard]] std::string find_fanlightd(const std::string& folder);
// The arguments that fanlightd is called with, its own name first.
[[nodiscard]] std::vector<std::string> arguments_of(const CapacityQuestion& question, bool is_json);
// Comes back only when fanlightd cannot be started: with the exit code.
[[nodiscard]] int measure_capacity(const CapacityQuestion& question, bool is_json);

}  // namespace fanlight::cli
