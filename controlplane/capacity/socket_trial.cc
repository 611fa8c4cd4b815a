#include "capacity/socket_trial.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/check.h"
#include "capacity/crowd.h"
#include "contract/commands.h"
#include "crypto/session_ciphers.h"
#include "io/clock.h"
#include "io/eal.h"
#include "io/memory_plan.h"
#include "io/socket_port.h"
#include "stream/stream.h"
#include "wire/srt_handshake.h"
#include "worker/worker.h"

namespace fanlight::control {
namespace {

constexpr StreamIndex kStream{0};
constexpr std::size_t kHistorySlots = 1024;
constexpr std::uint32_t kNoWindow = 1u << 30;
constexpr std::array<std::size_t, 6> kRuns = {1, 2, 4, 8, 16, 32};
// What the kernel reckons for a datagram of ours in a receive buffer.
constexpr std::size_t kBufferedBytes = 2560;
constexpr std::size_t kRoundsMin = 9;
constexpr Micros kWarmUp = millis(60);

// A nanosecond clock: a round is some tens of microseconds long.
std::int64_t nanos() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// The calling thread on one CPU, and back where it was.
class Pin {
 public:
  explicit Pin(int cpu) {
    sched_getaffinity(0, sizeof before_, &before_);
    for (int i = 0; cpu < 0 && i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(static_cast<unsigned>(i), &before_)) cpu = i;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(cpu), &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) cpu_ = cpu;
  }
  ~Pin() { sched_setaffinity(0, sizeof before_, &before_); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  [[nodiscard]] int cpu() const { return cpu_; }

 private:
  cpu_set_t before_{};
  int cpu_ = -1;  // -1: the CPU is not ours to take.
};

std::unique_ptr<crypto::SessionCiphers> random_ciphers(std::size_t key_bytes) {
  if (key_bytes == 0) return nullptr;
  std::array<std::byte, 32> key;
  wire::Salt salt;
  CHECK(crypto::fill_random(key) && crypto::fill_random(salt));
  auto ciphers = std::make_unique<crypto::SessionCiphers>();
  ciphers->even.emplace(crypto::Key(ByteSpan(key).first(key_bytes)), salt);
  return ciphers;
}

struct Caller {
  Role role = Role::kViewer;
  Endpoint from;
  SocketId peer;
  SeqNo first_seq;
};

// What control would say to let it in.
command::OpenSession opening(const Caller& caller, const Endpoint& relay, std::size_t key_bytes) {
  command::OpenSession open;
  open.request = RequestId{caller.peer.raw()};
  open.path = {.remote = caller.from, .local = relay};
  open.peer = caller.peer;
  open.role = caller.role;
  open.stream = kStream;
  open.first_seq = caller.first_seq;
  open.receive_latency = open.send_latency = millis(120);
  open.window_packets = kNoWindow;
  const wire::HandshakePacket response{
      .handshake =
          {.extension = wire::kExtHsReq, .first_seq = caller.first_seq, .request = -1, .socket = {}, .peer_ip = {}},
      .capabilities = wire::HsCapabilities{.flags = 0x3F, .receiver_delay_ms = 120, .sender_delay_ms = 120},
      .is_response = true};
  open.response_bytes =
      static_cast<std::uint16_t>(wire::write_handshake_packet(open.response, response, {}, caller.peer));
  if (caller.role == Role::kViewer) open.ciphers = random_ciphers(key_bytes);
  return open;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A relay of one worker, its port and its memory.
class House {
 public:
  static Result<std::unique_ptr<House>> open(const SocketTrialOptions& options) {
    std::unique_ptr<House> house(new House(options));
    const Result<Done> opened = house->bring_up();
    if (!opened) return opened.error();
    return house;
  }
  ~House() { io::unregister_worker_thread(); }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  [[nodiscard]] Result<Done> let_in(int busy_cpu);
  // ns per departure of a round with so many packets for each viewer, or per ACK.
  [[nodiscard]] Result<double> measure_packets(std::size_t packets);
  [[nodiscard]] Result<double> measure_acks();
  [[nodiscard]] std::vector<std::string> shortages() const {
    std::vector<std::string> short_of = port_->notes();
    std::erase_if(short_of, [](const std::string& note) { return note.find("to raise it") == std::string::npos; });
    return short_of;
  }
  [[nodiscard]] bool can_take(std::size_t packets) const {
    return packets * options_.viewers * kBufferedBytes <= crowd_->buffer_bytes();
  }

 private:
  explicit House(const SocketTrialOptions& options) : options_(options) {}
  [[nodiscard]] Result<Done> bring_up();
  [[nodiscard]] std::optional<SocketId> open_session(const Caller& caller);
  // Nanoseconds of the breaths that moved something.
  [[nodiscard]] double round(std::size_t packets, bool acks);
  template <class Round>
  [[nodiscard]] Result<double> measure(Counter counter, std::size_t expected, Round&& round);

  SocketTrialOptions options_;
  std::unique_ptr<PacketPool> receive_, headers_, copies_;
  std::unique_ptr<io::SocketPort> port_;
  Mailbox mailbox_;
  io::MonotonicClock clock_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Worker<io::SocketPort, io::MonotonicClock>> worker_;
  std::unique_ptr<Crowd> crowd_;
};

Result<Done> House::bring_up() {
  const io::MemoryPlan plan = io::plan_memory({.history_slots = kHistorySlots});
  if (const Result<Done> eal = io::start_eal({.memory_bytes = plan.bytes(), .devices = {}}); !eal) return eal;
  if (const Result<Done> registered = io::register_worker_thread(); !registered) return registered;
  for (auto [pool, pool_plan] :
       {std::pair{&receive_, &plan.receive}, std::pair{&headers_, &plan.headers}, std::pair{&copies_, &plan.copies}}) {
    Result<std::unique_ptr<PacketPool>> created =
        PacketPool::create(pool_plan->buffers, pool_plan->room_bytes, pool_plan->for_devices);
    if (!created) return created.error();
    *pool = *std::move(created);
  }
  Result<std::unique_ptr<io::SocketPort>> port =
      io::SocketPort::open({.listen = {{IpAddress::v4(127, 0, 0, 1), 0}},
                            .receive_pool = receive_.get(),
                            .receive_buffer_bytes = options_.receive_buffer_bytes});
  if (!port) return port.error();
  port_ = *std::move(port);
  stream_ = std::make_unique<Stream>(kHistorySlots, options_.viewers,
                                     StreamOptions{.latency_max = seconds(5), .join = {.at_picture = false}});
  worker_ = std::make_unique<Worker<io::SocketPort, io::MonotonicClock>>(
      Relay::Options{.sessions_max = options_.viewers + 1, .publishers_max = 1, .key = {1, 2}},
      Pools{*headers_, *copies_}, mailbox_, *port_, clock_);
  return Done{};
}

std::optional<SocketId> House::open_session(const Caller& caller) {
  CHECK(mailbox_.commands.try_push(Command{opening(caller, port_->bound(0), options_.key_bytes)}));
  worker_->breathe();
  Event event;
  while (mailbox_.events.try_pop(event))
    if (const auto* opened = std::get_if<event::SessionOpened>(&event)) return opened->socket;
  return std::nullopt;
}

Result<Done> House::let_in(int busy_cpu) {
  Result<std::unique_ptr<Crowd>> crowd = Crowd::open(options_.viewers, port_->bound(0), busy_cpu);
  if (!crowd) return crowd.error();
  crowd_ = *std::move(crowd);
  CHECK(mailbox_.commands.try_push(Command{command::AddStream{kStream, stream_.get()}}));
  const Error refused{ErrorCode::kFailed, "the trial's relay refused a session"};
  const auto publisher = open_session({Role::kPublisher, crowd_->address_of(Crowd::kPublisher), SocketId{1}, SeqNo{1}});
  if (!publisher) return refused;
  std::vector<SocketId> viewers;
  for (std::size_t i = 0; i < options_.viewers; ++i) {
    const auto viewer = open_session(
        {Role::kViewer, crowd_->address_of(i), SocketId{static_cast<std::uint32_t>(i + 2)}, Crowd::first_seq_of(i)});
    if (!viewer) return refused;
    viewers.push_back(*viewer);
  }
  crowd_->introduce(*publisher, std::move(viewers));
  for (const Instant end = clock_.now() + kWarmUp; clock_.now() < end;) worker_->breathe();
  return Done{};
}

double House::round(std::size_t packets, bool acks) {
  crowd_->speak(packets, acks);
  std::int64_t busy = 0;
  std::int64_t then = nanos();
  for (bool had_news = true; had_news;) {
    had_news = worker_->breathe();
    const std::int64_t now = nanos();
    if (had_news) busy += now - then;
    then = now;
  }
  return static_cast<double>(busy);
}

// The median over rounds that did what they should: `counter` grew by `expected`.
template <class Round>
Result<double> House::measure(Counter counter, std::size_t expected, Round&& round) {
  std::vector<double> nanos_each;
  for (const Instant end = clock_.now() + options_.span; clock_.now() < end || nanos_each.size() < kRoundsMin;) {
    const std::uint64_t before = mailbox_.counters.read(counter);
    const double taken = round();
    const std::uint64_t done = mailbox_.counters.read(counter) - before;
    if (done == expected) nanos_each.push_back(taken / static_cast<double>(expected));
    if (clock_.now() > end + options_.span)
      return Error{ErrorCode::kFailed, "the trial did not settle: this host is too busy for a measurement"};
  }
  return median(nanos_each);
}

Result<double> House::measure_packets(std::size_t packets) {
  (void)round(0, true);  // Signs of life: nobody is taken for gone.
  return measure(Counter::kFreshSent, packets * options_.viewers, [&] { return round(packets, false); });
}

Result<double> House::measure_acks() {
  return measure(Counter::kControlSent, options_.viewers, [&] { return round(0, true); });
}

}  // namespace

Result<Trial> try_sockets(const SocketTrialOptions& options) {
  Result<std::unique_ptr<House>> house = House::open(options);
  if (!house) return house.error();
  const Pin pin(options.cpu);
  if (const Result<Done> let_in = (*house)->let_in(pin.cpu()); !let_in) return let_in.error();
  WorkerCosts costs;
  std::size_t done = 0;
  const auto note_progress = [&] { options.progress(++done, kRuns.size() + 1); };
  for (const std::size_t packets : kRuns) {
    if (packets > 1 && !(*house)->can_take(packets)) break;
    const Result<double> each = (*house)->measure_packets(packets);
    if (!each) return each.error();
    costs.runs.push_back({packets, *each});
    note_progress();
  }
  const Result<double> ack = (*house)->measure_acks();
  if (!ack) return ack.error();
  costs.ns_per_ack = *ack;
  note_progress();
  return Trial{std::move(costs), (*house)->shortages()};
}

}  // namespace fanlight::control
