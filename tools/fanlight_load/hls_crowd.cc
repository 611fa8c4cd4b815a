#include "fanlight_load/hls_crowd.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "fanlight_load/clock.h"
#include "io/socket_address.h"

namespace fanlight::load {
namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr int kEventsAtOnce = 512;
constexpr std::uint32_t kHungUp = EPOLLRDHUP | EPOLLERR | EPOLLHUP;
constexpr std::size_t kFilesOfOurOwn = 32;
constexpr Micros kLook = seconds(1);
constexpr Micros kCount = millis(50);      // Between two counts of thousands.
constexpr Micros kSilence = seconds(30);   // No answer takes so long: a blocked one ends after three target durations.
constexpr Micros kPatience = seconds(20);  // For viewers that do not begin, once all have called.

std::string why() { return std::strerror(errno); }

Result<Done> raise_file_limit(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return Done{};
  return Error{ErrorCode::kInvalid, "these viewers want " + std::to_string(wanted) +
                                        " open files, and this process may have " + std::to_string(limit.rlim_max) +
                                        ": raise the limit (ulimit -n), or take fewer viewers or --no-audio"};
}

}  // namespace

HlsCrowd::HlsCrowd(const HlsSettings& settings)
    : settings_(settings), show_(settings.path, settings.wants_audio, settings.terms), buffer_(kBufferBytes) {}

Result<std::unique_ptr<HlsCrowd>> HlsCrowd::open(const HlsSettings& settings) {
  const std::size_t lines = settings.viewers * settings.lines_of_viewer();
  if (const Result<Done> done = raise_file_limit(lines + kFilesOfOurOwn); !done) return done.error();
  std::unique_ptr<HlsCrowd> crowd(new HlsCrowd(settings));
  crowd->poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (crowd->poll_ < 0) return Error{ErrorCode::kFailed, "epoll: " + why()};
  return crowd;
}

HlsCrowd::~HlsCrowd() {
  for (Line& line : lines_)
    if (line.socket >= 0) ::close(line.socket);
  if (poll_ >= 0) ::close(poll_);
}

void HlsCrowd::Line::take_head(const HlsAnswerHead& head) {
  closes = head.closes;
  crowd->viewers_[viewer].handle_head(number, head);
}

void HlsCrowd::Line::take_body(ByteSpan bytes) { crowd->viewers_[viewer].handle_body(number, bytes); }

void HlsCrowd::Line::take_end() {
  is_asking = false;
  has_served = true;
  ++crowd->answers_;
  crowd->viewers_[viewer].handle_end(crowd->now_, number);
}

void HlsCrowd::run(const std::atomic<bool>& stop, bool shows_progress) {
  now_ = woken_at_ = begun_ = stage_at_ = clock_now();
  next_look_ = now_ + kLook;
  while (stage_ != Stage::kDone && !stop.load(std::memory_order_relaxed)) {
    if (stage_ == Stage::kRamp) start_viewers();
    pump_due();
    const int patience = patience_ms();
    if (stage_ == Stage::kRunning) report_.turn_max = std::max(report_.turn_max, clock_now() - woken_at_);
    take_events(patience);
    if (now_ >= next_look_) {
      look_for_silent_ones();
      if (shows_progress) note_progress();
      next_look_ = now_ + kLook;
    }
    step();
  }
  report_.is_interrupted = stage_ != Stage::kDone;
  if (report_.is_interrupted) finish();
  if (shows_progress) std::fputc('\n', stderr);
}

void HlsCrowd::step() {
  if (stage_ == Stage::kRamp) {
    if (viewers_.size() < settings_.viewers || now_ < next_count_) return;
    if (all_started_ == Instant::never()) all_started_ = now_;
    next_count_ = now_ + kCount;
    if (count_up() == settings_.viewers || now_ - all_started_ > kPatience) begin_running();
  } else if (stage_ == Stage::kRunning && now_ - stage_at_ >= settings_.duration) {
    finish();
    stage_ = Stage::kDone;
  }
}

void HlsCrowd::begin_running() {
  report_.ramp_s = static_cast<double>((now_ - begun_).count) / 1e6;
  stage_ = Stage::kRunning;
  stage_at_ = now_;
  cpu_before_ = cpu_seconds();
  answers_before_ = answers_;
  bytes_before_ = show_.tally().bytes;
  show_.tally().is_measuring = true;
}

void HlsCrowd::finish() {
  if (stage_ == Stage::kRunning) {
    report_.duration_s = static_cast<double>((now_ - stage_at_).count) / 1e6;
    report_.cpu_s = cpu_seconds() - cpu_before_;
    report_.requests = answers_ - answers_before_;
    report_.bytes = show_.tally().bytes - bytes_before_;
  }
  for (HlsViewer& viewer : viewers_) {
    viewer.settle(now_);
    if (viewer.stalls() > 0) ++report_.stalled;
    if (viewer.has_ended()) ++report_.ended;
  }
  report_.up = count_up();
}

void HlsCrowd::start_viewers() {
  const double due = static_cast<double>((now_ - begun_).count) / 1e6 * settings_.ramp_per_second + 1;
  const std::size_t lines = settings_.lines_of_viewer();
  while (viewers_.size() < settings_.viewers && static_cast<double>(viewers_.size()) < due) {
    const auto viewer = static_cast<std::uint32_t>(viewers_.size());
    viewers_.emplace_back(show_);
    for (std::uint32_t number = 0; number < lines; ++number) {
      Line& line = lines_.emplace_back();
      line.crowd = this;
      line.viewer = viewer;
      line.number = number;
    }
    pump(viewer);
  }
}

void HlsCrowd::pump(std::uint32_t viewer) {
  const std::size_t lines = settings_.lines_of_viewer();
  for (std::size_t number = 0; number < lines; ++number) {
    Line& line = lines_[viewer * lines + number];
    if (line.is_asking) continue;
    if (const auto target = viewers_[viewer].poll(now_, number)) ask(line, *target);
  }
  const Instant due = viewers_[viewer].next_due();
  if (due != Instant::never()) due_.push({due, viewer});
}

void HlsCrowd::pump_due() {
  while (!due_.empty() && due_.top().at <= now_) {
    const std::uint32_t viewer = due_.top().viewer;
    due_.pop();
    pump(viewer);
  }
}

void HlsCrowd::ask(Line& line, const std::string& target) {
  line.is_asking = true;
  line.asked_at = now_;
  line.request = "GET " + target + " HTTP/1.1\r\nHost: " + settings_.authority +
                 "\r\nUser-Agent: fanlight-load\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n";
  line.unsent = line.request;
  if (line.socket < 0 && !connect(line)) return lose(line, HlsFault::kConnect, "cannot call: " + why());
  flush(line);
}

bool HlsCrowd::connect(Line& line) {
  const bool on_v6 = !settings_.server.ip.is_v4();
  line.socket = ::socket(on_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (line.socket < 0) return false;
  ++report_.connections;
  line.has_served = line.closes = false;
  line.answers.start_over();
  const int on = 1;
  ::setsockopt(line.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (const Endpoint source = hls_source(settings_, line.viewer); source.ip.is_v4() && !source.ip.is_unspecified()) {
    // The port is chosen when it is known whom we call: then each address has all of them for each server.
    ::setsockopt(line.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    io::SocketAddress own = io::SocketAddress::of(source, on_v6, 0);
    if (::bind(line.socket, own.raw(), own.size) != 0) return false;
  }
  io::SocketAddress server = io::SocketAddress::of(settings_.server, on_v6, 0);
  if (::connect(line.socket, server.raw(), server.size) != 0 && errno != EINPROGRESS) return false;
  const std::size_t place = line.viewer * settings_.lines_of_viewer() + line.number;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = place}};
  return ::epoll_ctl(poll_, EPOLL_CTL_ADD, line.socket, &event) == 0;
}

// What does not go now goes when the socket says so.
void HlsCrowd::flush(Line& line) {
  if (line.unsent.empty() || line.socket < 0) return;
  const ssize_t sent = ::send(line.socket, line.unsent.data(), line.unsent.size(), MSG_NOSIGNAL);
  if (sent > 0) line.unsent.erase(0, static_cast<std::size_t>(sent));
}

void HlsCrowd::take_events(int timeout_ms) {
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = ::epoll_wait(poll_, events.data(), kEventsAtOnce, timeout_ms);
  now_ = woken_at_ = clock_now();
  for (int i = 0; i < count; ++i) {
    Line& line = lines_[events[static_cast<std::size_t>(i)].data.u64];
    const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
    if (line.socket < 0) continue;
    if (what & EPOLLOUT) flush(line);
    if (what & (EPOLLIN | kHungUp)) read(line, (what & kHungUp) != 0);
  }
}

// Until there is nothing more: the kernel tells of changes alone, so a read that got less than it could was the last.
void HlsCrowd::read(Line& line, bool has_hung_up) {
  for (bool is_last = false; line.socket >= 0 && !is_last;) {
    const ssize_t got = ::recv(line.socket, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return take_closed(line);
    is_last = static_cast<std::size_t>(got) < buffer_.size() && !has_hung_up;
    now_ = clock_now();
    const auto bytes = ByteSpan(buffer_).first(static_cast<std::size_t>(got));
    if (!line.is_asking) return lose(line, HlsFault::kHttp, "bytes that nobody asked for");
    if (!line.answers.take(bytes, line)) return lose(line, HlsFault::kHttp, "an answer that is no HTTP/1.1");
    if (line.is_asking) continue;
    if (line.closes) close(line);
    pump(line.viewer);
  }
}

void HlsCrowd::take_closed(Line& line) {
  if (line.is_asking && line.answers.take_close(line)) {
    close(line);
    return pump(line.viewer);
  }
  const bool was_idle = !line.is_asking;
  const bool crossed = line.is_asking && line.has_served && !line.answers.has_begun();
  if (!was_idle && !crossed) {
    // A server that has too many already closes at once.
    if (!line.has_served && !line.answers.has_begun())
      return lose(line, HlsFault::kConnect, "nobody answers there, or takes no more connections");
    return lose(line, HlsFault::kCutOff, "the connection ended before the answer did");
  }
  close(line);
  if (was_idle) return;
  // The server closed an idle connection while our request was on its way: that is nobody's fault (RFC 9112 §9.3.1).
  ++report_.reconnections;
  line.unsent = line.request;
  if (!connect(line)) return lose(line, HlsFault::kConnect, "cannot call again: " + why());
  flush(line);
}

void HlsCrowd::lose(Line& line, HlsFault why, std::string_view what) {
  const bool was_asking = std::exchange(line.is_asking, false);
  close(line);
  if (was_asking)
    viewers_[line.viewer].handle_lost(now_, line.number, why, what);
  else
    show_.tally().faults.note(why, settings_.path, what);
  pump(line.viewer);
}

void HlsCrowd::close(Line& line) {
  if (line.socket >= 0) ::close(line.socket);
  line.socket = -1;
  line.unsent.clear();
  line.answers.start_over();
}

void HlsCrowd::look_for_silent_ones() {
  for (Line& line : lines_)
    if (line.is_asking && now_ - line.asked_at > kSilence)
      lose(line, HlsFault::kTimeout, "no whole answer within " + std::to_string(kSilence.count / 1'000'000) + " s");
}

void HlsCrowd::note_progress() {
  const HlsTally& tally = show_.tally();
  std::fprintf(stderr, "%s %5.1f s  %zu of %zu viewers up, %llu parts, %llu late, %llu stalls, %llu faults\n",
               stage_ == Stage::kRamp ? "ramp   " : "running", static_cast<double>((now_ - begun_).count) / 1e6,
               count_up(), settings_.viewers, static_cast<unsigned long long>(tally.parts),
               static_cast<unsigned long long>(tally.late), static_cast<unsigned long long>(tally.stalls),
               static_cast<unsigned long long>(tally.faults.sum()));
}

int HlsCrowd::patience_ms() const {
  constexpr int kRampMs = 5, kIdleMs = 50;
  const int most = stage_ == Stage::kRamp && viewers_.size() < settings_.viewers ? kRampMs : kIdleMs;
  if (due_.empty()) return most;
  return static_cast<int>(std::clamp<std::int64_t>((due_.top().at - now_).count / 1000 + 1, 0, most));
}

std::size_t HlsCrowd::count_up() const {
  return static_cast<std::size_t>(std::ranges::count_if(viewers_, &HlsViewer::is_up));
}

std::unique_ptr<HlsLoadReport> HlsCrowd::report() const {
  auto report = std::make_unique<HlsLoadReport>(report_);
  report->viewers = settings_.viewers;
  report->renditions = show_.renditions().size();
  report->tally = show_.tally();
  return report;
}

}  // namespace fanlight::load
