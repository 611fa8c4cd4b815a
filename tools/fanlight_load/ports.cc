#include "fanlight_load/ports.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "contract/limits.h"
#include "fanlight_load/clock.h"
#include "io/eal.h"
#include "io/ethernet_port.h"
#include "io/memory_plan.h"
#include "io/socket_port.h"

namespace fanlight::load {
namespace {

constexpr std::size_t kBuffers = 8'192;
// What may be under way in an impaired link: 50,000 packets/s for a second, or more for shorter.
constexpr std::size_t kHeldBuffers = 65'536;
constexpr int kSocketBuffer = 64 << 20;
constexpr Micros kIdleSleep = micros(50);
constexpr Micros kLinkPatience = seconds(30);

struct Plans {
  io::PoolPlan receive;
  io::PoolPlan headers;
  io::PoolPlan payloads;
  [[nodiscard]] std::size_t bytes() const { return io::memory_bytes(std::array{receive, headers, payloads}); }
};

Plans plan_pools(const Settings& settings) {
  const std::size_t held = settings.is_impaired() ? kHeldBuffers : 0;
  const bool for_devices = settings.is_ethernet;
  return {.receive = {2 * kBuffers + held, io::kReceiveRoomBytes, for_devices},
          .headers = {2 * kBuffers + held, kHeaderRoomBytes, for_devices},
          .payloads = {kBuffers + held / 4, kCopyRoomBytes, for_devices}};
}

Result<Done> start_eal(const Settings& settings) {
  io::EalOptions options;
  options.memory_bytes = plan_pools(settings).bytes();
  if (settings.is_ethernet) {
    options.try_hugepages = true;
    options.devices = settings.ethernet.devices;
  }
  Result<Done> started = io::start_eal(options);
  return started ? io::register_worker_thread() : started;
}

// 127.1.0.1, 127.1.1.1 and on: each session has an address of its own, all on one socket; those that come one after the
// other come from different sites (/24), as an audience does.
IpAddress loopback_of(std::size_t slot) {
  constexpr std::size_t kSites = 256;
  constexpr std::size_t kHosts = 254;
  const std::size_t host = slot / kSites;
  return IpAddress::v4(127, static_cast<std::uint8_t>(1 + host / kHosts), static_cast<std::uint8_t>(slot % kSites),
                       static_cast<std::uint8_t>(1 + host % kHosts));
}

// A vhost device is up when the other end has come. Keeps the link's house meanwhile.
bool wait_for_link(const io::EthernetDevice& device, io::EthernetPort& port) {
  std::array<io::Arrival, kReceiveBurst> arrivals;
  for (const Instant end = clock_now() + kLinkPatience; clock_now() < end; usleep(10'000)) {
    if (device.is_up()) return true;
    const std::size_t received = port.receive(arrivals);
    for (io::Arrival& arrival : std::span(arrivals).first(received)) arrival.packet.reset();
  }
  return false;
}

net::Interface interface_of(const EthernetSettings& settings) {
  net::Interface interface;
  const IpAddress gateway = settings.gateway.value_or(IpAddress{});
  if (settings.ip->is_v4()) {
    interface.ipv4 = *settings.ip;
    interface.ipv4_prefix = settings.prefix;
    interface.ipv4_gateway = gateway;
  } else {
    interface.ipv6 = *settings.ip;
    interface.ipv6_prefix = settings.prefix;
    interface.ipv6_gateway = gateway;
  }
  interface.udp_range_first = settings.first_udp_port;
  interface.udp_range_last = static_cast<std::uint16_t>(settings.first_udp_port + settings.udp_ports - 1);
  interface.verify_udp_checksum = !settings.trusts_checksums;
  interface.verify_ip_checksum = !settings.trusts_checksums;
  return interface;
}

}  // namespace

Result<std::unique_ptr<Ports>> Ports::open(const Settings& settings) {
  if (const Result<Done> started = start_eal(settings); !started) return started.error();
  std::unique_ptr<Ports> ports(new Ports);
  if (const Result<Done> created = ports->create_pools(settings); !created) return created.error();
  const Result<Done> opened = settings.is_ethernet ? ports->open_ethernet(settings) : ports->open_sockets(settings);
  if (!opened) return opened.error();
  if (settings.is_impaired()) {
    auto impaired = std::make_unique<ImpairedPort>(
        std::move(ports->port_), *ports->payloads_,
        ImpairedPort::Options{.up = settings.up, .down = settings.down, .seed = settings.seed});
    ports->impaired_ = impaired.get();
    ports->port_ = std::move(impaired);
  }
  return ports;
}

Ports::~Ports() { io::unregister_worker_thread(); }

Result<Done> Ports::create_pools(const Settings& settings) {
  const Plans plans = plan_pools(settings);
  for (auto [pool, plan] : {std::pair{&receive_, &plans.receive}, std::pair{&headers_, &plans.headers},
                            std::pair{&payloads_, &plans.payloads}}) {
    Result<std::unique_ptr<PacketPool>> created =
        PacketPool::create(plan->buffers, plan->room_bytes, plan->for_devices);
    if (!created) return created.error();
    *pool = *std::move(created);
  }
  return Done{};
}

Result<Done> Ports::open_sockets(const Settings& settings) {
  const bool is_v4 = settings.relay.ip.is_v4();
  const IpAddress any = is_v4 ? IpAddress::v4(0, 0, 0, 0) : IpAddress{};
  Result<std::unique_ptr<io::SocketPort>> port = io::SocketPort::open({.listen = {{any, settings.own_port}},
                                                                       .receive_pool = receive_.get(),
                                                                       .receive_buffer_bytes = kSocketBuffer,
                                                                       .send_buffer_bytes = kSocketBuffer / 4});
  if (!port) return port.error();
  notes_ = (*port)->notes();
  const bool has_many = is_v4 && settings.relay.ip.bytes[12] == 127;
  const std::uint16_t udp_port = (*port)->bound(0).port;
  path_of_ = [=, relay = settings.relay](std::size_t slot) {
    return Path{.remote = relay, .local = {has_many ? loopback_of(slot) : any, udp_port}};
  };
  port_ = std::make_unique<PortOf<io::SocketPort>>(*std::move(port));
  return Done{};
}

Result<Done> Ports::open_ethernet(const Settings& settings) {
  const EthernetSettings& ethernet = settings.ethernet;
  const std::uint16_t queues = queues_of(ethernet.devices.front());
  Result<std::unique_ptr<io::EthernetDevice>> device =
      io::EthernetDevice::open({.device = ethernet.devices.front(), .workers = queues, .receive_pool = receive_.get()});
  if (!device) return device.error();
  device_ = *std::move(device);
  io::EthernetLinkOptions link;
  link.device = device_.get();
  link.receive_pool = receive_.get();
  link.header_pool = headers_.get();
  link.copy_pool = receive_.get();
  link.interface = interface_of(ethernet);
  // All queues on this thread: one door each.
  std::vector<io::EthernetLinkOptions> links(queues, link);
  for (std::uint16_t queue = 0; queue < queues; ++queue) links[queue].worker = queue;
  Result<std::unique_ptr<io::EthernetPort>> port =
      io::EthernetPort::open({.links = links, .idle_sleep = ethernet.backoff ? kIdleSleep : Micros{0}});
  if (!port) return port.error();
  if (!wait_for_link(*device_, **port))
    return Error{ErrorCode::kNoDevice, "The link of \"" + ethernet.devices.front() +
                                           "\" stayed down for 30 s: is the relay at the other end?"};
  path_of_ = [=, ip = *ethernet.ip, relay = settings.relay, first = ethernet.first_udp_port,
              ports = ethernet.udp_ports](std::size_t slot) {
    return Path{.remote = relay,
                .local = {ip, static_cast<std::uint16_t>(first + slot % ports)},
                .door = static_cast<std::uint16_t>(slot % queues)};
  };
  port_ = std::make_unique<PortOf<io::EthernetPort>>(*std::move(port));
  return Done{};
}

}  // namespace fanlight::load
