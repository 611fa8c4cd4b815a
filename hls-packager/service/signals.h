// SIGINT, SIGTERM and SIGHUP, on a thread of their own: threads that are made while one of these lives leave them to
// it. Until somebody takes them they do what they do by default, so that a start that waits can be ended.
#pragma once

#include <signal.h>

#include <functional>
#include <mutex>
#include <thread>

namespace fanlight::packager {

class Signals {
 public:
  // On the main thread, before there are others. Ignores SIGPIPE from now on.
  Signals();
  ~Signals() { close(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // From now on each goes to `take`, by number, on this thread of ours.
  void hand_to(std::function<void(int)> take);
  // `take` is not called any more, and signals that come are nobody's. May be called again.
  void close();

 private:
  void run();
  // False: there will be no more.
  bool take_one(int number);

  sigset_t taken_{};
  std::mutex mutex_;
  bool is_over_ = false;
  std::function<void(int)> take_;
  std::thread thread_;
};

}  // namespace fanlight::packager
