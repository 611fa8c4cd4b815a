// Lines on their way to whoever reads the log, who may take their time.
//
// A pipe holds 64 KiB. If its reader stalls, write() waits for it, and whoever writes then is no more: so who
// speaks only hands lines over, and a thread of this object's own writes them. Making stderr non-blocking instead would
// make it so for every program that shares the terminal. What waits is bounded; when it is full the oldest line goes,
// and the reader is told how many went.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace fanlight::control {

class LogWriter {
 public:
  static constexpr std::size_t kWaitingBytesMax = 1 << 20;

  // `who`: begins the line that tells of a loss.
  LogWriter(int fd, std::string who);
  // Gives the reader a second for what waits. After that the thread is left behind, in its write() until the process
  // ends.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // With its line feed. Never waits for the reader.
  void add(std::string line);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // The thread's, too: it may outlive us.
};

}  // namespace fanlight::control
