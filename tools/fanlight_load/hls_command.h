// The words of `fanlight-load hls`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "fanlight_load/hls_settings.h"

namespace fanlight::load {

class HlsCommand {
 public:
  void add_to(CLI::App& app);
  // Of the words that were parsed.
  [[nodiscard]] Result<HlsSettings> read() const;

 private:
  HlsSettings settings_;
  std::string url_;
  double duration_us_ = 10e6;
  double late_us_ = 0;
  double excused_late_ = 0;
  std::vector<std::string> owned_;
};

}  // namespace fanlight::load
