#include "service/signals.h"

#include <pthread.h>

#include <utility>

namespace fanlight::packager {

Signals::Signals() {
  sigemptyset(&taken_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&taken_, number);
  pthread_sigmask(SIG_BLOCK, &taken_, nullptr);
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { run(); });
}

void Signals::hand_to(std::function<void(int)> take) {
  const std::lock_guard lock(mutex_);
  take_ = std::move(take);
}

void Signals::close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGHUP);  // Any of them: it waits for one.
  thread_.join();
}

void Signals::run() {
  pthread_setname_np(pthread_self(), "signals");
  for (int number = 0; sigwait(&taken_, &number) == 0;)
    if (!take_one(number)) return;
}

bool Signals::take_one(int number) {
  const std::lock_guard lock(mutex_);
  if (is_over_) return false;
  if (take_) {
    take_(number);
    return true;
  }
  // As if we were not here: where it is ignored (nohup), all goes on.
  pthread_sigmask(SIG_UNBLOCK, &taken_, nullptr);
  raise(number);
  pthread_sigmask(SIG_BLOCK, &taken_, nullptr);
  return true;
}

}  // namespace fanlight::packager
