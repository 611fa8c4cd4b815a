#include "http/epoll_poller.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace fanlight::packager {

Result<std::unique_ptr<Poller>> EpollPoller::open() {
  auto poller = std::make_unique<EpollPoller>();
  poller->epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!poller->epoll_.is_open()) return Error{ErrorCode::kFailed, std::string("epoll: ") + std::strerror(errno)};
  return std::unique_ptr<Poller>(std::move(poller));
}

bool EpollPoller::watch_level(int fd, std::uint64_t name) { return control(EPOLL_CTL_ADD, fd, name, EPOLLIN); }
void EpollPoller::mute(int fd, std::uint64_t name) { (void)control(EPOLL_CTL_MOD, fd, name, 0); }
void EpollPoller::unmute(int fd, std::uint64_t name) { (void)control(EPOLL_CTL_MOD, fd, name, EPOLLIN); }
bool EpollPoller::watch_edge(int fd, std::uint64_t name) {
  return control(EPOLL_CTL_ADD, fd, name, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool EpollPoller::control(int operation, int fd, std::uint64_t name, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = name;
  return epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

std::span<const Poller::News> EpollPoller::wait(int at_most_ms) {
  const int count = epoll_wait(epoll_.get(), events_.data(), kEventsAtOnce, at_most_ms);
  const std::size_t heard = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (std::size_t i = 0; i < heard; ++i) news_[i] = {events_[i].data.u64, events_[i].events};
  return {news_.data(), heard};
}

}  // namespace fanlight::packager
