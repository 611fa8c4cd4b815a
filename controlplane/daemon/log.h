// The log: spdlog to stderr, by the control thread only. Workers count; they do not write.
#pragma once

#include "config/config.h"
#include "daemon/log_writer.h"

namespace fanlight::control {

// Lines are written at once, by whoever says them.
void open_log(LogLevel level);
void set_log_level(LogLevel level);

// While it lives, the log's reader keeps nobody waiting. Its thread has the rights and the turn of who makes it.
class BackgroundLog {
 public:
  BackgroundLog();
  ~BackgroundLog();
  BackgroundLog(const BackgroundLog&) = delete;
  BackgroundLog& operator=(const BackgroundLog&) = delete;

  // A line without time and level, in its turn.
  void add(std::string line) { writer_.add(std::move(line)); }

 private:
  LogWriter writer_;
};

}  // namespace fanlight::control
