// The kernel's side of a server: listening, accepting, and bytes from and to a connection.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/result.h"
#include "http/out_queue.h"

namespace fanlight::packager {

// Closes what it holds.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }
  void close() noexcept;
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

enum class IoStatus : std::uint8_t { kDone, kBlocked, kEnd, kFailed };
struct IoResult {
  IoStatus status = IoStatus::kDone;
  std::size_t bytes = 0;
};

// "192.0.2.1:8080", "[::1]:8080", "localhost:8080"; without a host, or with "*", every address of both families.
[[nodiscard]] Result<Endpoint> parse_listen_address(std::string_view text);

// Non-blocking. `joins`: others of this process, which listen there already; the kernel spreads connections over them.
// Otherwise nobody may: that somebody else does, of this user too, is an error (kInUse).
[[nodiscard]] Result<Descriptor> open_listener(const Endpoint& at, bool joins = false);
[[nodiscard]] Endpoint local_address(const Descriptor& socket) noexcept;

struct Accepted {
  Descriptor socket;
  Endpoint from;
  int error = 0;  // errno, when there is no socket.
};
[[nodiscard]] Accepted accept_one(const Descriptor& listener) noexcept;

// Nothing more is said, but what comes is still read.
void end_sending(const Descriptor& socket) noexcept;
// When it is closed, what the kernel still has to send is thrown away.
void forget_unsent(const Descriptor& socket) noexcept;

[[nodiscard]] IoResult receive(const Descriptor& socket, MutableByteSpan to) noexcept;
// Of bytes, or errno with a minus.
[[nodiscard]] IoResult result_of_receive(int result) noexcept;
// What the kernel takes; `bytes` of it are consumed. kDone when all was taken.
[[nodiscard]] IoResult send(const Descriptor& socket, OutQueue& out) noexcept;

}  // namespace fanlight::packager
