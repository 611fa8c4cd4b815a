#include <algorithm>
#include <array>

#include "capacity/socket_audience.h"
#include "capacity/trial_house.h"
#include "io/eal.h"
#include "io/socket_port.h"

namespace fanlight::control {
namespace {

using House = TrialHouse<io::SocketPort, SocketAudience>;

// 60 ms of delay are runs of 28 at 10 Mb/s.
constexpr std::array<std::size_t, 6> kRuns = {1, 2, 4, 8, 16, 32};
constexpr std::size_t kHistorySlots = 1024;
// As many addresses and datagrams under way as a large audience has, as far as buffers take a round of theirs: with 256
// viewers everything stays in the processor's caches, and a packet in a run costs half of what it costs in life.
constexpr std::size_t kViewersMax = 2048;
constexpr std::size_t kViewersMin = 128;
// What the kernel reckons for a datagram of ours in a receive buffer, and for an ACK.
constexpr std::size_t kBufferedBytes = 2560;
constexpr std::size_t kBufferedAckBytes = 1024;

Result<Done> start(const io::MemoryPlan& plan) {
  if (const Result<Done> eal = io::start_eal({.memory_bytes = plan.bytes(), .devices = {}}); !eal) return eal;
  return io::register_worker_thread();
}

TrialShape shape_for(std::size_t audience_buffer_bytes, std::size_t relay_buffer_bytes) {
  const std::size_t viewers =
      std::min(audience_buffer_bytes / kBufferedBytes / kRuns.back(), 2 * relay_buffer_bytes / kBufferedAckBytes);
  return {.streams = 1, .viewers = std::clamp(viewers, kViewersMin, kViewersMax), .history_slots = kHistorySlots};
}

Result<WorkerCosts> measure_pass(House& house, const SocketAudience& audience) {
  WorkerCosts costs;
  for (const std::size_t packets : kRuns) {
    // All of a round must fit into the receive buffer at the other end.
    if (packets > 1 && packets * audience.viewers() * kBufferedBytes > audience.buffer_bytes()) break;
    const Result<double> each = house.measure_packets(packets);
    if (!each) return each.error();
    costs.runs.push_back({packets, *each});
  }
  const Result<double> ack = house.measure_acks();
  if (!ack) return ack.error();
  costs.ns_per_ack = *ack;
  return costs;
}

Result<Trial> try_with(const TrialOptions& options, TrialPools pools) {
  const io::SocketPortOptions port_options{.listen = {{IpAddress::v4(127, 0, 0, 1), 0}},
                                           .receive_pool = pools.receive.get(),
                                           .receive_buffer_bytes = options.receive_buffer_bytes};
  Result<std::unique_ptr<io::SocketPort>> port = io::SocketPort::open(port_options);
  if (!port) return port.error();
  const Pin pin(options.cpu);
  Result<std::unique_ptr<SocketAudience>> audience = SocketAudience::open((*port)->bound(0), pin.cpu());
  if (!audience) return audience.error();
  const TrialShape shape = shape_for((*audience)->buffer_bytes(), (*port)->receive_buffer_bytes(0));
  const auto house = std::make_unique<House>(options, shape, pools, **port);
  if (const Result<Done> let_in = house->let_in(**audience); !let_in) return let_in.error();
  Result<std::vector<WorkerCosts>> passes = in_passes(options, [&] { return measure_pass(*house, **audience); });
  if (!passes) return passes.error();
  return Trial{.passes = *std::move(passes),
               .receive_buffer_bytes = (*port)->receive_buffer_bytes(0),
               .receive_buffer_asked = static_cast<std::size_t>(port_options.receive_buffer_bytes),
               .send_buffer_bytes = (*port)->send_buffer_bytes(0),
               .send_buffer_asked = static_cast<std::size_t>(port_options.send_buffer_bytes)};
}

}  // namespace

Result<Trial> try_sockets(const TrialOptions& options) {
  const io::MemoryPlan plan = io::plan_memory({.history_slots = kHistorySlots});
  if (const Result<Done> started = start(plan); !started) return started.error();
  Result<TrialPools> pools = TrialPools::create(plan);
  if (!pools) return pools.error();
  Result<Trial> trial = try_with(options, *std::move(pools));
  io::unregister_worker_thread();
  return trial;
}

}  // namespace fanlight::control
