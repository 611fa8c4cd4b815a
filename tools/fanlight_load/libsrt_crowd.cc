#include "fanlight_load/libsrt_crowd.h"

#include <srt/srt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "fanlight_load/clock.h"
#include "io/socket_address.h"

namespace fanlight::load {
namespace {

constexpr std::size_t kEventsMax = 256;
constexpr std::int64_t kWaitMs = 10;
constexpr int kPatienceMs = 3000;  // For a session.
constexpr double kServedShare = 0.001;

struct SrtViewer {
  SRTSOCKET socket = SRT_INVALID_SOCK;
  std::uint32_t run = 0;  // 0 before the first packet.
  std::int64_t next_position = 0;
  std::int64_t newest_ns = 0;  // When the newest packet was sent.
  std::uint64_t received = 0;
  Tally tally;
  bool was_up = false;
  bool is_over = false;
};

// libsrt wants an int where the kernel has a socklen_t.
int size_of(const io::SocketAddress& address) { return static_cast<int>(address.size); }
io::SocketAddress address_of(const Endpoint& endpoint) {
  return io::SocketAddress::of(endpoint, !endpoint.ip.is_v4(), 0);
}

// srt_startup() and its opposite.
struct Library {
  Library() {
    srt_startup();
    srt_setloglevel(0);
  }
  ~Library() { srt_cleanup(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

class SrtCrowd {
 public:
  explicit SrtCrowd(const Settings& settings) : settings_(settings), viewers_(settings.viewers) {
    epoll_ = srt_epoll_create();
    for (std::size_t n = 0; n < settings.streams; ++n)
      stream_ids_.push_back("#!::r=" + settings.stream_name(n) + ",m=request");
  }
  ~SrtCrowd() {
    for (SrtViewer& viewer : viewers_)
      if (viewer.socket != SRT_INVALID_SOCK) srt_close(viewer.socket);
    srt_epoll_release(epoll_);
  }
  SrtCrowd(const SrtCrowd&) = delete;
  SrtCrowd& operator=(const SrtCrowd&) = delete;

  void start(std::size_t slot);
  void serve(bool is_measured);
  [[nodiscard]] bool is_ramped() const {
    return started_ == viewers_.size() &&
           std::ranges::all_of(viewers_, [](const SrtViewer& one) { return one.was_up || one.is_over; });
  }
  [[nodiscard]] std::size_t started() const { return started_; }
  [[nodiscard]] std::uint64_t received() const;
  [[nodiscard]] std::unique_ptr<std::array<Figures, kManners>> figures() const;
  [[nodiscard]] const std::map<std::string, std::size_t>& failures() const { return failures_; }
  [[nodiscard]] std::uint64_t hashed() const { return hashed_; }

 private:
  [[nodiscard]] bool set_up(SRTSOCKET socket, std::size_t slot) const;
  [[nodiscard]] bool bind_to_the_common_port(SRTSOCKET socket);
  void look_at(SrtViewer& viewer, bool is_measured);
  void take(SrtViewer& viewer, ByteSpan payload, bool is_measured);
  void end(SrtViewer& viewer, const std::string& why);

  const Settings& settings_;
  std::vector<SrtViewer> viewers_;
  std::vector<std::string> stream_ids_;
  std::unordered_map<SRTSOCKET, std::size_t> slots_;
  std::map<std::string, std::size_t> failures_;
  Histogram latency_ns_;
  io::SocketAddress common_{};  // Where all sockets are bound: one UDP socket and two threads instead of as many each.
  int epoll_;
  std::size_t started_ = 0;
  std::uint64_t hashed_ = 0;
};

bool SrtCrowd::set_up(SRTSOCKET socket, std::size_t slot) const {
  const auto set = [&](SRT_SOCKOPT option, const void* value, std::size_t size) {
    return srt_setsockflag(socket, option, value, static_cast<int>(size)) == 0;
  };
  const int no = 0;
  const int latency_ms = static_cast<int>(settings_.latency.count / 1000);
  const int key_bytes = static_cast<int>(settings_.key_bytes);
  const std::string& id = stream_ids_[slot % stream_ids_.size()];
  const std::string& passphrase = settings_.view_passphrase;
  const bool is_plain = set(SRTO_RCVSYN, &no, sizeof no) && set(SRTO_LATENCY, &latency_ms, sizeof latency_ms) &&
                        set(SRTO_CONNTIMEO, &kPatienceMs, sizeof kPatienceMs) &&
                        set(SRTO_STREAMID, id.data(), id.size());
  if (!is_plain || passphrase.empty()) return is_plain;
  return set(SRTO_PBKEYLEN, &key_bytes, sizeof key_bytes) && set(SRTO_PASSPHRASE, passphrase.data(), passphrase.size());
}

bool SrtCrowd::bind_to_the_common_port(SRTSOCKET socket) {
  if (common_.size != 0) return srt_bind(socket, common_.raw(), size_of(common_)) == 0;
  const IpAddress any = settings_.relay.ip.is_v4() ? IpAddress::v4(0, 0, 0, 0) : IpAddress{};
  common_ = address_of({any, 0});
  int size = size_of(common_);
  return srt_bind(socket, common_.raw(), size) == 0 && srt_getsockname(socket, common_.raw(), &size) == 0;
}

void SrtCrowd::start(std::size_t slot) {
  ++started_;
  SrtViewer& viewer = viewers_[slot];
  viewer.socket = srt_create_socket();
  slots_[viewer.socket] = slot;
  io::SocketAddress relay = address_of(settings_.relay);
  const int events = SRT_EPOLL_IN | SRT_EPOLL_OUT | SRT_EPOLL_ERR;  // OUT: connected.
  if (!set_up(viewer.socket, slot) || !bind_to_the_common_port(viewer.socket) ||
      srt_epoll_add_usock(epoll_, viewer.socket, &events) != 0 ||
      srt_connect(viewer.socket, relay.raw(), size_of(relay)) != 0)
    end(viewer, std::string("libsrt: ") + srt_getlasterror_str());
}

void SrtCrowd::serve(bool is_measured) {
  std::array<SRT_EPOLL_EVENT, kEventsMax> events;
  const int ready = srt_epoll_uwait(epoll_, events.data(), static_cast<int>(events.size()), kWaitMs);
  for (int i = 0; i < ready; ++i) {
    const auto slot = slots_.find(events[static_cast<std::size_t>(i)].fd);
    if (slot != slots_.end()) look_at(viewers_[slot->second], is_measured);
  }
}

void SrtCrowd::look_at(SrtViewer& viewer, bool is_measured) {
  if (viewer.is_over) return;
  if (srt_getsockstate(viewer.socket) >= SRTS_BROKEN) {
    const int reason = srt_getrejectreason(viewer.socket);  // The wire's code less 1000.
    return end(viewer, viewer.was_up
                           ? "the session broke"
                           : "rejected: " + std::to_string(reason + 1000) + " " + srt_rejectreason_str(reason));
  }
  if (!viewer.was_up) {
    viewer.was_up = true;
    const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
    srt_epoll_update_usock(epoll_, viewer.socket, &events);
  }
  std::array<char, 1500> payload;
  for (int i = 0; i < 64; ++i) {
    const int bytes = srt_recvmsg2(viewer.socket, payload.data(), static_cast<int>(payload.size()), nullptr);
    if (bytes <= 0) return;
    take(viewer, std::as_bytes(std::span(payload).first(static_cast<std::size_t>(bytes))), is_measured);
  }
}

// What libsrt delivers is in order and in time; what it dropped shows as a hole between positions.
void SrtCrowd::take(SrtViewer& viewer, ByteSpan payload, bool is_measured) {
  const std::optional<Stamp> stamp = read_stamp(payload);
  if (!stamp) {
    ++viewer.tally.foreign;
    return;
  }
  if ((static_cast<std::uint64_t>(stamp->position) & (settings_.hash_every - 1)) == 0) {
    ++hashed_;
    if (!has_good_hash(payload)) ++viewer.tally.hash_failures;
  }
  if (viewer.run == stamp->run && stamp->position > viewer.next_position)
    viewer.tally.lost += static_cast<std::uint32_t>(stamp->position - viewer.next_position);
  if (viewer.run == stamp->run && stamp->position < viewer.next_position) ++viewer.tally.continuity_errors;
  viewer.run = stamp->run;
  viewer.next_position = stamp->position + 1;
  viewer.newest_ns = stamp->sent_ns;
  ++viewer.received;
  if (is_measured)
    latency_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(clock_ns() - stamp->sent_ns, 0)));
}

void SrtCrowd::end(SrtViewer& viewer, const std::string& why) {
  viewer.is_over = true;
  ++failures_[why];
  srt_epoll_remove_usock(epoll_, viewer.socket);
}

std::uint64_t SrtCrowd::received() const {
  std::uint64_t total = 0;
  for (const SrtViewer& viewer : viewers_) total += viewer.received;
  return total;
}

std::unique_ptr<std::array<Figures, kManners>> SrtCrowd::figures() const {
  auto all = std::make_unique<std::array<Figures, kManners>>();
  Figures& good = all->front();
  good.latency_ns = latency_ns_;
  for (const SrtViewer& viewer : viewers_) {
    ++good.viewers;
    good.connected += viewer.was_up ? 1 : 0;
    good.up += viewer.was_up && !viewer.is_over ? 1 : 0;
    good.silent += viewer.was_up && viewer.received == 0 ? 1 : 0;
    good.received += viewer.received;
    good.tally += viewer.tally;
    SRT_TRACEBSTATS stats;
    if (viewer.was_up && srt_bstats(viewer.socket, &stats, 0) == 0)
      good.tally.repaired += static_cast<std::uint32_t>(std::max(stats.pktRcvLossTotal - stats.pktRcvDropTotal, 0));
    const auto all_packets = static_cast<double>(viewer.received + viewer.tally.missed());
    const Micros age =
        viewer.received > 0 && !viewer.is_over ? micros((clock_ns() - viewer.newest_ns) / 1000) : Micros{0};
    const bool is_stale = age > settings_.latency + kStaleAfter;
    if (is_stale) good.stale.add(age);
    if (!is_stale && viewer.received > 0 && static_cast<double>(viewer.tally.missed()) <= all_packets * kServedShare)
      ++good.served;
  }
  return all;
}

}  // namespace

Result<Report> view_with_libsrt(const Settings& settings, const std::atomic<bool>& is_stopped, Progress& progress) {
  const Library library;
  SrtCrowd crowd(settings);
  const Instant began = clock_now();
  Instant running = Instant::never();
  Instant next_progress = began + seconds(1);
  Report report;
  std::uint64_t received_before = 0;
  double cpu_before = 0;
  for (;;) {
    const Instant now = clock_now();
    if (running != Instant::never() && now - running >= settings.duration) break;
    report.is_interrupted = is_stopped.load(std::memory_order_relaxed);
    if (report.is_interrupted) break;
    const double wanted = static_cast<double>((now - began).count) / 1e6 * settings.ramp_per_second + 1;
    while (crowd.started() < settings.viewers && static_cast<double>(crowd.started()) < wanted)
      crowd.start(crowd.started());
    if (running == Instant::never() && crowd.is_ramped()) {
      running = now;
      received_before = crowd.received();
      cpu_before = cpu_seconds();
    }
    crowd.serve(running != Instant::never() && now - running >= std::min(seconds(1), settings.duration / 4));
    if (now < next_progress || !progress.is_on()) continue;
    next_progress = now + seconds(1);
    const auto figures = crowd.figures();
    progress.show({.stage = running == Instant::never() ? "ramp" : "running",
                   .seconds = static_cast<double>((now - began).count) / 1e6,
                   .up = figures->front().up,
                   .good = figures->front()});
  }
  progress.finish();
  if (running != Instant::never()) {
    report.ramp_s = static_cast<double>((running - began).count) / 1e6;
    report.duration_s = static_cast<double>((clock_now() - running).count) / 1e6;
    report.cpu_s = cpu_seconds() - cpu_before;
    report.busy_s = report.cpu_s;
    report.received_while_running = crowd.received() - received_before;
  }
  report.figures = crowd.figures();
  report.failures = crowd.failures();
  report.hashed = crowd.hashed();
  return report;
}

}  // namespace fanlight::load
