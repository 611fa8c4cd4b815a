#include "daemon/log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace fanlight::control {
namespace {

constexpr std::chrono::seconds kLastLines{1};

// A line that cannot be written is nobody's to hear of.
void write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EAGAIN) {  // Another program made the terminal non-blocking.
      pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
      (void)poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

std::string lost_text(const std::string& who, std::uint64_t lines) {
  return who + ": " + std::to_string(lines) + " lines of the log were lost here: nobody read them in time\n";
}

}  // namespace

struct LogWriter::Shared {
  explicit Shared(std::string whose) : who(std::move(whose)) {}

  const std::string who;
  std::mutex mutex;
  std::condition_variable news;
  std::deque<std::string> waiting;
  std::size_t waiting_bytes = 0;
  std::uint64_t lost = 0;
  bool is_ending = false;
  bool is_over = false;

  // Until there is nothing to write and nothing more will come.
  void run(int fd) {
    std::unique_lock lock(mutex);
    while (true) {
      news.wait(lock, [this] { return is_ending || !waiting.empty(); });
      if (waiting.empty()) break;
      std::string text = lost > 0 ? lost_text(who, std::exchange(lost, 0)) : std::string{};
      text += waiting.front();
      waiting_bytes -= waiting.front().size();
      waiting.pop_front();
      lock.unlock();
      write_whole(fd, text);
      lock.lock();
    }
    is_over = true;
    news.notify_all();
  }
};

LogWriter::LogWriter(int fd, std::string who) : shared_(std::make_shared<Shared>(std::move(who))) {
  std::thread thread([shared = shared_, fd] { shared->run(fd); });
  (void)pthread_setname_np(thread.native_handle(), "log");
  thread.detach();
}

LogWriter::~LogWriter() {
  std::unique_lock lock(shared_->mutex);
  shared_->is_ending = true;
  shared_->news.notify_all();
  const bool is_over = shared_->news.wait_for(lock, kLastLines, [this] { return shared_->is_over; });
  if (!is_over) shared_->waiting.clear();  // The descriptor may soon be another file's.
}

void LogWriter::add(std::string line) {
  {
    const std::lock_guard lock(shared_->mutex);
    Shared& shared = *shared_;
    shared.waiting_bytes += line.size();
    shared.waiting.push_back(std::move(line));
    while (shared.waiting_bytes > kWaitingBytesMax && shared.waiting.size() > 1) {
      shared.waiting_bytes -= shared.waiting.front().size();
      shared.waiting.pop_front();
      ++shared.lost;
    }
  }
  shared_->news.notify_one();
}

}  // namespace fanlight::control
