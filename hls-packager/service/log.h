// The log: spdlog to stderr, by whichever thread has something to say.
#pragma once

#include "daemon/log_writer.h"

namespace fanlight::packager {

// While it lives, the log's reader keeps nobody waiting: neither the streams nor the end.
class BackgroundLog {
 public:
  BackgroundLog();
  // Whatever waits is written, or left, before it returns.
  ~BackgroundLog();
  BackgroundLog(const BackgroundLog&) = delete;
  BackgroundLog& operator=(const BackgroundLog&) = delete;

 private:
  control::LogWriter writer_;
};

}  // namespace fanlight::packager
