#include "io/ethernet_device.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace fanlight::io {
namespace {

// Drivers whose word about chained frames is not to be had from tx_offload_capa.
struct ChainQuirk {
  std::string_view driver;
  bool takes_chains;
};
constexpr std::array kChainQuirks = {
    ChainQuirk{"net_null", true},     // Takes chains without saying so, and refuses to be asked.
    ChainQuirk{"net_pcap", true},     // The same.
    ChainQuirk{"net_af_xdp", false},  // DPDK 22.11 sends pkt_len bytes from the first segment.
};

const ChainQuirk* quirk_of(std::string_view driver) {
  const auto at = std::find_if(kChainQuirks.begin(), kChainQuirks.end(),
                               [&](const ChainQuirk& quirk) { return quirk.driver == driver; });
  return at == kChainQuirks.end() ? nullptr : &*at;
}

// Drivers that make their queues when EAL brings them up, as many as their arguments say. One that no worker reads
// would be given frames all the same.
struct QueueArgument {
  std::string_view driver;
  std::string_view argument;
  std::string_view with = {};  // What several queues need besides.
};
constexpr std::array kQueueArguments = {
    QueueArgument{"net_af_packet", "qpairs="},
    QueueArgument{"net_af_xdp", "queue_count="},
    QueueArgument{"net_vhost", "queues="},
    QueueArgument{"net_virtio_user", "queues=", ",cq=1"},
};

// Why the device cannot give each worker a queue; empty when it can.
std::string too_few_or_many(const EthernetDeviceOptions& options, const rte_eth_dev_info& info) {
  const std::string_view driver = info.driver_name;
  const auto* const made_by = std::find_if(kQueueArguments.begin(), kQueueArguments.end(),
                                           [&](const QueueArgument& row) { return row.driver == driver; });
  const std::uint16_t has = std::min(info.max_rx_queues, info.max_tx_queues);
  const bool is_fixed = made_by != kQueueArguments.end();
  if (has == options.workers || (has > options.workers && !is_fixed)) return {};
  const std::string wanted = std::to_string(options.workers);
  std::string why = "has " + std::to_string(has) + (has == 1 ? " queue" : " queues") + " of each direction, and " +
                    wanted + (options.workers == 1 ? " worker wants " : " workers want ") + "one each: ";
  const std::string with{is_fixed && options.workers > 1 ? made_by->with : ""};
  if (is_fixed) why += "say " + std::string(made_by->argument) + wanted + with + " in its arguments, or ";
  return why + "set relay.workers = " + std::to_string(has);
}

std::string known_devices() {
  std::string names;
  for (std::uint64_t next = rte_eth_find_next(0); next < RTE_MAX_ETHPORTS;) {
    const auto port = static_cast<std::uint16_t>(next);
    char name[RTE_ETH_NAME_MAX_LEN];
    if (rte_eth_dev_get_name_by_port(port, name) == 0) names += (names.empty() ? "" : ", ") + std::string(name);
    next = rte_eth_find_next(static_cast<std::uint16_t>(port + 1));
  }
  return names.empty() ? "none" : names;
}

rte_eth_conf configuration_for(const EthernetDeviceOptions& options, const rte_eth_dev_info& info) {
  rte_eth_conf conf{};
  // Never MBUF_FAST_FREE: it promises that nobody else holds a reference.
  std::uint64_t wanted = RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
  if (quirk_of(info.driver_name) == nullptr && !options.linear) wanted |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  conf.txmode.offloads = wanted & info.tx_offload_capa;
  // Without RSS the device, or what is behind it, has its own way to choose a queue.
  const std::uint64_t hashes =
      (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP) & info.flow_type_rss_offloads;
  if (options.workers > 1 && hashes != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = hashes;
  }
  return conf;
}

// net_af_packet and net_af_xdp say "up" whatever their interface does. Empty when the kernel does not know it.
std::optional<bool> is_running(unsigned interface_index) {
  ifreq request{};
  if (interface_index == 0 || if_indextoname(interface_index, request.ifr_name) == nullptr) return std::nullopt;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool told = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  if (fd >= 0) close(fd);
  if (!told) return std::nullopt;
  return (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

}  // namespace

Result<std::unique_ptr<EthernetDevice>> EthernetDevice::open(const EthernetDeviceOptions& options) {
  const std::string name = options.device.substr(0, options.device.find(','));
  std::uint16_t port = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &port) != 0) {
    return Error{ErrorCode::kNoDevice,
                 "There is no DPDK device \"" + name + "\"; those that came up: " + known_devices() + "."};
  }
  rte_eth_dev_info info{};
  int outcome = rte_eth_dev_info_get(port, &info);
  if (const std::string why = outcome == 0 ? too_few_or_many(options, info) : ""; !why.empty())
    return Error{ErrorCode::kInvalid, "The DPDK device \"" + name + "\" " + why + "."};
  std::unique_ptr<EthernetDevice> device(new EthernetDevice(name, port, options.workers));
  if (outcome == 0) outcome = device->start(options, info);
  if (outcome != 0) {
    const ErrorCode code = outcome == -EACCES || outcome == -EPERM ? ErrorCode::kNoRights : ErrorCode::kNoDevice;
    return Error{code, "The DPDK device \"" + name + "\" did not start: " + rte_strerror(-outcome) + "."};
  }
  return device;
}

int EthernetDevice::start(const EthernetDeviceOptions& options, const rte_eth_dev_info& info) {
  const rte_eth_conf conf = configuration_for(options, info);
  const ChainQuirk* quirk = quirk_of(info.driver_name);
  takes_chains_ = !options.linear && (quirk != nullptr ? quirk->takes_chains
                                                       : (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0);
  sums_udp_ = (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) != 0;
  interface_index_ = info.if_index;

  if (int no = rte_eth_dev_configure(port_, workers_, workers_, &conf); no != 0) return no;
  rte_eth_txconf transmit = info.default_txconf;
  transmit.offloads = conf.txmode.offloads;
  if (int no = set_up_queues(options, transmit); no != 0) return no;
  if (int no = rte_eth_dev_start(port_); no != 0) return no;
  rte_ether_addr address{};
  rte_eth_macaddr_get(port_, &address);
  std::copy_n(address.addr_bytes, mac_.size(), mac_.begin());
  return 0;
}

int EthernetDevice::set_up_queues(const EthernetDeviceOptions& options, const rte_eth_txconf& transmit) {
  std::uint16_t receive_descriptors = options.descriptors;
  std::uint16_t transmit_descriptors = options.descriptors;
  if (int no = rte_eth_dev_adjust_nb_rx_tx_desc(port_, &receive_descriptors, &transmit_descriptors); no != 0) return no;
  for (std::uint16_t queue = 0; queue < workers_; ++queue) {
    int no = rte_eth_rx_queue_setup(port_, queue, receive_descriptors, SOCKET_ID_ANY, nullptr,
                                    options.receive_pool->mempool());
    if (no == 0) no = rte_eth_tx_queue_setup(port_, queue, transmit_descriptors, SOCKET_ID_ANY, &transmit);
    if (no != 0) return no;
  }
  return 0;
}

// What is not for us is judged away later.
void EthernetDevice::hear_groups(std::span<const net::MacAddress> groups) {
  std::vector<rte_ether_addr> list(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) std::ranges::copy(groups[i], list[i].addr_bytes);
  if (rte_eth_dev_set_mc_addr_list(port_, list.data(), static_cast<std::uint32_t>(list.size())) == 0) return;
  if (rte_eth_allmulticast_enable(port_) != 0) rte_eth_promiscuous_enable(port_);
}

EthernetDevice::~EthernetDevice() {
  rte_eth_dev_stop(port_);
  rte_eth_dev_close(port_);
}

bool EthernetDevice::is_up() const noexcept {
  if (const std::optional<bool> running = is_running(interface_index_)) return *running;
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::uint64_t EthernetDevice::frames_without_buffer() const noexcept {
  rte_eth_stats stats{};
  return rte_eth_stats_get(port_, &stats) == 0 ? stats.rx_nombuf : 0;
}

}  // namespace fanlight::io
