#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "capacity/device_audience.h"
#include "capacity/trial_house.h"
#include "io/eal.h"
#include "io/ethernet_device.h"
#include "io/ethernet_port.h"

namespace fanlight::control {
namespace {

using House = TrialHouse<io::EthernetPort, DeviceAudience>;

// As many sessions as a large audience has, so that what a viewer's ACK and packet read has left the nearest caches; of
// which one stream's speak and are spoken to at a time, so that all of a round fits into the rings of 1,024: a packet
// takes three places.
constexpr TrialShape kShape{.streams = 24, .viewers = 320, .history_slots = 256};
constexpr std::uint16_t kDescriptors = 1024;
constexpr IpAddress kRelayAddress = IpAddress::v4(198, 18, 0, 1);  // RFC 2544: for measurements.
constexpr IpAddress kAudienceAddress = IpAddress::v4(198, 18, 0, 2);
constexpr std::uint16_t kRelayPort = 9000;
constexpr io::PoolPlan kAudiencePool{.buffers = 8191, .room_bytes = io::kReceiveRoomBytes, .for_devices = true};
constexpr io::PoolPlan kAudienceHeaders{.buffers = 511, .room_bytes = kHeaderRoomBytes, .for_devices = true};

// A folder for the socket by which the two ends of the rings find each other.
class MeetingPlace {
 public:
  MeetingPlace() {
    std::string name = std::filesystem::temp_directory_path() / "fanlight-capacity-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~MeetingPlace() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  MeetingPlace(const MeetingPlace&) = delete;
  MeetingPlace& operator=(const MeetingPlace&) = delete;
  [[nodiscard]] bool is_there() const { return !folder_.empty(); }
  [[nodiscard]] std::string socket() const { return folder_ + "/pair"; }

 private:
  std::string folder_;
};

io::MemoryPlan memory_plan() {
  return io::plan_memory({.history_slots = kShape.streams * kShape.history_slots,
                          .receive_descriptors = kDescriptors,
                          .transmit_descriptors = kDescriptors,
                          .for_devices = true});
}

Result<std::unique_ptr<io::EthernetDevice>> open_device(const std::string& name, PacketPool& pool) {
  return io::EthernetDevice::open({.device = name, .descriptors = kDescriptors, .receive_pool = &pool});
}

// Both ends leave UDP checksums undone: nothing can damage a packet in memory.
Result<std::unique_ptr<io::EthernetPort>> open_port(io::EthernetDevice& device, PacketPool& pool, PacketPool& headers,
                                                    const IpAddress& own, bool is_relay) {
  io::EthernetLinkOptions link{
      .device = &device, .receive_pool = &pool, .header_pool = &headers, .copy_pool = &pool, .interface = {}};
  link.interface.ipv4 = own;
  link.interface.ipv4_prefix = 24;
  link.interface.verify_udp_checksum = false;
  if (is_relay) {
    link.interface.udp_ports[0] = kRelayPort;
  } else {
    link.interface.udp_range_first = DeviceAudience::kFirstPublisherPort;
    link.interface.udp_range_last = 65'535;
  }
  return io::EthernetPort::open({.links = {link}});
}

// The audience's end must be up before the relay's looks for it.
struct Rings {
  std::unique_ptr<PacketPool> audience_pool, audience_headers;
  std::unique_ptr<io::EthernetDevice> audience, relay;
  std::unique_ptr<io::EthernetPort> audience_port, relay_port;

  [[nodiscard]] Result<Done> open(const std::string& socket, TrialPools& pools);
};

template <class T>
Result<Done> keep(std::unique_ptr<T>& place, Result<std::unique_ptr<T>> made) {
  if (!made) return made.error();
  place = *std::move(made);
  return Done{};
}

Result<Done> Rings::open(const std::string& socket, TrialPools& pools) {
  const auto pool_of = [](const io::PoolPlan& plan) {
    return PacketPool::create(plan.buffers, plan.room_bytes, plan.for_devices);
  };
  Result<Done> done = keep(audience_pool, pool_of(kAudiencePool));
  if (done) done = keep(audience_headers, pool_of(kAudienceHeaders));
  if (done) done = keep(audience, open_device("net_vhost0", *audience_pool));
  if (done) done = io::add_device("net_virtio_user0,path=" + socket + ",queue_size=1024");
  if (done) done = keep(relay, open_device("net_virtio_user0", *pools.receive));
  if (done)
    done = keep(audience_port, open_port(*audience, *audience_pool, *audience_headers, kAudienceAddress, false));
  if (done) done = keep(relay_port, open_port(*relay, *pools.receive, *pools.headers, kRelayAddress, true));
  return done;
}

// One packet to each viewer fits into the rings. Eight do not: then the worker waits for the other end, which copies
// each packet; for a network card that is as slow, and for net_virtio_user with a large audience.
constexpr std::size_t kPacketsInFullRings = 8;

Result<WorkerCosts> measure_pass(House& house) {
  const Result<double> packet = house.measure_packets(1);
  if (!packet) return packet.error();
  const Result<double> full = house.measure_packets(kPacketsInFullRings);
  if (!full) return full.error();
  const Result<double> ack = house.measure_acks();
  if (!ack) return ack.error();
  return WorkerCosts{.runs = {{1, *packet}}, .ns_per_ack = *ack, .ns_per_packet_full = *full};
}

Result<Trial> try_with(const TrialOptions& options, TrialPools pools, const std::string& socket) {
  Rings rings;
  if (const Result<Done> opened = rings.open(socket, pools); !opened) return opened.error();
  auto house = std::make_unique<House>(options, kShape, pools, *rings.relay_port);
  const Pin pin(options.cpu);
  DeviceAudience audience({.streams = kShape.streams,
                           .viewers = kShape.viewers,
                           .port = rings.audience_port.get(),
                           .pool = rings.audience_pool.get(),
                           .own = kAudienceAddress,
                           .relay = {kRelayAddress, kRelayPort},
                           .busy_cpu = pin.cpu()});
  if (const Result<Done> let_in = house->let_in(audience); !let_in) return let_in.error();
  Result<std::vector<WorkerCosts>> passes = in_passes(options, [&] { return measure_pass(*house); });
  if (!passes) return passes.error();
  return Trial{.passes = *std::move(passes)};
}

}  // namespace

Result<Trial> try_ethernet(const TrialOptions& options) {
  const MeetingPlace place;
  if (!place.is_there())
    return Error{ErrorCode::kFailed, std::string{"cannot make a folder for the trial's devices to meet in: "} +
                                         std::strerror(errno) + "; set TMPDIR to one that may be written to"};
  const io::MemoryPlan plan = memory_plan();
  const std::size_t bytes = plan.bytes() + io::memory_bytes(std::array{kAudiencePool, kAudienceHeaders});
  const Result<Done> eal =
      io::start_eal({.memory_bytes = bytes, .devices = {"net_vhost0,iface=" + place.socket()}, .try_hugepages = true});
  if (!eal) return eal.error();
  if (const Result<Done> registered = io::register_worker_thread(); !registered) return registered.error();
  Result<TrialPools> pools = TrialPools::create(plan);
  if (!pools) return pools.error();
  Result<Trial> trial = try_with(options, *std::move(pools), place.socket());
  io::unregister_worker_thread();
  return trial;
}

}  // namespace fanlight::control
