// A non-blocking UDP socket that says when the kernel got each datagram.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/result.h"

namespace fanlight::link_proxy {

struct Datagram {
  ByteSpan bytes;
  Endpoint from;
  std::int64_t arrived_ns = 0;  // CLOCK_REALTIME, stamped by the kernel.
};

class UdpSocket {
 public:
  static Result<UdpSocket> bound_to(const Endpoint& local);
  static Result<UdpSocket> connected_to(const Endpoint& remote);

  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket();

  [[nodiscard]] int fd() const { return fd_; }
  // Empty when nothing waits. The bytes live in `buffer`.
  [[nodiscard]] std::optional<Datagram> receive(MutableByteSpan buffer) const;
  // False when the kernel did not take it.
  [[nodiscard]] bool send(ByteSpan bytes) const;
  [[nodiscard]] bool send_to(const Endpoint& to, ByteSpan bytes) const;

 private:
  explicit UdpSocket(int fd) : fd_(fd) {}
  static Result<UdpSocket> open_for(const Endpoint& peer_or_local);
  int fd_;
};

}  // namespace fanlight::link_proxy
