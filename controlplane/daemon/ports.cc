#include "daemon/ports.h"

#include <algorithm>
#include <limits>

#include "contract/limits.h"
#include "daemon/dataplane_plan.h"
#include "daemon/feed_doors.h"

namespace fanlight::control {
namespace {

// Short against a frame of video, long against a turn of the loop.
constexpr Micros kIdleSleep = micros(50);

net::Interface interface_of(const DeviceOptions& device, const EthernetOptions& ethernet) {
  net::Interface interface;
  if (device.ipv4) {
    interface.ipv4 = device.ipv4->ip;
    interface.ipv4_prefix = device.ipv4->prefix_bits;
    interface.ipv4_gateway = device.ipv4->gateway.value_or(IpAddress{});
  }
  if (device.ipv6) {
    interface.ipv6 = device.ipv6->ip;
    interface.ipv6_prefix = device.ipv6->prefix_bits;
    interface.ipv6_gateway = device.ipv6->gateway.value_or(IpAddress{});
  }
  std::ranges::copy(ethernet.udp_ports, interface.udp_ports.begin());
  // An IP header is always whole; what a kernel over veth leaves unfinished is UDP's sum.
  interface.verify_udp_checksum = !device.trusts_rx_checksum;
  return interface;
}

}  // namespace

Result<std::unique_ptr<io::SocketPort>> open_socket_port(const Config& config, std::size_t worker,
                                                         PacketPool& receive_pool, int doorbell) {
  io::SocketPortOptions options;
  std::int64_t bytes = 0;
  for (const ListenOptions& listen : config.listen) {
    options.listen.push_back(listen.address);
    bytes = std::max(bytes, std::int64_t{listen.receive_buffer_kb} * 1024);
  }
  options.receive_buffer_bytes = static_cast<int>(std::min<std::int64_t>(bytes, std::numeric_limits<int>::max()));
  options.receive_pool = &receive_pool;
  options.doorbell = doorbell;
  options.feeds = plan_feed_doors(config).doors;
  options.workers = config.relay.workers;
  options.worker = worker;
  return io::SocketPort::open(options);
}

Result<EthernetDevices> open_ethernet_devices(const Config& config, PacketPool& receive_pool) {
  EthernetDevices devices;
  for (const DeviceOptions& options : config.ethernet.devices) {
    Result<std::unique_ptr<io::EthernetDevice>> device =
        io::EthernetDevice::open({.device = options.eal,
                                  .workers = static_cast<std::uint16_t>(config.relay.workers),
                                  .descriptors = kDescriptorsPerQueue,
                                  .receive_pool = &receive_pool});
    if (!device) return device.error();
    devices.push_back(*std::move(device));
  }
  return devices;
}

Result<std::unique_ptr<io::EthernetPort>> open_ethernet_port(const Config& config, std::size_t worker,
                                                             const EthernetDevices& devices, PacketPool& receive_pool,
                                                             PacketPool& header_pool, PacketPool& copy_pool,
                                                             int doorbell) {
  io::EthernetPortOptions options;
  options.doorbell = doorbell;
  if (config.ethernet.backoff) options.idle_sleep = kIdleSleep;
  const FeedDoorPlan feeds = plan_feed_doors(config);
  for (std::size_t door = 0; door < devices.size(); ++door)
    options.links.push_back({.device = devices[door].get(),
                             .worker = static_cast<std::uint16_t>(worker),
                             .receive_pool = &receive_pool,
                             .header_pool = &header_pool,
                             .copy_pool = &copy_pool,
                             .interface = interface_of(config.ethernet.devices[door], config.ethernet),
                             .joins = feeds.joins[door]});
  return io::EthernetPort::open(options);
}

}  // namespace fanlight::control
