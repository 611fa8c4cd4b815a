#include "daemon/dataplane.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <thread>

#include "base/check.h"
#include "capacity/host.h"
#include "daemon/feed_doors.h"
#include "daemon/ports.h"
#include "daemon/scheduling.h"
#include "daemon/stream_store.h"
#include "io/clock.h"
#include "io/doorbell.h"
#include "io/eal.h"
#include "packet/packet.h"
#include "stream/stream.h"
#include "worker/worker.h"

namespace fanlight::control {
namespace {

// A worker, whatever its port.
class AnyWorker {
 public:
  virtual ~AnyWorker() = default;
  virtual void run(const std::atomic<bool>& is_over) noexcept = 0;
};

template <class Port>
class PortWorker final : public AnyWorker {
 public:
  PortWorker(std::unique_ptr<Port> port, const Relay::Options& options, Pools pools, Mailbox& mailbox)
      : port_(std::move(port)), worker_(options, pools, mailbox, *port_, clock_) {}
  void run(const std::atomic<bool>& is_over) noexcept override {
    worker_.run([&is_over] { return is_over.load(std::memory_order_relaxed); });
  }

 private:
  std::unique_ptr<Port> port_;
  io::MonotonicClock clock_;
  Worker<Port, io::MonotonicClock> worker_;
};

struct PacketPools {
  std::unique_ptr<PacketPool> receive;
  std::unique_ptr<PacketPool> headers;
  std::unique_ptr<PacketPool> copies;
  std::vector<std::unique_ptr<PacketPool>> adopted;  // By worker; none when there is one.
};

Result<Done> create_pool(std::unique_ptr<PacketPool>& pool, const io::PoolPlan& plan) {
  Result<std::unique_ptr<PacketPool>> created = PacketPool::create(plan.buffers, plan.room_bytes, plan.for_devices);
  if (!created) return created.error();
  pool = std::move(*created);
  return Done{};
}

Result<PacketPools> create_pools(const io::MemoryPlan& plan) {
  PacketPools pools;
  for (auto [pool, pool_plan] : {std::pair{&pools.receive, &plan.receive}, std::pair{&pools.headers, &plan.headers},
                                 std::pair{&pools.copies, &plan.copies}}) {
    const Result<Done> created = create_pool(*pool, *pool_plan);
    if (!created) return created.error();
  }
  for (std::size_t worker = 0; plan.workers > 1 && worker < plan.workers; ++worker) {
    Result<std::unique_ptr<PacketPool>> created = PacketPool::create_for_adoption(plan.adopted.buffers);
    if (!created) return created.error();
    pools.adopted.push_back(std::move(*created));
  }
  return pools;
}

Result<Done> start_eal(const Config& config, const DataplanePlan& plan) {
  io::EalOptions options;
  options.memory_bytes = plan.memory.bytes();
  if (config.relay.port == PortKind::kEthernet) {
    options.try_hugepages = true;
    for (const DeviceOptions& device : config.ethernet.devices) options.devices.push_back(device.eal);
  }
  return io::start_eal(options);
}

// Where packets of ours come from. Behind a wildcard address it is what a destination names; where none does, the
// worker can tell. One that is another host's now may send us something: SessionDesk::note_own_addresses() sees it
// come.
std::vector<Endpoint> own_doors(const Config& config) {
  std::set<IpAddress> sources;
  for (const DestinationRule& one : config.destinations) {
    if (one.source) sources.insert(*one.source);
    if (one.second && one.second->source) sources.insert(*one.second->source);
  }
  std::erase_if(sources, [](const IpAddress& ip) { return !is_address_of_host(ip); });
  std::set<Endpoint> doors;
  for (const ListenOptions& listen : config.listen) {
    doors.insert(listen.address);
    if (!listen.address.ip.is_unspecified()) continue;
    for (const IpAddress& source : sources) doors.insert({source, listen.address.port});
  }
  return {doors.begin(), doors.end()};
}

Relay::Options worker_options(const Config& config, const DataplanePlan& plan) {
  Relay::Options options;
  options.sessions_max = config.relay.sessions_max;
  options.publishers_max = plan.streams_max;
  options.publisher_places = plan.publisher_places;
  options.fec_feeds = static_cast<std::size_t>(
      std::ranges::count_if(config.feeds, [](const FeedRule& feed) { return feed.terms.fec; }));
  options.armour = config.armour;
  if (config.relay.port == PortKind::kSockets) {
    options.srt_doors = config.listen.size();
    options.own_doors = own_doors(config);
  }
  options.feed_addresses = plan_feed_doors(config).addresses;
  CHECK(getrandom(options.key.data(), sizeof options.key, 0) == sizeof options.key);
  return options;
}

// One worker: its end of the mailbox, its port, its thread.
class Seat {
 public:
  Seat(std::size_t number, int control_bell) : number_(number) {
    mailbox.worker_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    mailbox.control_bell = control_bell;
  }
  ~Seat() {
    stop();
    close(mailbox.worker_bell);
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  Result<Done> open(const Config& config, Relay::Options options, PacketPools& pools, const EthernetDevices& devices) {
    options.worker = static_cast<std::uint8_t>(number_);
    if (options.mesh != nullptr) {
      options.adopted = pools.adopted[number_].get();
      options.mesh->set_bell(number_, mailbox.worker_bell);
    }
    return config.relay.port == PortKind::kSockets
               ? employ(open_socket_port(config, number_, *pools.receive, mailbox.worker_bell), options, pools)
               : employ(open_ethernet_port(config, number_, devices, *pools.receive, *pools.headers, *pools.copies,
                                           mailbox.worker_bell),
                        options, pools);
  }

  Result<Done> start(int core) {
    std::promise<Result<Done>> ready;
    std::future<Result<Done>> outcome = ready.get_future();
    thread_ = std::thread([this, &ready] {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, nullptr);  // Signals are the control thread's.
      ask_for_short_turns();
      const Result<Done> registered = io::register_worker_thread();
      const bool is_ready = registered.has_value();
      ready.set_value(registered);
      if (!is_ready) return;
      worker_->run(is_over_);
      io::unregister_worker_thread();
    });
    Result<Done> registered = outcome.get();
    if (!registered) return registered;
    pthread_setname_np(thread_.native_handle(), ("fanlight-" + std::to_string(number_)).c_str());
    return pin(core);
  }

  void ask_to_stop() {
    is_over_.store(true, std::memory_order_relaxed);
    io::ring_doorbell(mailbox.worker_bell);
  }
  void stop() {
    if (!thread_.joinable()) return;
    ask_to_stop();
    thread_.join();
  }

  Mailbox mailbox;
  std::vector<std::string> notes;
  std::function<void()> rejoin_groups;  // Empty: its port has no such thing.

 private:
  template <class Port>
  Result<Done> employ(Result<std::unique_ptr<Port>> port, const Relay::Options& options, PacketPools& pools) {
    if (!port) return port.error();
    if constexpr (requires { (*port)->notes(); }) notes = (*port)->notes();
    if constexpr (requires { (*port)->rejoin_groups(); }) rejoin_groups = [its = port->get()] { its->rejoin_groups(); };
    worker_ =
        std::make_unique<PortWorker<Port>>(std::move(*port), options, Pools{*pools.headers, *pools.copies}, mailbox);
    return Done{};
  }

  // The core is taken from outside, so that a refusal is ours to tell.
  Result<Done> pin(int core) {
    if (core < 0) return Done{};
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(core, &cpus);
    const int error = pthread_setaffinity_np(thread_.native_handle(), sizeof cpus, &cpus);
    if (error == 0) return Done{};
    return Error{ErrorCode::kInvalid, "cannot pin worker " + std::to_string(number_) + " to core " +
                                          std::to_string(core) + ": " + std::strerror(error) +
                                          "; choose other relay.cores, or none"};
  }

  std::size_t number_;
  std::unique_ptr<AnyWorker> worker_;
  std::atomic<bool> is_over_{false};  // Written by: control. Read by: worker.
  std::thread thread_;
};

}  // namespace

struct Dataplane::State {
  State(const Config& config, const DataplanePlan& plan)
      : streams(plan.history_slots, config.relay.sessions_max, config.relay.workers),
        control_bell(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (config.relay.workers > 1) mesh.emplace(config.relay.workers);
  }
  ~State() {
    stop();
    seats.clear();
    close(control_bell);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<Done> open_seats(const Config& config, const DataplanePlan& plan) {
    Result<EthernetDevices> opened_devices = open_ethernet_devices(config, *pools.receive);
    if (!opened_devices) return opened_devices.error();
    devices = *std::move(opened_devices);
    Relay::Options options = worker_options(config, plan);
    options.mesh = mesh ? &*mesh : nullptr;
    for (std::size_t worker = 0; worker < config.relay.workers; ++worker) {
      seats.push_back(std::make_unique<Seat>(worker, control_bell));
      const Result<Done> opened = seats.back()->open(config, options, pools, devices);
      if (!opened) return opened;
    }
    return Done{};
  }

  Result<Done> start(const Config& config) {
    for (std::size_t worker = 0; worker < seats.size(); ++worker) {
      const Result<Done> started = seats[worker]->start(config.relay.core_of(worker));
      if (!started) return started;
    }
    return Done{};
  }

  // All are asked before the first is waited for.
  void stop() {
    for (const auto& seat : seats) seat->ask_to_stop();
    for (const auto& seat : seats) seat->stop();
  }

  // In this order they come up: devices, streams, rings between workers, and workers hold packets of the pools.
  PacketPools pools;
  EthernetDevices devices;  // None on sockets.
  StreamStore streams;
  std::optional<Mesh> mesh;
  int control_bell;
  std::vector<std::unique_ptr<Seat>> seats;
};

Result<std::unique_ptr<Dataplane>> Dataplane::open(const Config& config, const DataplanePlan& plan) {
  const Result<Done> eal = start_eal(config, plan);
  if (!eal) return eal.error();
  auto state = std::make_unique<State>(config, plan);
  Result<PacketPools> pools = create_pools(plan.memory);
  if (!pools) return pools.error();
  state->pools = std::move(*pools);
  const Result<Done> opened = state->open_seats(config, plan);
  if (!opened) return opened.error();
  const Result<Done> started = state->start(config);
  if (!started) return started.error();
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(state)));
}

Dataplane::Dataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataplane::~Dataplane() = default;
std::vector<Mailbox*> Dataplane::mailboxes() {
  std::vector<Mailbox*> all;
  for (const auto& seat : state_->seats) all.push_back(&seat->mailbox);
  return all;
}
void Dataplane::rejoin_groups() {
  for (const auto& seat : state_->seats)
    if (seat->rejoin_groups) seat->rejoin_groups();
}
StreamFactory& Dataplane::streams() { return state_->streams; }
std::vector<std::string> Dataplane::notes() const {
  std::vector<std::string> all;
  for (const auto& seat : state_->seats) all.insert(all.end(), seat->notes.begin(), seat->notes.end());
  return all;
}
void Dataplane::stop() { state_->stop(); }

}  // namespace fanlight::control
