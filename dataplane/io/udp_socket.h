// One bound kernel UDP socket: a door of a SocketPort. Opening it is slow and talks to people; the rest is a
// descriptor.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace fanlight::io {

// With a socket bound to a multicast group: what is joined.
struct GroupMembership {
  std::optional<IpAddress> source{};  // Only what it sends (IGMPv3, MLDv2); empty: everybody's.
  std::string interface = {};         // Where; empty: where the routing table leads.
  friend bool operator==(const GroupMembership&, const GroupMembership&) = default;
};

struct UdpSocketOptions {
  Endpoint listen;  // "[::]:p" hears IPv4 as well, unless `only_v6`. Or a multicast group's.
  bool only_v6 = false;
  // One socket per worker on the same port, opened in the order of the workers: by that the kernel numbers them.
  std::size_t workers = 1;
  std::size_t worker = 0;
  int receive_buffer_bytes = 0;
  int send_buffer_bytes = 0;
  std::vector<GroupMembership> groups{};  // Each joined; none unless `listen` is a group's.
  // An address or interface that this machine does not have is no fault: what comes is heard once it has (rejoin()).
  bool may_come_later = false;
};

class UdpSocket {
 public:
  // Appends to `notes` what a person should know: one sentence each.
  static Result<UdpSocket> open(const UdpSocketOptions& options, std::vector<std::string>& notes);

  UdpSocket(UdpSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        bound_(other.bound_),
        groups_(std::move(other.groups_)),
        is_v6_(other.is_v6_),
        receive_buffer_bytes_(other.receive_buffer_bytes_),
        send_buffer_bytes_(other.send_buffer_bytes_) {}
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket();

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] const Endpoint& bound() const noexcept { return bound_; }
  // An IPv6 socket speaks of IPv4 peers in the mapped form.
  [[nodiscard]] bool is_v6() const noexcept { return is_v6_; }

  // As the kernel granted them; it counts its own bookkeeping as much again. 0: not asked for.
  [[nodiscard]] std::size_t receive_buffer_bytes() const noexcept { return receive_buffer_bytes_; }
  [[nodiscard]] std::size_t send_buffer_bytes() const noexcept { return send_buffer_bytes_; }

  // Joins again wherever it is a member no more, or not yet: an interface that is made anew under its name, or a route
  // that leads elsewhere, has no members. Any thread's, one at a time, beside the one that receives.
  void rejoin();

  // From now on ICMP's answers to what is sent wait to be read. Each also fails one send or receive of anybody's.
  void hear_errors() noexcept;
  [[nodiscard]] bool hears_errors() const noexcept { return hears_errors_; }
  // One of them did.
  bool has_errors = false;

  // UDP_SEGMENT works towards the devices behind this door, as far as we know.
  bool can_segment = true;
  // The last transmit found the send buffer full, and no wait has seen room in it since.
  bool is_blocked = false;

 private:
  explicit UdpSocket(int fd) : fd_(fd) {}
  [[nodiscard]] Result<Done> bind_to(const UdpSocketOptions& options);
  struct Membership {
    GroupMembership wanted;
    unsigned interface_index = 0;  // Where it was joined last; 0: nowhere, or where the routing table led.
  };
  [[nodiscard]] Result<Done> join(Membership& membership);
  // What comes in goes to the socket of the worker that the destination socket ID names.
  [[nodiscard]] Result<Done> steer_by_socket_id(const UdpSocketOptions& options);

  int fd_;
  Endpoint bound_;
  std::vector<Membership> groups_;
  bool is_v6_ = false;
  bool hears_errors_ = false;
  std::size_t receive_buffer_bytes_ = 0;
  std::size_t send_buffer_bytes_ = 0;
};

}  // namespace fanlight::io
