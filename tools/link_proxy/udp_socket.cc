#include "udp_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fanlight::link_proxy {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_kernel(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.ip.is_v4()) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(endpoint.port);
    std::memcpy(&four.sin_addr, endpoint.ip.bytes.data() + 12, 4);
    std::memcpy(&address.storage, &four, sizeof four);
    address.size = sizeof four;
  } else {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(endpoint.port);
    std::memcpy(&six.sin6_addr, endpoint.ip.bytes.data(), 16);
    std::memcpy(&address.storage, &six, sizeof six);
    address.size = sizeof six;
  }
  return address;
}

Endpoint from_kernel(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &storage, sizeof four);
    const auto* b = reinterpret_cast<const std::uint8_t*>(&four.sin_addr);
    return {IpAddress::v4(b[0], b[1], b[2], b[3]), ntohs(four.sin_port)};
  }
  sockaddr_in6 six;
  std::memcpy(&six, &storage, sizeof six);
  Endpoint endpoint{{}, ntohs(six.sin6_port)};
  std::memcpy(endpoint.ip.bytes.data(), &six.sin6_addr, 16);
  return endpoint;
}

std::int64_t kernel_stamp_ns(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec stamp;
    std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
    return stamp.tv_sec * 1'000'000'000LL + stamp.tv_nsec;
  }
  return 0;
}

Error failed(const char* doing, const Endpoint& endpoint) {
  return {ErrorCode::kFailed, std::string("cannot ") + doing + " " + endpoint.text() + ": " + std::strerror(errno)};
}

}  // namespace

Result<UdpSocket> UdpSocket::open_for(const Endpoint& peer_or_local) {
  const int family = peer_or_local.ip.is_v4() ? AF_INET : AF_INET6;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("open a socket for", peer_or_local);
  const int on = 1;
  const int buffer_bytes = 4 << 20;  // The kernel grants up to rmem_max and wmem_max; less is no error here.
  ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  return UdpSocket(fd);
}

Result<UdpSocket> UdpSocket::bound_to(const Endpoint& local) {
  auto opened = open_for(local);
  if (!opened) return opened.error();
  const SocketAddress address = to_kernel(local);
  if (::bind(opened->fd(), address.get(), address.size) != 0) return failed("listen on", local);
  return std::move(*opened);
}

Result<UdpSocket> UdpSocket::connected_to(const Endpoint& remote) {
  auto opened = open_for(remote);
  if (!opened) return opened.error();
  const SocketAddress address = to_kernel(remote);
  if (::connect(opened->fd(), address.get(), address.size) != 0) return failed("connect to", remote);
  return std::move(*opened);
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<Datagram> UdpSocket::receive(MutableByteSpan buffer) const {
  sockaddr_storage from{};
  iovec vector{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::byte control[128];
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size;
  // ECONNREFUSED reports an earlier send to a port nobody listens on; the next datagram may be fine.
  do size = ::recvmsg(fd_, &message, 0);
  while (size < 0 && (errno == ECONNREFUSED || errno == EINTR));
  if (size < 0) return std::nullopt;
  return Datagram{buffer.first(static_cast<std::size_t>(size)), from_kernel(from), kernel_stamp_ns(message)};
}

bool UdpSocket::send(ByteSpan bytes) const { return ::send(fd_, bytes.data(), bytes.size(), 0) >= 0; }

bool UdpSocket::send_to(const Endpoint& to, ByteSpan bytes) const {
  const SocketAddress address = to_kernel(to);
  return ::sendto(fd_, bytes.data(), bytes.size(), 0, address.get(), address.size) >= 0;
}

}  // namespace fanlight::link_proxy
