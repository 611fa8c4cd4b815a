// What a run has shown: for people a table, for scripts JSON whose keys docs/load.md promises, for both a verdict.
#pragma once

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fanlight_load/crowd.h"
#include "fanlight_load/settings.h"
#include "io/port.h"

namespace fanlight::load {

struct PublishersReport {
  std::size_t count = 0;
  std::size_t connected = 0;
  std::uint64_t sent = 0;
  std::uint64_t repaired = 0;
  std::uint64_t reported_lost = 0;
  std::uint64_t unacknowledged = 0;
  std::uint64_t delayed = 0;
  std::map<std::string, std::size_t> failures;
};

struct Report {
  double duration_s = 0;
  double ramp_s = 0;
  double cpu_s = 0;             // Of this process, while running.
  double busy_s = 0;            // In turns of its loop that moved something.
  bool is_interrupted = false;  // By a signal, before its time.
  std::uint64_t received_while_running = 0;
  std::unique_ptr<std::array<Figures, kManners>> figures;
  Histogram answers_ns;                         // From a viewer's call to what the relay said.
  std::map<std::string, std::size_t> failures;  // Of good viewers: why they ended or never came.
  PublishersReport publishers;
  std::uint64_t hashed = 0;
  std::uint64_t missed_ticks = 0;
  std::uint64_t strangers = 0;
  std::uint64_t unsent = 0;
  io::PortCounters port;
  link_proxy::LinkCounters up;
  link_proxy::LinkCounters down;
  std::uint64_t copies_not_made = 0;  // Duplicates of the bad weather for which no buffer was left.

  [[nodiscard]] const Figures& good() const { return figures->front(); }
};

// Why the run has failed; empty when everything that was published arrived in time, or is excused.
[[nodiscard]] std::vector<std::string> judge(const Settings& settings, const Report& report);

[[nodiscard]] std::string as_json(const Settings& settings, const Report& report);
[[nodiscard]] std::string as_table(const Settings& settings, const Report& report);

// One line on a terminal that is written over each second; elsewhere a line each second, when asked for.
class Progress {
 public:
  struct Now {
    const char* stage = "";
    double seconds = 0;
    std::size_t up = 0;
    std::uint64_t published = 0;
    const Figures& good;
  };
  Progress(bool is_on, bool is_terminal) : is_on_(is_on || is_terminal), is_terminal_(is_terminal) {}
  [[nodiscard]] bool is_on() const { return is_on_; }
  void show(const Now& now);
  void finish();

 private:
  bool is_on_;
  bool is_terminal_;
  std::uint64_t received_before_ = 0;
  double seconds_before_ = 0;
  bool has_line_ = false;
};

}  // namespace fanlight::load
