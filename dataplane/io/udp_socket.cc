#include "io/udp_socket.h"

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "io/socket_address.h"

namespace fanlight::io {
namespace {

constexpr int kMulticastAllV6 = 29;  // IPV6_MULTICAST_ALL of <linux/in6.h>, which glibc's header does not go with.

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

// Answers what was granted.
std::size_t ask_for_buffer(int fd, const BufferKind& kind, int bytes, const Endpoint& where,
                           std::vector<std::string>& notes) {
  if (bytes <= 0) return 0;
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
  return static_cast<std::size_t>(granted);
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

// Answers the number of the socket in the group that gets a datagram; its data begins behind the UDP header. Bytes 12
// to 15 are the SRT destination socket ID, and bits 24 to 29 of ours the worker (worker/sessions.h). A caller without a
// session yet (ID 0), and what is too short to tell, get an answer out of range: the kernel then goes by the hash of
// the addresses and ports, as it does for a number that no socket has.
constexpr std::uint32_t kByHash = 0xFFFF'FFFF;
constexpr std::uint32_t kIdOffset = 12;
constexpr std::uint32_t kIdEnd = 16;
std::array<sock_filter, 8> steering() {
  return {{
      BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kIdEnd, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kIdOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 24),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3F),
      BPF_STMT(BPF_RET | BPF_A, 0),
      BPF_STMT(BPF_RET | BPF_K, kByHash),
  }};
}

bool is_missing(const Error& fault) {
  return fault.code == ErrorCode::kNotFound || fault.code == ErrorCode::kUnavailable;
}

// Of what the kernel has no more room for.
std::string too_many(bool is_v6, bool is_of_source) {
  const std::string what = is_of_source ? "too many sources of one group, or memberships" : "too many memberships";
  std::string ways;
  if (is_of_source) ways = is_v6 ? " net.ipv6.mld_max_msf=128" : " net.ipv4.igmp_max_msf=64";
  ways += is_v6 ? " net.core.optmem_max=262144" : " net.ipv4.igmp_max_memberships=64";
  return what + "; to raise it: sysctl -w" + ways + ".";
}

}  // namespace

Result<UdpSocket> UdpSocket::open(const UdpSocketOptions& options, std::vector<std::string>& notes) {
  // Who shares a port may join a stranger's group unnoticed, if the user is the same: the first asks without sharing.
  if (options.workers > 1 && options.worker == 0 && options.listen.port != 0) {
    UdpSocketOptions alone = options;
    alone.workers = 1;
    alone.receive_buffer_bytes = alone.send_buffer_bytes = 0;
    if (Result<UdpSocket> probe = open(alone, notes); !probe) return probe.error();
  }
  const bool is_v6 = !options.listen.ip.is_v4();
  UdpSocket socket(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd_ < 0) return open_error(options.listen, errno);
  socket.is_v6_ = is_v6;
  if (Result<Done> bound = socket.bind_to(options); !bound) return bound.error();
  if (options.workers > 1 && options.worker == 0)
    if (Result<Done> steered = socket.steer_by_socket_id(options); !steered) return steered.error();
  for (const GroupMembership& wanted : options.groups) {
    const Result<Done> joined = socket.join(socket.groups_.emplace_back(Membership{.wanted = wanted}));
    if (!joined && !(options.may_come_later && is_missing(joined.error()))) return joined.error();
  }
  socket.receive_buffer_bytes_ =
      ask_for_buffer(socket.fd_, kReceiveBuffer, options.receive_buffer_bytes, socket.bound_, notes);
  socket.send_buffer_bytes_ = ask_for_buffer(socket.fd_, kSendBuffer, options.send_buffer_bytes, socket.bound_, notes);
  return socket;
}

Result<Done> UdpSocket::bind_to(const UdpSocketOptions& options) {
  const bool hears_v4_too = options.listen.ip.is_unspecified() && !options.only_v6;
  if (is_v6_) set_option(fd_, IPPROTO_IPV6, IPV6_V6ONLY, hears_v4_too ? 0 : 1);
  if (options.workers > 1) set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.listen.ip.is_multicast()) set_option(fd_, SOL_SOCKET, SO_REUSEADDR, 1);  // A group is everybody's.
  // A wildcard address would hear what others on this host have joined, what we send to it among them. Of an IPv6
  // socket, too.
  set_option(fd_, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  if (is_v6_) set_option(fd_, IPPROTO_IPV6, kMulticastAllV6, 0);
  if (options.may_come_later) set_option(fd_, IPPROTO_IP, IP_FREEBIND, 1);  // Both families'.
  // Without the called address an answer may leave from another one, and the caller drops it.
  const bool tells_called =
      is_v6_ ? set_option(fd_, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set_option(fd_, IPPROTO_IP, IP_PKTINFO, 1);
  if (!tells_called) return open_error(options.listen, errno);

  // A group of a link means something there alone.
  const std::string where = options.groups.empty() ? "" : options.groups.front().interface;
  SocketAddress address = SocketAddress::of(options.listen, is_v6_, where.empty() ? 0 : if_nametoindex(where.c_str()));
  if (bind(fd_, address.raw(), address.size) != 0) return open_error(options.listen, errno);
  address.size = sizeof address.storage;
  if (getsockname(fd_, address.raw(), &address.size) != 0) return open_error(options.listen, errno);
  bound_ = address.endpoint();
  return Done{};
}

// RFC 3678 §5: the same call for both families.
Result<Done> UdpSocket::join(Membership& membership) {
  const auto& [source, name] = membership.wanted;
  const std::string what = "Cannot join " + bound_.ip.text() + (source ? " from " + source->text() : "") +
                           (name.empty() ? "" : " on " + name) + ": ";
  const unsigned interface = name.empty() ? 0 : if_nametoindex(name.c_str());
  if (interface == 0 && !name.empty())
    return Error{ErrorCode::kNotFound, what + "this machine has no such interface; `ip link` lists those it has."};
  const int level = is_v6_ ? IPPROTO_IPV6 : IPPROTO_IP;
  group_req request{.gr_interface = std::exchange(membership.interface_index, interface), .gr_group = {}};
  request.gr_group = SocketAddress::of({bound_.ip, 0}, is_v6_, 0).storage;
  // The interface that it was has gone, and yet counts among the memberships that a socket may have.
  if (request.gr_interface != 0 && request.gr_interface != interface)
    setsockopt(fd_, level, MCAST_LEAVE_GROUP, &request, sizeof request);
  request.gr_interface = interface;
  int outcome = 0;
  if (source) {
    group_source_req one{.gsr_interface = interface, .gsr_group = request.gr_group, .gsr_source = {}};
    one.gsr_source = SocketAddress::of({*source, 0}, is_v6_, 0).storage;
    outcome = setsockopt(fd_, level, MCAST_JOIN_SOURCE_GROUP, &one, sizeof one);
  } else {
    outcome = setsockopt(fd_, level, MCAST_JOIN_GROUP, &request, sizeof request);
  }
  if (outcome == 0) return Done{};
  if (errno == ENODEV || errno == EADDRNOTAVAIL)
    return Error{ErrorCode::kUnavailable,
                 what + "no route leads to the group; name the interface that it comes in by."};
  if (errno == ENOBUFS || errno == ENOMEM)
    return Error{ErrorCode::kNoMemory, what + too_many(is_v6_, source.has_value())};
  return Error{ErrorCode::kFailed, what + std::strerror(errno) + "."};
}

// Where it is a member still, the kernel refuses and does nothing.
void UdpSocket::rejoin() {
  for (Membership& membership : groups_) static_cast<void>(join(membership));
}

// Once for the group.
Result<Done> UdpSocket::steer_by_socket_id(const UdpSocketOptions& options) {
  std::array<sock_filter, 8> code = steering();
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  if (setsockopt(fd_, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0) return Done{};
  return Error{ErrorCode::kUnavailable, "Cannot spread " + options.listen.text() +
                                            " over several workers: this kernel does not take the filter (" +
                                            std::strerror(errno) + "); run with relay.workers = 1."};
}

// A mapped address's errors are IPv4's.
void UdpSocket::hear_errors() noexcept {
  if (hears_errors_) return;
  hears_errors_ = set_option(fd_, IPPROTO_IP, IP_RECVERR, 1);
  if (is_v6_) hears_errors_ |= set_option(fd_, IPPROTO_IPV6, IPV6_RECVERR, 1);
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace fanlight::io
