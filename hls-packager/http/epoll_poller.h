// Poller over epoll.
#pragma once

#include <array>

#include "http/poller.h"
#include "http/sockets.h"

namespace fanlight::packager {

class EpollPoller final : public Poller {
 public:
  static Result<std::unique_ptr<Poller>> open();

  [[nodiscard]] bool watch_level(int fd, std::uint64_t name) override;
  void mute(int fd, std::uint64_t name) override;
  void unmute(int fd, std::uint64_t name) override;
  [[nodiscard]] bool watch_edge(int fd, std::uint64_t name) override;
  void forget(int, std::uint64_t) override {}  // The kernel does, when it is closed.
  [[nodiscard]] std::span<const News> wait(int at_most_ms) override;

 private:
  static constexpr int kEventsAtOnce = 256;
  [[nodiscard]] bool control(int operation, int fd, std::uint64_t name, std::uint32_t events) noexcept;

  Descriptor epoll_;
  std::array<epoll_event, kEventsAtOnce> events_;
  std::array<News, kEventsAtOnce> news_;
};

}  // namespace fanlight::packager
