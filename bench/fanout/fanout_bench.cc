// What our fan-out costs per delivered packet: the whole engine on a DPDK device, beside bench/limit/bare_fanout.
#include <rte_cycles.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <bit>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include "fanout/crowd.h"
#include "io/clock.h"
#include "io/eal.h"
#include "io/ethernet_port.h"
#include "io/memory_plan.h"
#include "opening.h"
#include "stream/stream.h"
#include "worker/worker.h"

namespace fanlight::bench {
namespace {

constexpr std::size_t kHistorySlots = 4096;
constexpr std::size_t kWholeBuffers = 12287;  // As the bare loop has them.
constexpr std::size_t kHeaderBuffers = 4095;
constexpr std::size_t kCopyBuffers = 4095;
constexpr std::size_t kAdoptedBuffers = 8191;
constexpr std::uint32_t kNoWindow = 1u << 30;
constexpr double kSettleSeconds = 0.02;  // Until every viewer is live: responses come 5 ms before data.
constexpr double kWarmUpSeconds = 0.3;

struct Options {
  std::string device = "net_null0,no-rx=1";
  int core = 0;
  std::size_t workers = 1;
  double seconds = 3;
  std::string cipher = "none";
  bool linear = false;
  std::string dress = "srt";
  std::string suite = "AES_CM_128_HMAC_SHA1_80";
  Crowd::Options crowd{.viewers = 1000};
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "fanout_bench: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T take(Result<T> result) {
  if (!result) give_up(result.error().what);
  return *std::move(result);
}

crypto::SrtpMaster some_master(const std::string& suite) {
  const crypto::SrtpSuite its = *crypto::srtp_suite_of(suite);
  const std::vector<std::byte> bytes(crypto::form_of(its).master_bytes(), std::byte{0x5A});
  return {its, crypto::SecretBytes(bytes)};
}

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Worker `n` has the n-th device of the kind that was asked for.
std::string device_of(const Options& options, std::size_t worker) {
  return worker == 0 ? options.device : "net_null" + std::to_string(worker) + ",no-rx=1";
}

// One worker with its device and its crowd. The publishers are in the first one's.
class Bench {
 public:
  explicit Bench(const Options& options, std::size_t worker = 0, Mesh* mesh = nullptr)
      : options_(options),
        has_publishers_(worker == 0),
        device_name_(device_of(options, worker)),
        adopted_(mesh == nullptr ? nullptr : take(PacketPool::create_for_adoption(kAdoptedBuffers))),
        port_(open_port()),
        key_(some_master(options.suite)),
        worker_({.worker = static_cast<std::uint8_t>(worker),
                 .sessions_max = options.crowd.viewers + options.crowd.streams,
                 .publishers_max = options.crowd.streams,
                 .key = {1, 2},
                 .mesh = mesh,
                 .adopted = adopted_.get()},
                {*headers_, *copies_}, mailbox_, *port_, clock_),
        crowd_(options.crowd, *whole_, port_->link(0).interface().mac, mailbox_.counters) {
    std::uint16_t id = 0;
    CHECK(rte_eth_dev_get_port_by_name(device_name_.substr(0, device_name_.find(',')).c_str(), &id) == 0);
    crowd_.attach(id);
  }

  void open_sessions();
  void run(Bench* other = nullptr);
  // On its own thread, until it is told to end.
  void carry(const std::atomic<bool>& is_over) {
    while (!is_over.load(std::memory_order_relaxed)) worker_.breathe();
  }
  // Long enough that every viewer may have data, and that no ring holds a packet of a pool that goes.
  void come_to_rest() {
    const std::uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 20;
    while (rte_rdtsc() < end) worker_.breathe();
  }

 private:
  struct Figures {
    double seconds, cpu;
    std::uint64_t busy_cycles, packets, sent, acks, breaths;
    std::uint64_t packets_elsewhere = 0;
  };
  std::unique_ptr<io::EthernetPort> open_port();
  [[nodiscard]] SocketId open(Role role, std::size_t stream, std::uint16_t port, SeqNo first_seq);
  void open_destination(std::size_t stream, std::uint16_t port);
  [[nodiscard]] SocketId give(Command command);
  [[nodiscard]] Figures measure(double seconds, const Bench* other);
  void print(const Figures& figures, const Bench* other) const;
  [[nodiscard]] std::uint64_t count(Counter counter) const { return mailbox_.counters.read(counter); }

  Options options_;
  bool has_publishers_;
  std::string device_name_;
  std::unique_ptr<PacketPool> whole_, headers_, copies_, adopted_;
  std::unique_ptr<io::EthernetDevice> device_;
  std::unique_ptr<io::EthernetPort> port_;
  Mailbox mailbox_;
  io::MonotonicClock clock_;
  std::vector<std::unique_ptr<Stream>> streams_;
  crypto::SrtpSendingKey key_;  // Of all destinations, when they are sent SRTP.
  Worker<io::EthernetPort, io::MonotonicClock> worker_;
  Crowd crowd_;
};

std::unique_ptr<io::EthernetPort> Bench::open_port() {
  whole_ = take(PacketPool::create(kWholeBuffers, io::kReceiveRoomBytes, true));
  headers_ = take(PacketPool::create(kHeaderBuffers, kHeaderRoomBytes, true));
  copies_ = take(PacketPool::create(kCopyBuffers, kCopyRoomBytes, true));
  device_ =
      take(io::EthernetDevice::open({.device = device_name_, .linear = options_.linear, .receive_pool = whole_.get()}));
  io::EthernetLinkOptions link;
  link.device = device_.get();
  link.receive_pool = whole_.get();
  link.header_pool = headers_.get();
  link.copy_pool = copies_.get();
  link.interface.ipv4 = kRelayAddress;
  link.interface.ipv4_prefix = 24;
  link.interface.udp_ports[0] = kRelayPort;
  return take(io::EthernetPort::open({.links = {link}}));
}

SocketId Bench::open(Role role, std::size_t stream, std::uint16_t port, SeqNo first_seq) {
  const bool has_acks = options_.crowd.acks_per_second > 0;
  command::OpenSession open = opening(StreamIndex{static_cast<std::uint16_t>(stream)},
                                      {.role = role,
                                       .path = path_of(port),
                                       .peer = SocketId{port},
                                       .first_seq = first_seq,
                                       .window_packets = has_acks ? kFlowWindowPackets : kNoWindow,
                                       .ciphers = role == Role::kViewer ? random_ciphers(options_.cipher) : nullptr});
  return give(Command{std::move(open)});
}

// Whoever is sent RTP, or nothing but the payload, says nothing.
void Bench::open_destination(std::size_t stream, std::uint16_t port) {
  const FeedKind kind = options_.dress == "plain" ? FeedKind::kTransportStream : FeedKind::kRtp;
  (void)give(
      Command{command::OpenDestination{.request = RequestId{port},
                                       .stream = StreamIndex{static_cast<std::uint16_t>(stream)},
                                       .terms = {.kind = kind, .remote = path_of(port).remote, .rtcp = RtcpWay::kNone},
                                       .path = path_of(port),
                                       .random = port * 7919u,
                                       .srtp = options_.dress == "srtp" ? &key_ : nullptr}});
}

SocketId Bench::give(Command command) {
  CHECK(mailbox_.commands.try_push(std::move(command)));
  worker_.breathe();
  Event event;
  while (mailbox_.events.try_pop(event))
    if (const auto* opened = std::get_if<event::SessionOpened>(&event)) return opened->socket;
  give_up("the relay refused a session");
}

void Bench::open_sessions() {
  const std::size_t streams = options_.crowd.streams;
  std::vector<SocketId> publishers;
  for (std::size_t i = 0; i < streams; ++i) {
    streams_.push_back(std::make_unique<Stream>(std::bit_floor(kHistorySlots / streams), options_.crowd.viewers,
                                                StreamOptions{.latency_max = seconds(5)}));
    const StreamIndex index{static_cast<std::uint16_t>(i)};
    CHECK(mailbox_.commands.try_push(Command{command::AddStream{index, streams_.back().get()}}));
    if (has_publishers_) publishers.push_back(open(Role::kPublisher, i, publisher_port(i), {1}));
  }
  std::vector<SocketId> viewers;
  for (std::size_t i = 0; i < options_.crowd.viewers; ++i) {
    if (options_.dress == "srt")
      viewers.push_back(open(Role::kViewer, i % streams, viewer_port(i), first_seq_of(i)));
    else
      open_destination(i % streams, viewer_port(i));
  }
  crowd_.introduce(std::move(publishers), std::move(viewers));
}

Bench::Figures Bench::measure(double seconds, const Bench* other) {
  const std::uint64_t hz = rte_get_tsc_hz();
  const Figures before{
      0, cpu_seconds(), 0, count(Counter::kFreshSent), port_->counters().transmitted, crowd_.acknowledged(), 0};
  const std::uint64_t elsewhere = other == nullptr ? 0 : other->count(Counter::kFreshSent);
  const std::uint64_t start = rte_rdtsc();
  const std::uint64_t end = start + static_cast<std::uint64_t>(seconds * static_cast<double>(hz));
  std::uint64_t busy = 0;
  std::uint64_t breaths = 0;
  const std::uint64_t own = crowd_.own_cycles();
  std::uint64_t now = start;
  while (now < end) {
    const std::uint64_t crowd_before = crowd_.own_cycles();
    const bool had_news = worker_.breathe();
    const std::uint64_t then = std::exchange(now, rte_rdtsc());
    if (!had_news) continue;
    busy += now - then - (crowd_.own_cycles() - crowd_before);
    ++breaths;
  }
  const double cycles_elsewhere = static_cast<double>(crowd_.own_cycles() - own);
  return {.seconds = static_cast<double>(now - start) / static_cast<double>(hz),
          .cpu = cpu_seconds() - before.cpu - cycles_elsewhere / static_cast<double>(hz),
          .busy_cycles = busy,
          .packets = count(Counter::kFreshSent) - before.packets,
          .sent = port_->counters().transmitted - before.sent,
          .acks = crowd_.acknowledged() - before.acks,
          .breaths = breaths,
          .packets_elsewhere = other == nullptr ? 0 : other->count(Counter::kFreshSent) - elsewhere};
}

void Bench::run(Bench* other) {
  if (other != nullptr) crowd_.keep_company(other->mailbox_.counters, other->options_.crowd.viewers);
  (void)measure(kSettleSeconds, other);
  crowd_.start_publishing();
  (void)measure(kWarmUpSeconds, other);
  crowd_.let_go();
  const Figures figures = measure(options_.seconds, other);
  if (figures.packets == 0) give_up("nothing was delivered: is the other end of the device there?");
  if (port_->counters().transmit_unresolved * 1000 > figures.packets) give_up("packets found no MAC address to go to");
  if (other != nullptr && figures.packets_elsewhere == 0) give_up("the second worker's viewers got nothing.");
  print(figures, other);
  crowd_.stop_publishing();
}

void Bench::print(const Figures& figures, const Bench* other) const {
  const auto packets = static_cast<double>(figures.packets);
  const auto all = [&](Counter counter) { return count(counter) + (other == nullptr ? 0 : other->count(counter)); };
  std::printf(
      "{\"viewers\":%zu,\"streams\":%zu,\"dress\":\"%s\",\"cipher\":\"%s\",\"packets\":%lu,\"ns_per_packet\":%.2f,"
      "\"cpu_ns_per_packet\":"
      "%.2f,"
      "\"wall_ns_per_packet\":%.2f,\"transmitted\":%lu,\"acks\":%lu,\"acks_behind\":%lu,\"packets_per_breath\":%.1f,"
      "\"unresolved\":%lu,\"refused\":%lu,\"header_pool_dry\":%lu,\"copy_pool_dry\":%lu,\"windows_closed\":%lu,"
      "\"paused\":%lu,\"workers\":%zu,\"packets_per_second\":%.0f,\"handed_over\":%lu,\"handovers_lost\":%lu}\n",
      options_.crowd.viewers, options_.crowd.streams, options_.dress.c_str(), options_.cipher.c_str(), figures.packets,
      static_cast<double>(figures.busy_cycles) * 1e9 / static_cast<double>(rte_get_tsc_hz()) / packets,
      figures.cpu * 1e9 / packets, figures.seconds * 1e9 / packets, figures.sent, figures.acks, crowd_.acks_behind(),
      packets / static_cast<double>(figures.breaths), all(Counter::kTransmitUnresolved), all(Counter::kTransmitRefused),
      all(Counter::kHeaderPoolDry), all(Counter::kCopyPoolDry), all(Counter::kWindowClosed),
      all(Counter::kTransmitPaused), options_.workers,
      (packets + static_cast<double>(figures.packets_elsewhere)) / figures.seconds, all(Counter::kHandoversTaken),
      all(Counter::kHandoversLost));
}

void pin(int core) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(core, &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) give_up("there is no core " + std::to_string(core));
}

// The second on the next core, with a device and viewers of its own: its packets come from the first one's publisher.
void run_two(const Options& options) {
  Mesh mesh(2);
  Bench first(options, 0, &mesh);
  Bench second(options, 1, &mesh);
  first.open_sessions();
  second.open_sessions();
  first.come_to_rest();
  second.come_to_rest();
  std::atomic<bool> is_over{false};
  std::thread thread([&] {
    pin(options.core + 1);
    (void)take(io::register_worker_thread());
    second.carry(is_over);
    io::unregister_worker_thread();
  });
  first.run(&second);
  is_over = true;
  thread.join();
  first.come_to_rest();
  second.come_to_rest();
}

constexpr const char* kFooter =
    R"(Prints one line of JSON. ns_per_packet: time of the breaths that moved something, the injected crowd's own
work taken off, for each fresh packet that the device took.

examples:
  fanout_bench --viewers 5000
  fanout_bench --viewers 1000 --workers 2        packets_per_second is that of both
  fanout_bench --viewers 20000 --dress rtp
  fanout_bench --viewers 1000 --dress srtp       one key: each packet is encrypted once
  fanout_bench --viewers 1000 --cipher aes128 --seconds 5
  fanout_bench --device net_virtio_user0,path=/tmp/sink.sock,queue_size=1024 --viewers 20000)";

Options parse(int argc, char** argv) {
  Options options;
  CLI::App app{"What our fan-out costs per delivered packet, on a DPDK device."};
  app.footer(kFooter);
  app.add_option("--device", options.device, "DPDK virtual device with its arguments")->capture_default_str();
  app.add_option("--core", options.core, "the CPU to run on")->capture_default_str();
  app.add_option("--workers", options.workers, "2: a second one on the next CPU, with as many viewers, on net_null1")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  app.add_option("--viewers", options.crowd.viewers, "of each worker")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("--streams", options.crowd.streams, "the viewers are dealt to so many")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 600.0))->capture_default_str();
  app.add_option("--cipher", options.cipher)->check(CLI::IsMember({"none", "aes128", "aes256"}))->capture_default_str();
  app.add_option("--dress", options.dress, "what viewers are sent; who does not speak SRT is a destination")
      ->check(CLI::IsMember({"srt", "rtp", "plain", "srtp"}))
      ->capture_default_str();
  app.add_option("--suite", options.suite, "of --dress srtp")
      ->check(
          CLI::IsMember({"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"}))
      ->capture_default_str();
  app.add_option("--acks", options.crowd.acks_per_second, "ACKs a second from each viewer; 0: none")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--payload", options.crowd.payload_bytes)->check(CLI::Range(1, 1456))->capture_default_str();
  app.add_option("--run", options.crowd.run_packets, "packets the publisher sends at a time")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  app.add_flag("--linear", options.linear, "copy header and payload into one buffer");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  return options;
}

}  // namespace
}  // namespace fanlight::bench

int main(int argc, char** argv) {
  using namespace fanlight;
  const bench::Options options = bench::parse(argc, argv);
  bench::pin(options.core);
  std::vector<std::string> devices;
  for (std::size_t worker = 0; worker < options.workers; ++worker) devices.push_back(bench::device_of(options, worker));
  const Result<Done> eal = io::start_eal(
      {.memory_bytes = options.workers * (std::size_t{128} << 20), .devices = devices, .try_hugepages = true});
  if (!eal) bench::give_up(eal.error().what);
  (void)crypto::open_secret_heap(std::size_t{16} << 20);  // Where the relay has its keys.
  if (options.workers > 1) {
    bench::run_two(options);
    return 0;
  }
  auto run = std::make_unique<bench::Bench>(options);
  run->open_sessions();
  run->run();
}
