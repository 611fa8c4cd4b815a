#include "io/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/socket_address.h"

namespace fanlight::io {
namespace {

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

struct BufferKind {
  int ask;
  int ask_privileged;
  const char* noun;
  const char* sysctl;
};
constexpr BufferKind kReceiveBuffer{SO_RCVBUF, SO_RCVBUFFORCE, "receive", "net.core.rmem_max"};
constexpr BufferKind kSendBuffer{SO_SNDBUF, SO_SNDBUFFORCE, "send", "net.core.wmem_max"};

void ask_for_buffer(int fd, const BufferKind& kind, int bytes, const Endpoint& where, std::vector<std::string>& notes) {
  if (bytes <= 0) return;
  if (!set_option(fd, SOL_SOCKET, kind.ask_privileged, bytes)) set_option(fd, SOL_SOCKET, kind.ask, bytes);
  int doubled = 0;  // The kernel counts its own bookkeeping as much again.
  socklen_t size = sizeof doubled;
  getsockopt(fd, SOL_SOCKET, kind.ask, &doubled, &size);
  const int granted = doubled / 2;
  std::string note = where.text() + ": a " + kind.noun + " buffer of " + std::to_string(granted) + " bytes was granted";
  if (granted < bytes) {
    note += ", " + std::to_string(bytes) + " were asked for; to raise it: sysctl -w " + kind.sysctl + "=" +
            std::to_string(bytes);
  }
  notes.push_back(note + ".");
}

Error open_error(const Endpoint& endpoint, int reason) {
  const std::string what = "Cannot listen on " + endpoint.text() + ": ";
  const std::string port = std::to_string(endpoint.port);
  switch (reason) {
    case EADDRINUSE:
      return {ErrorCode::kInUse, what + "the port is in use; `ss -ulpn sport = :" + port + "` shows by whom."};
    case EADDRNOTAVAIL:
      return {ErrorCode::kNotFound, what + "this machine has no such address; `ip address` lists those it has."};
    case EACCES:
    case EPERM:
      return {ErrorCode::kNoRights,
              what + "no rights; ports below 1024 need CAP_NET_BIND_SERVICE, so take a higher port or grant it."};
    case EAFNOSUPPORT:
      return {ErrorCode::kUnavailable, what + "this kernel has no such address family; listen on IPv4 only."};
    default:
      return {ErrorCode::kFailed, what + std::strerror(reason) + "."};
  }
}

}  // namespace

Result<UdpSocket> UdpSocket::open(const UdpSocketOptions& options, std::vector<std::string>& notes) {
  const bool is_v6 = !options.listen.ip.is_v4();
  UdpSocket socket(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd_ < 0) return open_error(options.listen, errno);
  socket.is_v6_ = is_v6;
  if (Result<Done> bound = socket.bind_to(options); !bound) return bound.error();
  ask_for_buffer(socket.fd_, kReceiveBuffer, options.receive_buffer_bytes, socket.bound_, notes);
  ask_for_buffer(socket.fd_, kSendBuffer, options.send_buffer_bytes, socket.bound_, notes);
  return socket;
}

Result<Done> UdpSocket::bind_to(const UdpSocketOptions& options) {
  const bool hears_v4_too = options.listen.ip.is_unspecified() && !options.only_v6;
  if (is_v6_) set_option(fd_, IPPROTO_IPV6, IPV6_V6ONLY, hears_v4_too ? 0 : 1);
  if (options.share_port) set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 1);
  // Without the called address an answer may leave from another one, and the caller drops it.
  const bool tells_called =
      is_v6_ ? set_option(fd_, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set_option(fd_, IPPROTO_IP, IP_PKTINFO, 1);
  if (!tells_called) return open_error(options.listen, errno);

  SocketAddress address = SocketAddress::of(options.listen, is_v6_, 0);
  if (bind(fd_, address.raw(), address.size) != 0) return open_error(options.listen, errno);
  address.size = sizeof address.storage;
  if (getsockname(fd_, address.raw(), &address.size) != 0) return open_error(options.listen, errno);
  bound_ = address.endpoint();
  return Done{};
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace fanlight::io
