// The opponent: what a good engineer writes with libsrt in a day. One listener; a caller whose stream ID begins with
// "publish" or has m=publish feeds, every other one views. Non-blocking, one epoll, one thread of its own beside
// libsrt's; a message that finds a viewer's send buffer full is dropped for that viewer and counted.
//
//   libsrt_fanout PORT [LATENCY_MS [PASSPHRASE]]
//
// Ends with SIGTERM; the last line on standard output is JSON.
#include <arpa/inet.h>
#include <srt/srt.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

volatile std::sig_atomic_t is_over = 0;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "libsrt_fanout: %s: %s\n", what, srt_getlasterror_str());
  std::exit(1);
}

template <class T>
void set(SRTSOCKET socket, SRT_SOCKOPT option, const T& value) {
  if (srt_setsockflag(socket, option, &value, sizeof value) == SRT_ERROR) give_up("srt_setsockflag");
}

class FanOut {
 public:
  FanOut(std::uint16_t port, int latency_ms, const std::string& passphrase) : listener_(srt_create_socket()) {
    set(listener_, SRTO_RCVSYN, false);
    set(listener_, SRTO_SNDSYN, false);
    set(listener_, SRTO_LATENCY, latency_ms);
    if (!passphrase.empty() && srt_setsockflag(listener_, SRTO_PASSPHRASE, passphrase.data(),
                                               static_cast<int>(passphrase.size())) == SRT_ERROR)
      give_up("the passphrase");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (srt_bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == SRT_ERROR) give_up("srt_bind");
    if (srt_listen(listener_, 1024) == SRT_ERROR) give_up("srt_listen");
    watch(listener_, SRT_EPOLL_IN);
  }

  void run() {
    std::array<SRT_EPOLL_EVENT, 256> events;
    while (is_over == 0) {
      const int count = srt_epoll_uwait(poll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < std::min(count, static_cast<int>(events.size())); ++i)
        serve(events[static_cast<std::size_t>(i)]);
    }
  }

  void print() const {
    std::printf("{\"received\":%lu,\"delivered\":%lu,\"dropped\":%lu,\"viewers\":%zu}\n", received_, delivered_,
                dropped_, viewers_.size());
  }

 private:
  void watch(SRTSOCKET socket, int events) { srt_epoll_add_usock(poll_, socket, &events); }

  void serve(const SRT_EPOLL_EVENT& event) {
    if (event.fd == listener_) return accept_all();
    if (event.fd == publisher_) forward_all();
    if (srt_getsockstate(event.fd) > SRTS_CONNECTED) remove(event.fd);
  }

  void accept_all() {
    SRTSOCKET caller;
    while ((caller = srt_accept(listener_, nullptr, nullptr)) != SRT_INVALID_SOCK) {
      char id[512] = {};
      int size = sizeof id - 1;
      srt_getsockflag(caller, SRTO_STREAMID, id, &size);
      const bool feeds = std::strncmp(id, "publish", 7) == 0 || std::strstr(id, "m=publish") != nullptr;
      watch(caller, feeds ? SRT_EPOLL_IN | SRT_EPOLL_ERR : SRT_EPOLL_ERR);
      if (feeds) {
        publisher_ = caller;
      } else {
        viewers_.push_back(caller);
      }
    }
  }

  void forward_all() {
    std::array<char, 1456> message;
    SRT_MSGCTRL control;
    for (;;) {
      srt_msgctrl_init(&control);
      const int size = srt_recvmsg2(publisher_, message.data(), static_cast<int>(message.size()), &control);
      if (size <= 0) return;
      ++received_;
      for (const SRTSOCKET viewer : viewers_) send(viewer, message.data(), size, control.srctime);
    }
  }

  // The publisher's time goes along, so that viewers play at its pace.
  void send(SRTSOCKET viewer, const char* message, int size, std::int64_t source_time) {
    SRT_MSGCTRL control;
    srt_msgctrl_init(&control);
    control.srctime = source_time;
    const bool sent = srt_sendmsg2(viewer, message, size, &control) == size;
    ++(sent ? delivered_ : dropped_);
  }

  void remove(SRTSOCKET socket) {
    if (socket == publisher_) publisher_ = SRT_INVALID_SOCK;
    std::erase(viewers_, socket);
    srt_close(socket);
  }

  SRTSOCKET listener_;
  int poll_ = srt_epoll_create();
  SRTSOCKET publisher_ = SRT_INVALID_SOCK;
  std::vector<SRTSOCKET> viewers_;
  std::uint64_t received_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: libsrt_fanout PORT [LATENCY_MS [PASSPHRASE]]\n", stderr), 2;
  std::signal(SIGTERM, [](int) { is_over = 1; });
  std::signal(SIGINT, [](int) { is_over = 1; });
  srt_startup();
  srt_setloglevel(1);  // LOG_ALERT
  FanOut fan_out(static_cast<std::uint16_t>(std::atoi(argv[1])), argc > 2 ? std::atoi(argv[2]) : 120,
                 argc > 3 ? argv[3] : "");
  fan_out.run();
  fan_out.print();
  std::fflush(stdout);
  std::_Exit(0);  // libsrt lingers over what is not acknowledged.
}
