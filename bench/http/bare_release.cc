#include "http/bare_release.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "http/sockets.h"

namespace fanlight::packager {

class BareRelease::Loop {
 public:
  Loop(Descriptor listener, const std::string& answer) : listener_(std::move(listener)), answer_(answer) {
    watch(listener_.get());
    watch(word_.get());
    thread_ = std::thread([this] { run(); });
  }
  ~Loop() {
    is_stopping_ = true;
    say();
    thread_.join();
  }
  void say() const {
    const std::uint64_t one = 1;
    CHECK(write(word_.get(), &one, sizeof one) == sizeof one);
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  }
  void run() {
    while (!is_stopping_) {
      std::array<epoll_event, 256> events;
      const int news = epoll_wait(epoll_.get(), events.data(), 256, -1);
      for (int i = 0; i < news; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }
  void handle(int fd) {
    if (fd == word_.get()) {
      release();
    } else if (fd == listener_.get()) {
      Accepted accepted = accept_one(listener_);
      CHECK(accepted.socket.is_open());
      watch(accepted.socket.get());
      open_.push_back(std::move(accepted.socket));
    } else if (const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0); got <= 0) {
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    } else {
      CHECK(memmem(buffer_.data(), static_cast<std::size_t>(got), "\r\n\r\n", 4) != nullptr);
      asked_.push_back(fd);
      waiting_.store(asked_.size(), std::memory_order_relaxed);
    }
  }
  void release() {
    std::uint64_t words = 0;
    CHECK(read(word_.get(), &words, sizeof words) == sizeof words);
    for (const int fd : asked_)
      CHECK(send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer_.size()));
    asked_.clear();
    waiting_.store(0, std::memory_order_relaxed);
  }

  const Descriptor listener_;
  const std::string& answer_;
  Descriptor epoll_{epoll_create1(0)};
  Descriptor word_{eventfd(0, 0)};
  std::vector<Descriptor> open_;
  std::vector<int> asked_;
  std::array<char, 4'096> buffer_{};
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

BareRelease::BareRelease(std::size_t threads, std::string answer) : answer_(std::move(answer)) {
  Endpoint at{IpAddress::v4(127, 0, 0, 1), 0};
  for (std::size_t i = 0; i < threads; ++i) {
    Result<Descriptor> listener = open_listener(at, i > 0);
    CHECK(listener);
    at = local_address(*listener);
    loops_.push_back(std::make_unique<Loop>(*std::move(listener), answer_));
  }
  port_ = at.port;
}
BareRelease::~BareRelease() = default;

std::size_t BareRelease::waiting() const {
  std::size_t all = 0;
  for (const auto& loop : loops_) all += loop->waiting();
  return all;
}

void BareRelease::release() {
  for (const auto& loop : loops_) loop->say();
}

}  // namespace fanlight::packager
