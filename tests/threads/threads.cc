// threads [SECONDS]
//
// Three workers on three threads, in real time: the production relay, mesh and mailboxes on ports that are rings. The
// main thread is control, the network, a publisher that hands over to another one half way, and viewers that check each
// byte. Every tenth datagram comes to the wrong worker. Made for the thread sanitizer: a build with -Db_sanitize=thread
// ends with an error when two threads touch the same without order.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "../sim/publisher_peer.h"
#include "../sim/viewer_peer.h"
#include "io/clock.h"
#include "session/session_desk.h"
#include "stream/stream.h"
#include "thread_port.h"
#include "worker/worker.h"

namespace fanlight::threads {
namespace {

constexpr std::size_t kWorkers = 3;
constexpr std::size_t kViewers = 12;
constexpr char kStream[] = "live/main";

class Streams final : public StreamFactory {
 public:
  std::vector<Stream*> make(const StreamOptions& options) override {
    std::vector<Stream*> made;
    for (std::size_t i = 0; i < kWorkers; ++i)
      made.push_back(streams_.emplace_back(std::make_unique<Stream>(1024, 64, options)).get());
    return made;
  }
  void take_back(Stream* stream) override {
    std::erase_if(streams_, [&](const auto& held) { return held.get() == stream; });
  }
  [[nodiscard]] std::size_t out() const { return streams_.size(); }

 private:
  std::vector<std::unique_ptr<Stream>> streams_;
};

// What a worker takes buffers from. They come home from any thread.
struct Pools4 {
  PacketPool received{8192, kCopyRoomBytes};
  PacketPool headers{4096, kHeaderRoomBytes};
  PacketPool copies{2048, kCopyRoomBytes};
  PacketPool adopted{4096, 0};
  [[nodiscard]] std::size_t out() const {
    std::size_t out = 0;
    for (const PacketPool* pool : {&received, &headers, &copies, &adopted}) out += pool->capacity() - pool->available();
    return out;
  }
};

struct Seat {
  Seat(std::size_t number, Pools4& pools, Mesh& mesh, int control_bell)
      : port(pools.received, pools.headers, bell),
        worker({.worker = static_cast<std::uint8_t>(number),
                .sessions_max = 64,
                .publishers_max = 4,
                .key = {11, 12},
                .mesh = &mesh,
                .adopted = &pools.adopted},
               {pools.headers, pools.copies}, mailbox, port, clock) {
    mailbox.worker_bell = bell;
    mailbox.control_bell = control_bell;
    mesh.set_bell(number, bell);
  }
  ~Seat() { close(bell); }

  const int bell = eventfd(0, EFD_NONBLOCK);
  Mailbox mailbox;
  ThreadPort port;
  io::MonotonicClock clock;
  Worker<ThreadPort, io::MonotonicClock> worker;
  std::thread thread;
};

class Stage final : public sim::Network {
 public:
  Stage() : desk_({rule()}, streams_, kWorkers) {
    for (std::size_t i = 0; i < kWorkers; ++i) pools_.push_back(std::make_unique<Pools4>());
    for (std::size_t i = 0; i < kWorkers; ++i) seats_.push_back(std::make_unique<Seat>(i, *pools_[i], mesh_, -1));
    for (std::uint16_t i = 0; i < 2; ++i) publishers_.push_back(make_publisher(i));
    for (std::uint16_t i = 0; i < kViewers; ++i) viewers_.push_back(make_viewer(i));
    for (const auto& peer : publishers_) peers_[peer->address()] = peer.get();
    for (const auto& peer : viewers_) peers_[peer->address()] = peer.get();
  }

  // Answers whether all is well.
  bool run(Micros length) {
    for (const auto& seat : seats_)
      seat->thread = std::thread([&seat = *seat] { seat.worker.run([] { return false; }); });
    play(length);
    for (const auto& seat : seats_) seat->thread.join();
    balance();
    return failures_ == 0;
  }

  void send(Instant, const sim::Peer& from, ByteSpan datagram) override {
    const std::optional<SocketId> to = wire::peek_destination(datagram);
    std::size_t worker = to && *to != SocketId{} ? worker_of(*to) : from.address().port;
    if (random_.chance(0.1)) ++worker;
    seats_[worker % kWorkers]->port.deliver(from.address(), datagram);
  }
  bool send_to(Instant, const sim::Peer&, const Endpoint&, ByteSpan) override { return false; }  // RTP's; none comes.
  void report(const sim::Peer& from, const char* what) override { fail(from.address().text() + ": " + what); }

 private:
  static control::StreamRule rule() {
    control::StreamRule rule;
    rule.name = kStream;
    rule.latency_max = seconds(5);
    return rule;
  }
  std::unique_ptr<sim::PublisherPeer> make_publisher(std::uint16_t i) {
    sim::PublisherPeer::Plan plan{.clock = sim::DriftingClock(1'000'000, 50),
                                  .terms = {.stream_id = std::string("#!::m=publish,r=") + kStream,
                                            .first_seq = SeqNo{1000},
                                            .latency = millis(900)},
                                  .interval = millis(4)};
    const Endpoint address{IpAddress::v4(198, 51, 100, 1), static_cast<std::uint16_t>(5'000 + i)};
    return std::make_unique<sim::PublisherPeer>(address, plan, feed_, *this, random_);
  }
  std::unique_ptr<sim::ViewerPeer> make_viewer(std::uint16_t i) {
    sim::ViewerPeer::Plan plan{.clock = sim::DriftingClock(2'000'000 + i, -20),
                               .terms = {.stream_id = kStream, .first_seq = SeqNo{7u * i}, .latency = millis(2'000)}};
    const Endpoint address{IpAddress::v4(198, 51, 101, 1), static_cast<std::uint16_t>(6'000 + i)};
    return std::make_unique<sim::ViewerPeer>(address, std::move(plan), feed_, *this, random_);
  }

  void play(Micros length) {
    const Instant start = now();
    publishers_[0]->start(start);
    for (const auto& viewer : viewers_) viewer->join(start);
    turn_until(start + length / 2);
    publishers_[0]->leave(now());
    turn_until(now() + millis(500));
    publishers_[1]->start(now());
    turn_until(start + length);
    if (!publishers_[1]->is_up()) fail("the second publisher is not up");
    half_ = feed_.made.size() / 2;
    publishers_[1]->pause(true);
    turn_until(now() + millis(2'500));  // What waits is played.
    for (const auto& viewer : viewers_) viewer->stay_away();
    publishers_[1]->stay_away();
    (void)desk_.remove_stream(kStream);
    turn_until(now() + millis(1'000));
    if (streams_.out() != 0) fail("the stream was not given back by all workers");
    desk_.stop();
    const Instant end = now() + seconds(5);
    while (!desk_.is_stopped() && now() < end) turn();
    if (!desk_.is_stopped()) std::fprintf(stderr, "the workers do not stop\n"), std::abort();
  }

  static Instant now() { return io::MonotonicClock::now(); }
  void turn_until(Instant end) {
    while (now() < end) turn();
  }
  // One turn of everything that this thread is.
  void turn() {
    const Instant at = now();
    for (const auto& [address, peer] : peers_)
      if (peer->next_wake() <= at) peer->wake(at);
    for (const auto& seat : seats_) {
      while (seat->port.collect(letter_)) {
        const auto found = peers_.find(letter_.remote);
        if (found != peers_.end()) found->second->receive(now(), std::span(letter_.bytes).first(letter_.size));
      }
    }
    take_control_turn(at);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  void take_control_turn(Instant at) {
    Event event;
    for (std::size_t worker = 0; worker < kWorkers; ++worker)
      while (seats_[worker]->mailbox.events.try_pop(event)) desk_.handle_event(at, std::move(event), worker);
    if (at >= desk_.next_deadline()) desk_.handle_timeout(at);
    for (std::size_t i = 0; i < 2 * kWorkers; ++i) {
      const std::size_t worker = i % kWorkers;
      Mailbox& mailbox = seats_[worker]->mailbox;
      for (Command* command; (command = desk_.peek_command(worker)) != nullptr; desk_.pop_command(worker))
        if (!mailbox.commands.try_push(std::move(*command))) break;
      io::ring_doorbell(mailbox.worker_bell);
    }
    while (desk_.poll_notice()) {
    }
  }

  void balance() {
    Handover left;
    for (std::size_t i = 0; i < kWorkers * kWorkers; ++i)
      while (i / kWorkers != i % kWorkers && mesh_.ring(i / kWorkers, i % kWorkers).try_pop(left)) left.packet.reset();
    std::size_t out = 0;
    for (const auto& pools : pools_) out += pools->out();
    if (out != 0) fail(std::to_string(out) + " buffers are not in their pools");
    std::uint64_t given = 0;
    std::uint64_t strays = 0;
    for (const auto& seat : seats_) {
      const WorkerCounters& counters = seat->mailbox.counters;
      given += counters.read(Counter::kHandoversGiven);
      strays += counters.read(Counter::kStraysTaken);
      if (counters.read(Counter::kHandoversLost) != 0) fail("a worker was not given all packets");
    }
    if (given < 2 * (feed_.made.size() - 1)) fail("too few packets were given to other workers");
    if (strays == 0) fail("no stray was taken");
    std::uint64_t delivered = 0;
    for (const auto& viewer : viewers_) {
      viewer->vanish(now());
      if (viewer->finished().empty() || viewer->finished().back().last_index < half_)
        fail("viewer " + viewer->address().text() + " got nothing of the second publisher");
      for (const sim::Watch& watch : viewer->finished()) delivered += watch.delivered;
    }
    std::printf("%zu published, %llu delivered to %zu viewers, %llu given, %llu strays\n", feed_.made.size(),
                static_cast<unsigned long long>(delivered), viewers_.size(), static_cast<unsigned long long>(given),
                static_cast<unsigned long long>(strays));
  }
  void fail(const std::string& what) {
    std::printf("FAILED: %s\n", what.c_str());
    ++failures_;
  }

  sim::Random random_{4711};
  sim::Feed feed_{};
  std::vector<std::unique_ptr<Pools4>> pools_;
  Mesh mesh_{kWorkers};
  Streams streams_;
  std::vector<std::unique_ptr<Seat>> seats_;
  control::SessionDesk desk_;
  std::vector<std::unique_ptr<sim::PublisherPeer>> publishers_;
  std::vector<std::unique_ptr<sim::ViewerPeer>> viewers_;
  std::map<Endpoint, sim::Peer*> peers_;
  Letter letter_;
  std::uint64_t half_ = 0;
  int failures_ = 0;
};

}  // namespace
}  // namespace fanlight::threads

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 6;
  fanlight::threads::Stage stage;
  return stage.run(fanlight::seconds(seconds)) ? 0 : 1;
}
