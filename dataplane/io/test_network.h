// A network of the test's own: an empty network namespace for the calling thread, until the end of the scope. Needs
// CAP_SYS_ADMIN. Nothing that happens in it is seen outside.
#pragma once

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "io/socket_address.h"

namespace fanlight::io {

class TestNetwork {
 public:
  TestNetwork() : home_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (home_ < 0 || unshare(CLONE_NEWNET) != 0) return;
    is_away_ = true;
    four_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    six_ = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;
  ~TestNetwork() {
    for (const int fd : {tap_, four_, six_})
      if (fd >= 0) close(fd);
    if (is_away_ && setns(home_, CLONE_NEWNET) != 0) std::abort();
    if (home_ >= 0) close(home_);
  }

  [[nodiscard]] bool is_away() const { return is_away_; }

  // The loopback device with one more address. Returns when it can be called, which the kernel sees to by and by.
  [[nodiscard]] bool add_loopback(const char* address) {
    struct {
      in6_addr address;
      std::uint32_t prefix;
      int interface_index;
    } request{{}, 64, static_cast<int>(if_nametoindex("lo"))};
    std::memcpy(&request.address, IpAddress::parse(address)->bytes.data(), sizeof request.address);
    if (!raise(named("lo")) || ioctl(six_, SIOCSIFADDR, &request) != 0) return false;
    for (int attempt = 0; attempt < 100; ++attempt)
      if (hears_itself({*IpAddress::parse(address), 0})) return true;
    return false;
  }

  // A device to a link where nobody answers: datagrams wait in the kernel for their neighbour's MAC address.
  [[nodiscard]] bool add_silent_link(const char* address) {
    tap_ = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    ifreq request = named(kTap);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (tap_ < 0 || ioctl(tap_, TUNSETIFF, &request) != 0) return false;
    request = named(kTap);
    std::memcpy(&request.ifr_addr, at(address).raw(), sizeof request.ifr_addr);
    return ioctl(four_, SIOCSIFADDR, &request) == 0 && raise(named(kTap));
  }
  // Groups leave by it.
  [[nodiscard]] bool route_groups() {
    rtentry route{};
    std::memcpy(&route.rt_dst, at("224.0.0.0").raw(), sizeof route.rt_dst);
    std::memcpy(&route.rt_genmask, at("240.0.0.0").raw(), sizeof route.rt_genmask);
    route.rt_flags = RTF_UP;
    std::string device = kTap;
    route.rt_dev = device.data();
    return ioctl(four_, SIOCADDRT, &route) == 0;
  }
  // As if its driver had gone: it has another number when it is made anew.
  void remove_silent_link() { close(std::exchange(tap_, -1)); }
  // What waited for this neighbour leaves.
  [[nodiscard]] bool resolve(const char* neighbour) {
    arpreq request{};
    std::memcpy(&request.arp_pa, at(neighbour).raw(), sizeof request.arp_pa);
    request.arp_ha.sa_family = ARPHRD_ETHER;
    request.arp_ha.sa_data[0] = 2;  // Any unicast address.
    request.arp_flags = ATF_COM | ATF_PERM;
    std::strcpy(request.arp_dev, kTap);
    return ioctl(four_, SIOCSARP, &request) == 0;
  }

  static constexpr const char* kTap = "silent";

 private:
  static SocketAddress at(const char* address) { return SocketAddress::of({*IpAddress::parse(address), 0}, false, 0); }
  static ifreq named(const char* device) {
    ifreq request{};
    std::strcpy(request.ifr_name, device);
    return request;
  }
  // Takes 20 ms to say no.
  static bool hears_itself(const Endpoint& at) {
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    SocketAddress self = SocketAddress::of(at, true, if_nametoindex("lo"));
    pollfd heard{.fd = fd, .events = POLLIN, .revents = 0};
    const bool is_sent = bind(fd, self.raw(), self.size) == 0 && getsockname(fd, self.raw(), &self.size) == 0 &&
                         sendto(fd, "", 0, 0, self.raw(), self.size) == 0;
    const bool is_heard = poll(&heard, is_sent ? 1 : 0, 20) == 1;
    close(fd);
    return is_heard;
  }
  [[nodiscard]] bool raise(ifreq request) const {
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(four_, SIOCSIFFLAGS, &request) == 0;
  }

  int home_ = -1;
  int four_ = -1;
  int six_ = -1;
  int tap_ = -1;
  bool is_away_ = false;
};

}  // namespace fanlight::io
