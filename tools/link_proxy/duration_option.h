// Times on the command lines of tools: "25ms", never negative.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "base/time.h"

namespace fanlight::link_proxy {

// After the unit is taken off: nothing happens before it began.
[[nodiscard]] CLI::Validator not_negative();
// us, ms, s or min; one is required. What it leaves are microseconds.
[[nodiscard]] CLI::Validator time_unit();

template <class Value>  // double, or an optional of it.
CLI::Option* add_duration(CLI::App& app, const std::string& name, Value& us, const std::string& help) {
  return app.add_option(name, us, help)->transform(time_unit())->check(not_negative());
}

[[nodiscard]] inline Micros to_micros(double us) { return {static_cast<std::int64_t>(us)}; }

}  // namespace fanlight::link_proxy
