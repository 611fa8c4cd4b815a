// The command line's words for a bad link, shared by the programs that make one.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "link_proxy/link.h"

namespace fanlight::link_proxy {

// One --NAME for both directions, and --up-NAME, --down-NAME that go before it.
struct ImpairmentFlags {
  std::optional<double> loss, burst_loss, burst_length, delay_us, jitter_us, reorder, reorder_hold_us, duplicate;
};

void add_impairment(CLI::App& app, const std::string& prefix, const std::string& group, ImpairmentFlags& flags);
[[nodiscard]] Impairment combined(const ImpairmentFlags& both, const ImpairmentFlags& own);

}  // namespace fanlight::link_proxy
