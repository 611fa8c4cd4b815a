// Poller over io_uring: polls that go on by themselves (multishot), and bytes from and to many connections by one call.
//
// Bytes move with MSG_DONTWAIT and are done when submit() returns, so that nothing outlives it. A poll holds on to its
// file: a descriptor that is closed is closed for the peer once the kernel has heard forget().
#pragma once

#include <liburing.h>

#include <array>
#include <vector>

#include "http/poller.h"

namespace fanlight::packager {

class UringPoller final : public Poller, private SocketBatch {
 public:
  static Result<std::unique_ptr<Poller>> open();

  [[nodiscard]] Result<Done> enter() override;
  void leave() override;
  [[nodiscard]] bool watch_level(int fd, std::uint64_t name) override;
  void mute(int fd, std::uint64_t name) override;
  void unmute(int fd, std::uint64_t name) override;
  [[nodiscard]] bool watch_edge(int fd, std::uint64_t name) override;
  void forget(int fd, std::uint64_t name) override;
  [[nodiscard]] std::span<const News> wait(int at_most_ms) override;
  [[nodiscard]] SocketBatch* batch() noexcept override { return this; }

 private:
  // Polled once at a time, and anew before each wait: whatever is there by then is told.
  struct Level {
    int fd = -1;
    std::uint64_t name = 0;
    bool is_armed = false;
    bool is_muted = false;
  };
  static constexpr std::size_t kPiecesAtOnce = 16;
  struct Send {
    msghdr message{};
    std::array<iovec, kPiecesAtOnce> pieces{};
  };

  void push_receive(std::uint64_t name, int fd, MutableByteSpan to) override;
  void push_send(std::uint64_t name, int fd, const OutQueue& out) override;
  [[nodiscard]] bool is_full() const noexcept override { return pushed_.size() == kMax; }
  [[nodiscard]] std::span<const Outcome> submit() override;

  [[nodiscard]] io_uring_sqe& next();
  [[nodiscard]] io_uring_sqe& push(std::uint64_t name, SocketBatch::Kind kind);
  void arm_levels();
  unsigned reap();
  void take(const io_uring_cqe& news);

  io_uring ring_{};
  std::vector<Level> levels_;
  std::vector<News> told_;  // Since wait() answered last.
  std::vector<News> answered_;
  std::vector<Outcome> pushed_;  // Without their results.
  std::vector<Outcome> outcomes_;
  std::vector<Send> sends_ = std::vector<Send>(kMax);
};

}  // namespace fanlight::packager
