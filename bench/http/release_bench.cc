// How long those who wait for a part are let wait once it is published: a crowd of connections over loopback, each with
// a blocking reload, against the server and the origin as they are, and against a loop that writes the same bytes and
// does nothing else (bare_release.h). The kernel's clock stamps each answer as it arrives, so that a client that reads
// late does not count. Server and crowd are processes; where the server has one thread, with a core each.
#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/bare_release.h"
#include "http/this_host.h"
#include "live/compressor.h"
#include "playlist/media_playlist.h"
#include "service/reactors.h"

namespace fanlight::packager {
namespace {

constexpr int kServerCpu = 0, kCrowdCpu = 1;
constexpr std::uint64_t kPartsEach = 5;  // Of a segment; parts of 200 ms.
constexpr std::uint64_t kSegments = 30;
constexpr Micros kPart = millis(200);

Instant monotonic_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000};
}

// A stream that has a window of segments and grows part by part; its playlists are written as the packager writes them.
class Growing {
 public:
  static constexpr std::uint64_t kPartsAtFirst = kSegments * kPartsEach;
  explicit Growing(Published& published) : published_(published) {
    playlist_.low_latency = {kPart, 3 * kPart};
    for (std::uint64_t i = 0; i < kPartsAtFirst; ++i) grow();
  }
  void grow() {
    if (!playlist_.open) playlist_.open = PlaylistSegment{.begins = WallTime{1'795'718'400'000'000}};
    playlist_.open->parts.push_back({.duration = 18'000, .is_independent = playlist_.open->parts.empty()});
    if (++parts_ % kPartsEach != 0) return;
    playlist_.open->duration = kPartsEach * 18'000;
    playlist_.segments.push_back(*std::exchange(playlist_.open, std::nullopt));
    if (playlist_.segments.size() <= kSegments) return;
    playlist_.segments.pop_front();
    ++playlist_.media_sequence;
  }
  // The answer to a blocking reload, in full.
  [[nodiscard]] std::string answer() {
    const Document playlist = compressor_.document_of(write_media_playlist(playlist_));
    const std::string_view body(reinterpret_cast<const char*>(playlist.gzip.span().data()), playlist.gzip.size());
    return "HTTP/1.1 200 OK\r\ndate: Thu, 26 Nov 2026 22:23:06 GMT\r\ncontent-type: application/vnd.apple.mpegurl\r\n"
           "cache-control: max-age=6\r\naccess-control-allow-origin: *\r\nvary: accept-encoding\r\n"
           "content-encoding: gzip\r\ncontent-length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  void prepare() {
    auto rendition = std::make_shared<RenditionSnapshot>();
    rendition->folder = "v0";
    rendition->part_target = kPart;
    rendition->edge = *edge_of(playlist_);
    rendition->first_msn = playlist_.media_sequence;
    rendition->playlist = LateDocument([as_is = playlist_] { return write_media_playlist(as_is); });
    for (std::uint64_t msn = playlist_.media_sequence; msn <= rendition->edge.msn; ++msn)
      rendition->segments.push_back(std::make_shared<const LiveSegment>(LiveSegment{
          .msn = msn,
          .is_whole = msn < rendition->edge.msn || !playlist_.open,
          .parts = std::vector<SharedBytes>(msn < rendition->edge.msn ? kPartsEach : *rendition->edge.part + 1)}));
    next_ = std::make_shared<StreamSnapshot>();
    next_->name = "live/main";
    next_->multivariant = compressor_.document_of("#EXTM3U\n");
    next_->renditions.push_back(std::move(rendition));
  }
  // What was prepared, which takes no time that counts here.
  void publish() { published_.publish(std::exchange(next_, nullptr), monotonic_now()); }

 private:
  Published& published_;
  Compressor compressor_;
  MediaPlaylist playlist_;
  std::uint64_t parts_ = 0;
  std::shared_ptr<StreamSnapshot> next_;
};

class Crowd {
 public:
  Crowd(std::uint16_t port, std::size_t count) : clients_(count), left_(count) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < count; ++i) {
      clients_[i] = Descriptor(socket(AF_INET, SOCK_STREAM, 0));
      const int fd = clients_[i].get(), stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
      CHECK(fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
      CHECK(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) == 0);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    }
  }
  void ask_for(std::uint64_t part) {
    const std::string request = "GET /live/live/main/v0/index.m3u8?_HLS_msn=" + std::to_string(part / kPartsEach) +
                                "&_HLS_part=" + std::to_string(part % kPartsEach) +
                                " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
                                "Accept: */*\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n";
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      CHECK(::send(clients_[i].get(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
      left_[i] = kUnknown;
    }
  }
  // Adds to `delays`, in seconds, how long after `began` (of CLOCK_REALTIME) each answer was whole.
  void hear_all(double began, std::vector<double>& delays) {
    const double patience = seconds_of(CLOCK_MONOTONIC) + 20;
    for (std::size_t open = clients_.size(); open > 0;) {
      CHECK(seconds_of(CLOCK_MONOTONIC) < patience);
      std::array<epoll_event, 256> events;
      const int count = epoll_wait(epoll_.get(), events.data(), 256, 1'000);
      for (int i = 0; i < count; ++i) {
        const std::size_t client = events[static_cast<std::size_t>(i)].data.u64;
        const double at = hear(client);
        if (left_[client] > 0) continue;
        delays.push_back(at - began);
        --open;
      }
    }
  }

 private:
  static constexpr std::size_t kUnknown = ~std::size_t{0};

  // Answers when the kernel had what it read.
  double hear(std::size_t client) {
    std::array<std::byte, 256> control;
    iovec to{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_iov = &to;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(clients_[client].get(), &message, 0);
    CHECK(got > 0);
    const std::string_view text(buffer_.data(), static_cast<std::size_t>(got));
    if (left_[client] == kUnknown) {
      constexpr std::string_view kLength = "content-length: ";
      const std::size_t end = text.find("\r\n\r\n"), length = text.find(kLength);
      CHECK(text.starts_with("HTTP/1.1 200 ") && end != text.npos && length < end);
      left_[client] = end + 4 + std::strtoul(text.data() + length + kLength.size(), nullptr, 10);
    }
    CHECK(text.size() <= left_[client]);
    left_[client] -= text.size();
    for (const cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr;
         one = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(one)))
      if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_TIMESTAMPING) {
        timespec stamp;
        std::memcpy(&stamp, CMSG_DATA(one), sizeof stamp);
        return static_cast<double>(stamp.tv_sec) + static_cast<double>(stamp.tv_nsec) * 1e-9;
      }
    return seconds_of(CLOCK_REALTIME);
  }

  Descriptor epoll_{epoll_create1(0)};
  std::vector<Descriptor> clients_;
  std::vector<std::size_t> left_;  // Bytes of the answer.
  std::vector<char> buffer_ = std::vector<char>(64 << 10);
};

struct Measured {
  std::size_t waiters = 0;
  double p50 = 0, p99 = 0, most = 0;  // Milliseconds.
  double cpu_us = 0;                  // A release, all that the server does for it.
  double idle_cpu = 0;                // Of a core, while all wait.
};

// The server's process, told what to do by the crowd's, so that each has its own open files.
enum class Word : char { kLook, kGrow, kPublish };
struct Told {
  double waiting = 0;
  double cpu = 0;    // Seconds that the server's threads have used.
  double began = 0;  // Of a publication, on CLOCK_REALTIME.
};

// Follows the crowd's words until it hangs up. `server` grows a stream, publishes, and knows who waits.
void follow(int channel, std::uint16_t port, auto& server) {
  CHECK(write(channel, &port, sizeof port) == sizeof port);
  for (Word word{}; read(channel, &word, sizeof word) == sizeof word;) {
    Told told;
    if (word == Word::kGrow) {
      server.grow();
    } else if (word == Word::kPublish) {
      told.began = seconds_of(CLOCK_REALTIME);
      server.publish();
    }
    told.waiting = static_cast<double>(server.waiting());
    told.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
    CHECK(write(channel, &told, sizeof told) == sizeof told);
  }
}

void serve_by(Poller::Kind poller, int channel, std::size_t waiters, std::size_t threads) {
  Server::Options options{.listen = {"127.0.0.1:0"},
                          .admission = std::make_shared<Admission>(Admission::Limits{
                              .connections_max = 2 * waiters, .connections_per_address_max = 2 * waiters}),
                          .stop_grace = {}};
  options.poller = poller;
  options.limits.requests_per_address_max = static_cast<std::uint32_t>(2 * waiters);
  Published published;
  Growing stream(published);
  stream.prepare();
  stream.publish();
  const StreamBoard board;
  const Assets page;
  Result<std::unique_ptr<Reactors>> reactors = Reactors::open({threads, options}, published, board, page);
  CHECK(reactors);
  std::thread serving([&] { CHECK((*reactors)->run()); });
  struct {
    Growing& stream;
    Reactors& reactors;
    void grow() {
      stream.grow();
      stream.prepare();
    }
    void publish() { stream.publish(); }
    std::uint64_t waiting() {
      std::uint64_t all = 0;
      for (const OriginCounters* const one : reactors.tallies().origins) all += one->waiting.get();
      return all;
    }
  } server{stream, **reactors};
  follow(channel, (*reactors)->addresses().front().port, server);
  (*reactors)->stop();
  serving.join();
}

void serve_ours(int channel, std::size_t waiters, std::size_t threads) {
  serve_by(Poller::Kind::kEpoll, channel, waiters, threads);
}
void serve_ours_uring(int channel, std::size_t waiters, std::size_t threads) {
  serve_by(Poller::Kind::kUring, channel, waiters, threads);
}

void serve_bare(int channel, std::size_t, std::size_t threads) {
  Published published;
  struct {
    BareRelease bare;
    void grow() {}
    void publish() { bare.release(); }
    std::size_t waiting() { return bare.waiting(); }
  } server{{threads, Growing(published).answer()}};
  follow(channel, server.bare.port(), server);
}

using Serve = void (*)(int channel, std::size_t waiters, std::size_t threads);

class ServerProcess {
 public:
  ServerProcess(Serve serve, std::size_t waiters, std::size_t threads) {
    std::array<int, 2> ends{};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    process_ = fork();
    CHECK(process_ >= 0);
    if (process_ == 0) {
      ::close(ends[0]);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      threads == 1 ? pin(kServerCpu) : unpin();
      serve(ends[1], waiters, threads);
      _exit(0);
    }
    ::close(ends[1]);
    channel_ = Descriptor(ends[0]);
    CHECK(read(channel_.get(), &port_, sizeof port_) == sizeof port_);
  }
  ~ServerProcess() {
    channel_.close();
    waitpid(process_, nullptr, 0);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Told say(Word word) const {
    Told told;
    CHECK(write(channel_.get(), &word, sizeof word) == sizeof word);
    CHECK(read(channel_.get(), &told, sizeof told) == sizeof told);
    return told;
  }

 private:
  pid_t process_ = -1;
  Descriptor channel_;
  std::uint16_t port_ = 0;
};

// The first is what the others are measured against.
constexpr std::pair<const char*, Serve> kServers[] = {
    {"bare epoll", serve_bare}, {"ours", serve_ours}, {"ours, io_uring", serve_ours_uring}};

Measured measure(Serve serve, std::size_t waiters, std::size_t threads, int rounds) {
  const ServerProcess server(serve, waiters, threads);
  // Beside more than one thread it has no core of its own: it may not take theirs.
  if (threads > 1) (void)setpriority(PRIO_PROCESS, 0, 19);
  threads == 1 ? pin(kCrowdCpu) : unpin();
  Crowd crowd(server.port(), waiters);
  std::vector<double> delays;
  double cpu = 0, idle = 0, idle_cpu = 0;
  std::uint64_t part = Growing::kPartsAtFirst;
  for (int round = 0; round <= rounds; ++round) {  // The first warms up.
    const Told before = server.say(Word::kLook);
    crowd.ask_for(part++);
    while (server.say(Word::kLook).waiting < static_cast<double>(waiters)) usleep(2'000);
    usleep(20'000);
    const Told rested = server.say(Word::kLook);
    const double rested_at = seconds_of(CLOCK_MONOTONIC);
    (void)server.say(Word::kGrow);
    usleep(200'000);
    const double idle_now = server.say(Word::kLook).cpu - rested.cpu;
    const double idle_for = seconds_of(CLOCK_MONOTONIC) - rested_at;
    crowd.hear_all(server.say(Word::kPublish).began, delays);
    usleep(20'000);
    if (round == 0) {
      delays.clear();
      continue;
    }
    idle_cpu += idle_now;
    idle += idle_for;
    cpu += server.say(Word::kLook).cpu - before.cpu;
  }
  std::ranges::sort(delays);
  const auto at = [&](double share) {
    return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))] * 1e3;
  };
  return {waiters, at(0.5), at(0.99), at(1), cpu / static_cast<double>(delays.size()) * 1e6, idle_cpu / idle};
}

}  // namespace
}  // namespace fanlight::packager

int main(int argc, char** argv) {
  using namespace fanlight::packager;
  CLI::App app("From a publication to the answers of those who waited for it, over loopback; the last line is JSON.",
               "release_bench");
  int rounds = 20;
  std::size_t threads = 1;
  std::vector<std::size_t> crowds = {1'000, 10'000};
  app.add_option("--rounds", rounds, "Publications to each crowd (default 20)")->check(CLI::Range(1, 10'000));
  app.add_option("--waiters", crowds, "Crowds (default 1000 and 10000)")->check(CLI::Range(1, 25'000));
  app.add_option("--threads", threads, "That answer; beside more than one the crowd runs at low priority (default 1)")
      ->check(CLI::Range(1, 64));
  CLI11_PARSE(app, argc, argv);
  const auto uring = Poller::open(Poller::Kind::kUring);
  if (!uring) std::printf("without io_uring: %s\n", uring.error().what.c_str());
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  auto rows = nlohmann::ordered_json::array();
  for (const std::size_t waiters : crowds) {
    if (waiters + 64 > files.rlim_cur) {
      std::printf("%6zu waiters: left out, since %zu files may be open\n", waiters, std::size_t(files.rlim_cur));
      continue;
    }
    double bare_p99 = 0, bare_cpu = 0;
    for (const auto& [server, serve] : kServers) {
      if (serve == serve_ours_uring && !uring) continue;
      const Measured it = measure(serve, waiters, threads, rounds);
      if (serve == serve_bare) std::tie(bare_p99, bare_cpu) = std::pair(it.p99, it.cpu_us);
      std::printf(
          "%-14s %6zu waiters  p50 %7.3f ms  p99 %7.3f ms (%.2f x)  max %7.3f ms  %6.2f us of CPU each (%.2f x)  %.2f "
          "%% "
          "while they wait\n",
          server, it.waiters, it.p50, it.p99, it.p99 / bare_p99, it.most, it.cpu_us, it.cpu_us / bare_cpu,
          100 * it.idle_cpu);
      rows.push_back({{"server", server},
                      {"waiters", it.waiters},
                      {"threads", threads},
                      {"p50_ms", it.p50},
                      {"p99_ms", it.p99},
                      {"max_ms", it.most},
                      {"cpu_us", it.cpu_us},
                      {"idle_cpu", it.idle_cpu}});
    }
  }
  std::printf("%s\n", nlohmann::ordered_json{{"releases", rows}}.dump().c_str());
  return 0;
}
