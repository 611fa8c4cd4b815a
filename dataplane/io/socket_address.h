// Endpoints in the kernel's form, and the control message that names our own address. All IPv4 is mapped in our values,
// which is also how an IPv6 socket speaks of it: on one, nothing is translated.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ip.h"

namespace fanlight::io {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  static SocketAddress of(const Endpoint& endpoint, bool on_v6_socket, std::uint32_t interface_index) noexcept;
  [[nodiscard]] Endpoint endpoint() const noexcept;
  [[nodiscard]] std::uint32_t interface_index() const noexcept;
  [[nodiscard]] sockaddr* raw() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

constexpr socklen_t address_bytes(bool on_v6_socket) {
  return on_v6_socket ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

// A control message (IP_PKTINFO or IPV6_PKTINFO) that makes a datagram leave from `local` and, unless 0, by that
// interface. Answers its bytes in `out`, padding included.
inline constexpr std::size_t kSourceControlBytesMax = CMSG_SPACE(sizeof(in6_pktinfo));
[[nodiscard]] std::size_t write_source(const IpAddress& local, bool on_v6_socket, std::uint32_t interface_index,
                                       MutableByteSpan out) noexcept;

// A control message (IP_TTL or IPV6_HOPLIMIT) for a datagram to the address at `to`.
inline constexpr std::size_t kTtlControlBytes = CMSG_SPACE(sizeof(int));
void write_ttl(std::uint8_t ttl, const std::byte* to, bool on_v6_socket, MutableByteSpan out) noexcept;

// A control message (UDP_SEGMENT) that cuts a payload into datagrams of `segment_bytes`.
inline constexpr std::size_t kSegmentControlBytes = CMSG_SPACE(sizeof(std::uint16_t));
void write_segment_size(std::uint16_t segment_bytes, MutableByteSpan out) noexcept;

// Which of our addresses was called: unspecified when the kernel did not say.
struct CalledAddress {
  IpAddress ip;
  std::uint32_t interface_index = 0;  // Of a link-local address; 0 elsewhere.
};
[[nodiscard]] CalledAddress called_address(const msghdr& message) noexcept;

// Of a message of the error queue: whether ICMP says that nobody was there to take it.
[[nodiscard]] bool says_unreachable(const msghdr& message) noexcept;

}  // namespace fanlight::io
