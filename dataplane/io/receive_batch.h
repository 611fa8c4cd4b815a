// recvmmsg straight into packets taken from the pool beforehand. Nothing is allocated after construction.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "contract/limits.h"
#include "io/port.h"
#include "io/socket_address.h"
#include "io/udp_socket.h"
#include "packet/packet.h"

namespace fanlight::io {

class ReceiveBatch {
 public:
  explicit ReceiveBatch(PacketPool& pool);

  // Fills `arrivals` from the front with what waits at the socket; answers how many.
  [[nodiscard]] std::size_t receive(UdpSocket& socket, std::uint16_t door, std::span<Arrival> arrivals) noexcept;

  // What ICMP said about datagrams that left by the socket, a few at a time; false in `has_errors` when that was all.
  [[nodiscard]] std::size_t receive_errors(UdpSocket& socket, std::uint16_t door, std::span<Arrival> arrivals) noexcept;
  // That nothing comes to where it leads. False: there is no buffer.
  [[nodiscard]] bool try_tell_unreachable(const Path& path, Arrival& arrival) noexcept;

  // The last receive() had less buffers than it wanted, or none at all.
  [[nodiscard]] bool was_short() const noexcept { return was_short_; }
  [[nodiscard]] bool was_dry() const noexcept { return was_dry_; }

 private:
  struct Slot {
    PacketRef packet;
    iovec room{};
    SocketAddress from;
    alignas(cmsghdr) std::array<std::byte, kSourceControlBytesMax> control;
  };
  [[nodiscard]] std::size_t prepare(std::size_t wanted) noexcept;
  [[nodiscard]] bool fill(Slot& slot) noexcept;
  void hand_out(std::size_t index, const UdpSocket& socket, std::uint16_t door, Arrival& arrival) noexcept;

  PacketPool& pool_;
  std::unique_ptr<std::array<Slot, kReceiveBurst>> slots_;
  std::array<mmsghdr, kReceiveBurst> messages_{};
  bool was_short_ = false;
  bool was_dry_ = false;
};

}  // namespace fanlight::io
