#include "io/socket_address.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#include <cstring>

#include "base/check.h"

namespace fanlight::io {
namespace {

in_addr v4_part(const IpAddress& ip) {
  in_addr out;
  std::memcpy(&out, ip.bytes.data() + 12, sizeof out);
  return out;
}

IpAddress from_v4(const in_addr& in) {
  IpAddress ip = IpAddress::v4(0, 0, 0, 0);
  std::memcpy(ip.bytes.data() + 12, &in, sizeof in);
  return ip;
}

template <class Payload>
std::size_t write_control(int level, int type, const Payload& payload, MutableByteSpan out) {
  DCHECK(out.size() >= CMSG_SPACE(sizeof payload));
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(sizeof payload);
  header.cmsg_level = level;
  header.cmsg_type = type;
  std::memset(out.data(), 0, CMSG_SPACE(sizeof payload));
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + CMSG_LEN(0), &payload, sizeof payload);
  return CMSG_SPACE(sizeof payload);
}

}  // namespace

SocketAddress SocketAddress::of(const Endpoint& endpoint, bool on_v6_socket, std::uint32_t interface_index) noexcept {
  SocketAddress address;
  address.size = address_bytes(on_v6_socket);
  if (on_v6_socket) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(endpoint.port);
    six.sin6_scope_id = endpoint.ip.is_link_local() ? interface_index : 0;
    std::memcpy(&six.sin6_addr, endpoint.ip.bytes.data(), 16);
    std::memcpy(&address.storage, &six, sizeof six);
  } else {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(endpoint.port);
    four.sin_addr = v4_part(endpoint.ip);
    std::memcpy(&address.storage, &four, sizeof four);
  }
  return address;
}

Endpoint SocketAddress::endpoint() const noexcept {
  Endpoint endpoint;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &storage, sizeof six);
    std::memcpy(endpoint.ip.bytes.data(), &six.sin6_addr, 16);
    endpoint.port = ntohs(six.sin6_port);
  } else {
    sockaddr_in four;
    std::memcpy(&four, &storage, sizeof four);
    endpoint.ip = from_v4(four.sin_addr);
    endpoint.port = ntohs(four.sin_port);
  }
  return endpoint;
}

std::uint32_t SocketAddress::interface_index() const noexcept {
  if (storage.ss_family != AF_INET6) return 0;
  sockaddr_in6 six;
  std::memcpy(&six, &storage, sizeof six);
  return six.sin6_scope_id;
}

std::size_t write_source(const IpAddress& local, bool on_v6_socket, std::uint32_t interface_index,
                         MutableByteSpan out) noexcept {
  if (on_v6_socket) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, local.bytes.data(), 16);
    info.ipi6_ifindex = interface_index;
    return write_control(IPPROTO_IPV6, IPV6_PKTINFO, info, out);
  }
  in_pktinfo info{};
  info.ipi_ifindex = static_cast<int>(interface_index);
  info.ipi_spec_dst = v4_part(local);
  return write_control(IPPROTO_IP, IP_PKTINFO, info, out);
}

// An IPv6 socket takes IPv4's option for a mapped address, and its own for the others.
void write_ttl(std::uint8_t ttl, const std::byte* to, bool on_v6_socket, MutableByteSpan out) noexcept {
  bool is_v6 = on_v6_socket;
  if (on_v6_socket) {
    sockaddr_in6 six;
    std::memcpy(&six, to, sizeof six);
    is_v6 = !IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
  }
  write_control(is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_HOPLIMIT : IP_TTL, int{ttl}, out);
}

void write_segment_size(std::uint16_t segment_bytes, MutableByteSpan out) noexcept {
  write_control(IPPROTO_UDP, UDP_SEGMENT, segment_bytes, out);
}

CalledAddress called_address(const msghdr& message) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      CalledAddress called;
      std::memcpy(called.ip.bytes.data(), &info.ipi6_addr, 16);
      if (called.ip.is_link_local()) called.interface_index = info.ipi6_ifindex;
      return called;
    }
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      // Not ipi_addr: after a broadcast that is no address to answer from.
      return {.ip = from_v4(info.ipi_spec_dst)};
    }
  }
  return {};
}

bool says_unreachable(const msghdr& message) noexcept {
  constexpr std::uint8_t kUnreachableV4 = 3;  // RFC 792; its code 4 is about the datagram's length.
  constexpr std::uint8_t kTooLongV4 = 4;
  constexpr std::uint8_t kUnreachableV6 = 1;  // RFC 4443 §3.1
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    const bool is_v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
    const bool is_v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
    if (!is_v4 && !is_v6) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(c), sizeof error);
    if (error.ee_origin == SO_EE_ORIGIN_ICMP) return error.ee_type == kUnreachableV4 && error.ee_code != kTooLongV4;
    return error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == kUnreachableV6;
  }
  return false;
}

}  // namespace fanlight::io
