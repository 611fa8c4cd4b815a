#include "http/uring_poller.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"

namespace fanlight::packager {
namespace {

constexpr unsigned kEntries = 1'024, kNewsMax = 16 * kEntries;
// Apart from names: what is known by its number in the batch, and what needs no answer.
constexpr std::uint64_t kBatch = Poller::kNamesEnd, kUnheard = ~std::uint64_t{0};
constexpr unsigned kBothWays = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
constexpr unsigned kAttemptsMax = 10'000;

Result<Done> open_ring(io_uring& ring) {
  io_uring_params params{};
  // One thread submits, and hears nothing but when it asks.
  params.flags =
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = kNewsMax;
  const int error = io_uring_queue_init_params(kEntries, &ring, &params);
  if (error < 0) return Error{ErrorCode::kUnavailable, std::string("io_uring: ") + std::strerror(-error)};
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Poller>> UringPoller::open() {
  Result<Done> tried = Done{};
  // A thread that opened a ring is interrupted some time after that has gone.
  std::thread([&] {
    io_uring ring{};
    if (tried = open_ring(ring); tried) io_uring_queue_exit(&ring);
  }).join();
  if (!tried) return tried.error();
  return std::unique_ptr<Poller>(std::make_unique<UringPoller>());
}

Result<Done> UringPoller::enter() { return open_ring(ring_); }

void UringPoller::leave() {
  // A call ends a few polls at most, and a ring that has gone ends the others some time after.
  for (unsigned heard = 1, attempt = 0; heard > 0 && attempt < kAttemptsMax; ++attempt) {
    (void)io_uring_submit_and_get_events(&ring_);
    heard = reap();
  }
  io_uring_queue_exit(&ring_);
}

io_uring_sqe& UringPoller::next() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  for (unsigned attempt = 0; entry == nullptr; ++attempt) {
    CHECK(attempt < kAttemptsMax);
    (void)io_uring_submit_and_get_events(&ring_);
    reap();
    entry = io_uring_get_sqe(&ring_);
  }
  return *entry;
}

bool UringPoller::watch_level(int fd, std::uint64_t name) {
  CHECK(name < kNamesEnd);
  levels_.push_back({.fd = fd, .name = name});
  return true;
}

void UringPoller::mute(int, std::uint64_t name) {
  for (Level& level : levels_) level.is_muted = level.is_muted || level.name == name;
}
void UringPoller::unmute(int, std::uint64_t name) {
  for (Level& level : levels_) level.is_muted = level.is_muted && level.name != name;
}

bool UringPoller::watch_edge(int fd, std::uint64_t name) {
  CHECK(name < kNamesEnd);
  io_uring_sqe& entry = next();
  io_uring_prep_poll_multishot(&entry, fd, kBothWays);
  io_uring_sqe_set_data64(&entry, name);
  return true;
}

void UringPoller::forget(int, std::uint64_t name) {
  io_uring_sqe& entry = next();
  // Not poll_remove: a poll whose news is on its way refuses that (EALREADY), goes on, and keeps its file.
  io_uring_prep_cancel64(&entry, name, 0);
  io_uring_sqe_set_data64(&entry, kUnheard);
  std::erase_if(levels_, [&](const Level& level) { return level.name == name; });
}

void UringPoller::arm_levels() {
  for (Level& level : levels_) {
    if (level.is_muted || std::exchange(level.is_armed, true)) continue;
    io_uring_sqe& entry = next();
    io_uring_prep_poll_add(&entry, level.fd, EPOLLIN);
    io_uring_sqe_set_data64(&entry, level.name);
  }
}

std::span<const Poller::News> UringPoller::wait(int at_most_ms) {
  arm_levels();
  if (at_most_ms == 0 || !told_.empty()) {
    (void)io_uring_submit_and_get_events(&ring_);
  } else {
    __kernel_timespec at_most{.tv_sec = at_most_ms / 1'000, .tv_nsec = at_most_ms % 1'000 * 1'000'000LL};
    io_uring_cqe* first = nullptr;
    (void)io_uring_submit_and_wait_timeout(&ring_, &first, 1, &at_most, nullptr);
  }
  reap();
  answered_.clear();
  std::swap(answered_, told_);
  return answered_;
}

// What is pushed next.
io_uring_sqe& UringPoller::push(std::uint64_t name, SocketBatch::Kind kind) {
  CHECK(!is_full());
  if (pushed_.empty()) outcomes_.clear();
  pushed_.push_back({.name = name, .kind = kind, .number = pushed_.size()});
  return next();
}

void UringPoller::push_receive(std::uint64_t name, int fd, MutableByteSpan to) {
  io_uring_sqe& entry = push(name, SocketBatch::Kind::kReceive);
  io_uring_prep_recv(&entry, fd, to.data(), to.size(), MSG_DONTWAIT);
  io_uring_sqe_set_data64(&entry, kBatch | pushed_.back().number);
}

void UringPoller::push_send(std::uint64_t name, int fd, const OutQueue& out) {
  io_uring_sqe& entry = push(name, SocketBatch::Kind::kSend);
  Send& send = sends_[pushed_.back().number];
  send.message = {};
  send.message.msg_iov = send.pieces.data();
  send.message.msg_iovlen = out.fill(send.pieces);
  io_uring_prep_sendmsg(&entry, fd, &send.message, MSG_NOSIGNAL | MSG_DONTWAIT);
  io_uring_sqe_set_data64(&entry, kBatch | pushed_.back().number);
}

std::span<const SocketBatch::Outcome> UringPoller::submit() {
  if (pushed_.empty()) return {};
  (void)io_uring_submit(&ring_);
  reap();
  // None waits for its socket: the kernel is behind with telling.
  for (unsigned attempt = 0; outcomes_.size() < pushed_.size(); ++attempt) {
    CHECK(attempt < kAttemptsMax);
    (void)io_uring_submit_and_get_events(&ring_);
    reap();
  }
  pushed_.clear();
  return outcomes_;
}

unsigned UringPoller::reap() {
  unsigned head = 0, count = 0;
  io_uring_cqe* one = nullptr;
  io_uring_for_each_cqe(&ring_, head, one) {
    ++count;
    take(*one);
  }
  io_uring_cq_advance(&ring_, count);
  return count;
}

void UringPoller::take(const io_uring_cqe& news) {
  if (news.user_data == kUnheard) return;
  if ((news.user_data & kBatch) != 0) {
    outcomes_.push_back(pushed_[news.user_data & ~kBatch]);
    outcomes_.back().result = news.res;
    return;
  }
  const auto level = std::ranges::find(levels_, news.user_data, &Level::name);
  if (level != levels_.end()) level->is_armed = false;
  if (news.res < 0) return;  // Forgotten.
  const bool is_last = level == levels_.end() && (news.flags & IORING_CQE_F_MORE) == 0;
  told_.push_back({news.user_data, static_cast<std::uint32_t>(news.res), is_last});
}

}  // namespace fanlight::packager
