// What a server hears of its descriptors: from epoll, or from io_uring, which also takes bytes from and to many
// connections in one call.
//
// One thread, which says enter() first and leave() last; open(), watch_level() and destruction may be another's, before
// and after.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "http/out_queue.h"

namespace fanlight::packager {

// Bytes from and to sockets that block nobody: what is pushed is done by submit(), all at once.
class SocketBatch {
 public:
  enum class Kind : std::uint8_t { kReceive, kSend };
  struct Outcome {
    std::uint64_t name = 0;
    Kind kind = Kind::kReceive;
    std::size_t number = 0;  // Of the batch, in the order of pushing.
    int result = 0;          // Bytes, or errno with a minus.
  };
  static constexpr std::size_t kMax = 256;

  virtual ~SocketBatch() = default;
  // Up to kMax, until submit(). `to`, and what `out` has at its front, stay where they are until then.
  virtual void push_receive(std::uint64_t name, int fd, MutableByteSpan to) = 0;
  virtual void push_send(std::uint64_t name, int fd, const OutQueue& out) = 0;
  [[nodiscard]] virtual bool is_full() const noexcept = 0;
  // Of all that was pushed, in no order. Until the next push.
  [[nodiscard]] virtual std::span<const Outcome> submit() = 0;
};

class Poller {
 public:
  enum class Kind : std::uint8_t { kEpoll, kUring };
  struct News {
    std::uint64_t name = 0;
    std::uint32_t events = 0;  // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR.
    bool is_last = false;      // Of watch_edge(): more is told once it is watched again.
  };
  // Names that are free to give: 0 to kNamesEnd - 1.
  static constexpr std::uint64_t kNamesEnd = std::uint64_t{1} << 62;

  // kUnavailable: the kernel does not allow it.
  static Result<std::unique_ptr<Poller>> open(Kind kind);
  virtual ~Poller() = default;
  [[nodiscard]] virtual Result<Done> enter() { return Done{}; }
  virtual void leave() {}

  // Told of for as long as there is something to read.
  [[nodiscard]] virtual bool watch_level(int fd, std::uint64_t name) = 0;
  virtual void mute(int fd, std::uint64_t name) = 0;
  virtual void unmute(int fd, std::uint64_t name) = 0;
  // Changes alone are told, of both directions.
  [[nodiscard]] virtual bool watch_edge(int fd, std::uint64_t name) = 0;
  // Before it is closed.
  virtual void forget(int fd, std::uint64_t name) = 0;

  // For as long as nothing happens. Until the next call.
  [[nodiscard]] virtual std::span<const News> wait(int at_most_ms) = 0;
  // Empty: one by one is as good.
  [[nodiscard]] virtual SocketBatch* batch() noexcept { return nullptr; }
};

}  // namespace fanlight::packager
