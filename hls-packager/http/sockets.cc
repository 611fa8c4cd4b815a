#include "http/sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace fanlight::packager {
namespace {

constexpr int kBacklog = 4'096;
constexpr int kUnsentInKernelMax = 128 * 1024;
constexpr std::size_t kPiecesAtOnce = 64;

void set_option(int fd, int level, int option, int value) noexcept {
  (void)setsockopt(fd, level, option, &value, sizeof value);  // Each is a wish: without it all works, not as well.
}

sockaddr_in6 raw_v6(const Endpoint& at) noexcept {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(at.port);
  std::memcpy(&raw.sin6_addr, at.ip.bytes.data(), at.ip.bytes.size());
  return raw;
}

sockaddr_in raw_v4(const Endpoint& at) noexcept {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(at.port);
  std::memcpy(&raw.sin_addr, at.ip.bytes.data() + 12, 4);
  return raw;
}

Endpoint endpoint_of(const sockaddr_storage& storage) noexcept {
  if (storage.ss_family == AF_INET) {
    sockaddr_in raw;
    std::memcpy(&raw, &storage, sizeof raw);
    const auto* b = reinterpret_cast<const std::uint8_t*>(&raw.sin_addr);
    return {IpAddress::v4(b[0], b[1], b[2], b[3]), ntohs(raw.sin_port)};
  }
  sockaddr_in6 raw;
  std::memcpy(&raw, &storage, sizeof raw);
  Endpoint endpoint{.ip = {}, .port = ntohs(raw.sin6_port)};
  std::memcpy(endpoint.ip.bytes.data(), &raw.sin6_addr, endpoint.ip.bytes.size());
  return endpoint;
}

Error listen_error(const Endpoint& at, int error) {
  const std::string where = "cannot listen for HTTP at " + at.text() + ": ";
  if (error == EADDRINUSE) return {ErrorCode::kInUse, where + "somebody else does; choose another port, or end that"};
  if (error == EACCES)
    return {ErrorCode::kNoRights, where + "ports below 1024 need CAP_NET_BIND_SERVICE; choose one above"};
  if (error == EADDRNOTAVAIL) return {ErrorCode::kNotFound, where + "this host has no such address"};
  return {ErrorCode::kFailed, where + std::strerror(error)};
}

// `is_shared`: with those of this user that are shared as well.
Result<Descriptor> open_bound(const Endpoint& at, bool is_shared) {
  const bool is_v4 = at.ip.is_v4();
  Descriptor socket(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open() && errno == EAFNOSUPPORT && at.ip.is_unspecified() && !is_v4)
    return open_bound({IpAddress::v4(0, 0, 0, 0), at.port}, is_shared);
  if (!socket.is_open()) return listen_error(at, errno);
  const int fd = socket.get();
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (is_shared) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!is_v4) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, at.ip.is_unspecified() ? 0 : 1);
  const sockaddr_in v4 = raw_v4(at);
  const sockaddr_in6 v6 = raw_v6(at);
  const int bound = is_v4 ? bind(fd, reinterpret_cast<const sockaddr*>(&v4), sizeof v4)
                          : bind(fd, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  if (bound != 0) return listen_error(at, errno);
  return socket;
}

}  // namespace

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Endpoint> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  std::string numeric(text);
  if (host.empty() || host == "*") numeric = "[::]:" + std::string(text.substr(colon + 1));
  if (host == "localhost") numeric = "127.0.0.1:" + std::string(text.substr(colon + 1));
  if (const std::optional<Endpoint> endpoint = Endpoint::parse(numeric); endpoint && colon != std::string_view::npos)
    return *endpoint;
  return Error{ErrorCode::kInvalid, "\"" + std::string(text) +
                                        "\" is no address to listen at: wanted is ADDRESS:PORT, like "
                                        "192.0.2.1:8080, [::1]:8080 or *:8080"};
}

Result<Descriptor> open_listener(const Endpoint& at, bool joins) {
  // One that shares with nobody finds who is there, and makes room for one that others can join.
  if (!joins && at.port != 0)
    if (Result<Descriptor> alone = open_bound(at, false); !alone) return alone.error();
  Result<Descriptor> socket = open_bound(at, true);
  if (!socket) return socket.error();
  // Accepted connections inherit these.
  set_option(socket->get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket->get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentInKernelMax);
  if (listen(socket->get(), kBacklog) != 0) return listen_error(at, errno);
  return socket;
}

Endpoint local_address(const Descriptor& socket) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  (void)getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size);
  return endpoint_of(storage);
}

Accepted accept_one(const Descriptor& listener) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  const int fd = accept4(listener.get(), reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return {.socket = {}, .from = {}, .error = errno};
  return {.socket = Descriptor(fd), .from = endpoint_of(storage)};
}

void end_sending(const Descriptor& socket) noexcept { (void)shutdown(socket.get(), SHUT_WR); }

void forget_unsent(const Descriptor& socket) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

IoResult receive(const Descriptor& socket, MutableByteSpan to) noexcept {
  const ssize_t got = recv(socket.get(), to.data(), to.size(), 0);
  return result_of_receive(got < 0 ? -errno : static_cast<int>(got));
}

IoResult result_of_receive(int result) noexcept {
  if (result > 0) return {IoStatus::kDone, static_cast<std::size_t>(result)};
  if (result == 0) return {IoStatus::kEnd};
  return {result == -EAGAIN || result == -EINTR ? IoStatus::kBlocked : IoStatus::kFailed};
}

IoResult send(const Descriptor& socket, OutQueue& out) noexcept {
  std::size_t sent = 0;
  while (!out.is_empty()) {
    std::array<iovec, kPiecesAtOnce> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = out.fill(pieces);
    const ssize_t now = sendmsg(socket.get(), &message, MSG_NOSIGNAL);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return {errno == EAGAIN ? IoStatus::kBlocked : IoStatus::kFailed, sent};
    sent += static_cast<std::size_t>(now);
    out.consume(static_cast<std::size_t>(now));
  }
  return {IoStatus::kDone, sent};
}

}  // namespace fanlight::packager
