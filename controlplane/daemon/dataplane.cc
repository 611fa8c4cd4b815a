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
#include <future>
#include <optional>
#include <thread>

#include "base/check.h"
#include "daemon/ports.h"
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

Relay::Options worker_options(const Config& config, const DataplanePlan& plan) {
  Relay::Options options;
  options.sessions_max = config.relay.sessions_max;
  options.publishers_max = plan.streams_max;
  CHECK(getrandom(options.key.data(), sizeof options.key, 0) == sizeof options.key);
  return options;
}

}  // namespace

struct Dataplane::State {
  State(const Config& config, const DataplanePlan& plan) : streams(plan.history_slots, config.relay.sessions_max) {
    mailbox.worker_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    mailbox.control_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  }
  ~State() {
    stop();
    close(mailbox.worker_bell);
    close(mailbox.control_bell);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <class Port>
  void employ(std::unique_ptr<Port> port, const Config& config, const DataplanePlan& plan) {
    worker = std::make_unique<PortWorker<Port>>(std::move(port), worker_options(config, plan),
                                                Pools{*pools.headers, *pools.copies}, mailbox);
  }

  Result<Done> open_port(const Config& config, const DataplanePlan& plan) {
    if (config.relay.port == PortKind::kSockets) {
      Result<std::unique_ptr<io::SocketPort>> port = open_socket_port(config, *pools.receive, mailbox.worker_bell);
      if (!port) return port.error();
      notes = (*port)->notes();
      employ(std::move(*port), config, plan);
    } else {
      Result<std::unique_ptr<io::EthernetPort>> port =
          open_ethernet_port(config, *pools.receive, *pools.headers, mailbox.worker_bell);
      if (!port) return port.error();
      employ(std::move(*port), config, plan);
    }
    return Done{};
  }

  // The core is taken from outside, so that a refusal is ours to tell.
  Result<Done> pin(int core) {
    if (core < 0) return Done{};
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(core, &cpus);
    const int error = pthread_setaffinity_np(thread.native_handle(), sizeof cpus, &cpus);
    if (error == 0) return Done{};
    return Error{ErrorCode::kInvalid, "cannot pin the worker to core " + std::to_string(core) + ": " +
                                          std::strerror(error) + "; choose another relay.core, or -1"};
  }

  Result<Done> start_thread(int core) {
    std::promise<Result<Done>> ready;
    std::future<Result<Done>> outcome = ready.get_future();
    thread = std::thread([this, &ready] {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, nullptr);  // Signals are the control thread's.
      const Result<Done> registered = io::register_worker_thread();
      const bool is_ready = registered.has_value();
      ready.set_value(registered);
      if (!is_ready) return;
      worker->run(is_over);
      io::unregister_worker_thread();
    });
    Result<Done> registered = outcome.get();
    if (!registered) return registered;
    pthread_setname_np(thread.native_handle(), "fanlight-worker");
    return pin(core);
  }

  void stop() {
    if (!thread.joinable()) return;
    is_over.store(true, std::memory_order_relaxed);
    io::ring_doorbell(mailbox.worker_bell);
    thread.join();
  }

  // In this order they come up; streams and workers hold packets of the pools.
  PacketPools pools;
  StreamStore streams;
  Mailbox mailbox;
  std::unique_ptr<AnyWorker> worker;
  std::vector<std::string> notes;
  std::atomic<bool> is_over{false};  // Written by: control. Read by: worker.
  std::thread thread;
};

Result<std::unique_ptr<Dataplane>> Dataplane::open(const Config& config, const DataplanePlan& plan) {
  const Result<Done> eal = start_eal(config, plan);
  if (!eal) return eal.error();
  auto state = std::make_unique<State>(config, plan);
  Result<PacketPools> pools = create_pools(plan.memory);
  if (!pools) return pools.error();
  state->pools = std::move(*pools);
  const Result<Done> opened = state->open_port(config, plan);
  if (!opened) return opened.error();
  const Result<Done> started = state->start_thread(config.relay.core);
  if (!started) return started.error();
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(state)));
}

Dataplane::Dataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataplane::~Dataplane() = default;
Mailbox& Dataplane::mailbox() { return state_->mailbox; }
StreamFactory& Dataplane::streams() { return state_->streams; }
const std::vector<std::string>& Dataplane::notes() const { return state_->notes; }
void Dataplane::stop() { state_->stop(); }

}  // namespace fanlight::control
