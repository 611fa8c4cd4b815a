// CPU that a request costs a server: ours, one that is nothing but an epoll loop, and Boost.Beast's, in turns. Each
// server has a thread pinned to one core, the clients another; what counts is the server thread's own CPU time, user
// and system.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "http/http_servers.h"
#include "http/poller.h"
#include "http/sockets.h"
#include "http/this_host.h"

namespace fanlight::packager {
namespace {

constexpr std::string_view kRequest =
    "GET /live/cam1/v0/s1741.p3.m4s HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36\r\n"
    "Accept: */*\r\nOrigin: http://127.0.0.1:8080\r\nReferer: http://127.0.0.1:8080/play/cam1\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n";

struct Client {
  Descriptor socket;
  std::size_t left = 0;  // Bytes of the answer.
  bool is_in_head = true;
};

class Crowd {
 public:
  Crowd(std::uint16_t port, std::size_t count, std::size_t body_bytes) : clients_(count), body_bytes_(body_bytes) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < count; ++i) {
      clients_[i].socket = Descriptor(socket(AF_INET, SOCK_STREAM, 0));
      const int fd = clients_[i].socket.get();
      CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    }
  }
  void ask_until(double end) {
    for (Client& client : clients_) ask(client);
    while (seconds_of(CLOCK_MONOTONIC) < end) {
      std::array<epoll_event, 256> events;
      const int count = epoll_wait(epoll_.get(), events.data(), 256, 50);
      for (int i = 0; i < count; ++i) hear(clients_[events[static_cast<std::size_t>(i)].data.u64]);
    }
  }

 private:
  void ask(Client& client) {
    client.is_in_head = true;
    CHECK(::send(client.socket.get(), kRequest.data(), kRequest.size(), 0) == static_cast<ssize_t>(kRequest.size()));
  }
  void hear(Client& client) {
    const ssize_t got = recv(client.socket.get(), buffer_.data(), buffer_.size(), 0);
    CHECK(got > 0);
    auto bytes = static_cast<std::size_t>(got);
    if (client.is_in_head) {
      const void* end = memmem(buffer_.data(), bytes, "\r\n\r\n", 4);
      CHECK(end != nullptr);
      bytes -= static_cast<std::size_t>(static_cast<const char*>(end) - buffer_.data()) + 4;
      client.left = body_bytes_;
      client.is_in_head = false;
    }
    CHECK(bytes <= client.left);
    client.left -= bytes;
    if (client.left == 0) ask(client);
  }

  Descriptor epoll_{epoll_create1(0)};
  std::vector<Client> clients_;
  std::size_t body_bytes_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
};

// Microseconds of CPU a request.
double measure(const ServerUnderTest& server, std::size_t body_bytes, std::size_t connections, double seconds) {
  const SharedBytes body =
      SharedBytes::filled(body_bytes, [](MutableByteSpan to) { std::ranges::fill(to, std::byte{0x5A}); });
  std::atomic<std::uint16_t> port = 0;
  std::atomic<bool> stop = false;
  double cpu = 0;
  std::uint64_t count = 0;
  std::thread serving([&] {
    pin(1);
    const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    count = server.serve(body, port, stop);
    cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
  });
  while (port == 0) usleep(1'000);
  {
    Crowd crowd(port, connections, body_bytes);
    crowd.ask_until(seconds_of(CLOCK_MONOTONIC) + seconds);
    stop = true;
    serving.join();
  }
  CHECK(count > 0);
  return cpu / static_cast<double>(count) * 1e6;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

constexpr ServerUnderTest kServers[] = {{serve_bare, "bare epoll"},
                                        {serve_uring, "bare io_uring", true},
                                        {serve_ours, "ours"},
                                        {serve_ours_uring, "ours, io_uring", true},
                                        {serve_beast, "Beast"}};

}  // namespace
}  // namespace fanlight::packager

int main(int argc, char** argv) {
  using namespace fanlight::packager;
  CLI::App app(
      "CPU of an HTTP/1.1 request over loopback, against a bare epoll loop and Boost.Beast; the last line is JSON.",
      "http_bench");
  double seconds = 1;
  int rounds = 5;
  std::size_t connections = 64;
  app.add_option("--seconds", seconds, "Each server's in each round (default 1)");
  app.add_option("--rounds", rounds, "Of which medians are taken (default 5)")->check(CLI::Range(1, 1'000));
  app.add_option("--connections", connections, "Default 64")->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  const auto uring = Poller::open(Poller::Kind::kUring);
  if (!uring) std::printf("without io_uring: %s\n", uring.error().what.c_str());
  pin(0);
  auto rows = nlohmann::ordered_json::array();
  for (const std::size_t body_bytes : {std::size_t{2'048}, std::size_t{61'440}}) {
    std::array<std::vector<double>, std::size(kServers)> costs;
    std::array<std::vector<double>, std::size(kServers)> ratios;
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < std::size(kServers); ++i) {
        if (kServers[i].needs_uring && !uring) continue;
        costs[i].push_back(measure(kServers[i], body_bytes, connections, seconds));
        ratios[i].push_back(costs[i].back() / costs[0].back());
      }
    }
    for (std::size_t i = 0; i < std::size(kServers); ++i) {
      if (costs[i].empty()) continue;
      std::printf("%6zu bytes  %5zu connections  %-14s  %6.2f us a request  %5.2f x\n", body_bytes, connections,
                  kServers[i].name, median(costs[i]), median(ratios[i]));
      rows.push_back({{"body_bytes", body_bytes},
                      {"connections", connections},
                      {"server", kServers[i].name},
                      {"cpu_us", median(costs[i])},
                      {"ratio", median(ratios[i])}});
    }
  }
  std::printf("%s\n", nlohmann::ordered_json{{"requests", rows}}.dump().c_str());
  return 0;
}
