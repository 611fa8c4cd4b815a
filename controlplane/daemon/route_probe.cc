#include "daemon/route_probe.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fanlight::control {
namespace {

// A datagram socket that sends nothing: to connect one asks for a route.
class Probe {
 public:
  explicit Probe(bool is_v4) : is_v4_(is_v4), fd_(socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Probe() {
    if (fd_ >= 0) close(fd_);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  // 0, or errno.
  [[nodiscard]] int leave_from(const IpAddress& local) {
    const Name name = name_of({local, 0}, 0);
    return bind(fd_, name.raw(), name.size) == 0 ? 0 : errno;
  }
  [[nodiscard]] int leave_by(std::uint32_t interface) {
    const ip_mreqn v4{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = static_cast<int>(interface)};
    const int outcome = is_v4_ ? setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &v4, sizeof v4)
                               : setsockopt(fd_, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface);
    return outcome == 0 ? 0 : errno;
  }
  [[nodiscard]] int reach(const Endpoint& remote, std::uint32_t interface) {
    const Name name = name_of(remote, remote.ip.is_link_local() ? interface : 0);
    return connect(fd_, name.raw(), name.size) == 0 ? 0 : errno;
  }

 private:
  struct Name {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  };
  [[nodiscard]] Name name_of(const Endpoint& endpoint, std::uint32_t interface) const {
    Name name;
    const std::uint8_t* bytes = endpoint.ip.bytes.data();
    if (is_v4_) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(endpoint.port);
      std::memcpy(&v4.sin_addr, bytes + 12, 4);
      std::memcpy(&name.storage, &v4, name.size = sizeof v4);
    } else {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(endpoint.port);
      v6.sin6_scope_id = interface;
      std::memcpy(&v6.sin6_addr, bytes, 16);
      std::memcpy(&name.storage, &v6, name.size = sizeof v6);
    }
    return name;
  }

  bool is_v4_;
  int fd_;
};

}  // namespace

std::optional<std::string> route_fault_of(const Path& path) {
  const IpAddress& to = path.remote.ip;
  const IpAddress& from = path.local.ip;
  Probe probe(to.is_v4());
  if (!probe.is_open()) return std::nullopt;
  if (!from.is_unspecified() && from.is_v4() == to.is_v4() && !from.is_link_local())
    if (const int why = probe.leave_from(from); why == EADDRNOTAVAIL)
      return from.text() + " is no address of this host";
  if (to.is_multicast() && path.interface_index != 0)
    if (const int why = probe.leave_by(path.interface_index); why != 0)
      return "nothing leaves by its interface: " + std::string{std::strerror(why)};
  const int why = probe.reach(path.remote, path.interface_index);
  if (why == EACCES) return to.text() + " is a link's broadcast address, or its route forbids it";
  if (why == ENETUNREACH || why == EHOSTUNREACH || why == EADDRNOTAVAIL || why == EINVAL)
    return "no route leads to " + to.text() + (from.is_unspecified() ? "" : " from " + from.text());
  return std::nullopt;
}

}  // namespace fanlight::control
