// Calls of ours to a listener of libsrt's.
#include "ingest/srt_call.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>

#include "ingest/clock.h"
#include "ingest/ingest.h"

namespace fanlight::packager {
namespace {

class Heard final : public IngestSink {
 public:
  void handle_bytes(std::size_t, ByteSpan bytes) override {
    for (const std::byte one : bytes) text += static_cast<char>(one);
  }
  void handle_up(std::size_t) override { ++ups; }
  void handle_down(std::size_t, std::string_view why, Micros again_in) override {
    last_why = why;
    waits.push_back(again_in);
  }
  std::string text, last_why;
  int ups = 0;
  std::vector<Micros> waits;
};

// Takes calls, says `words` in messages of one letter, rests for `rest`, and hangs up.
class Listener {
 public:
  explicit Listener(std::string words, Micros rest) : words_(std::move(words)), rest_(rest) {
    srt_startup();
    socket_ = srt_create_socket();
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof at;
    EXPECT_NE(srt_bind(socket_, reinterpret_cast<const sockaddr*>(&at), size), SRT_ERROR);
    EXPECT_NE(srt_listen(socket_, 8), SRT_ERROR);
    EXPECT_NE(srt_getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size), SRT_ERROR);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this] { run(); });
  }
  ~Listener() {
    srt_close(socket_);
    thread_.join();
    srt_cleanup();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] Source source(int latency_ms) const {
    return *parse_source("srt://127.0.0.1:" + std::to_string(port_) +
                         "?streamid=a&latency=" + std::to_string(latency_ms));
  }

 private:
  void run() {
    for (SRTSOCKET call = srt_accept(socket_, nullptr, nullptr); call != SRT_INVALID_SOCK;
         call = srt_accept(socket_, nullptr, nullptr)) {
      for (const char letter : words_) srt_sendmsg(call, &letter, 1, -1, 1);
      usleep(static_cast<useconds_t>(rest_.count));
      srt_close(call);
    }
  }
  std::string words_;
  Micros rest_;
  SRTSOCKET socket_ = SRT_INVALID_SOCK;
  int port_ = 0;
  std::jthread thread_;
};

void poll_until(Ingest& ingest, Heard& heard, auto&& done) {
  for (const Instant end = monotonic_now() + seconds(20); monotonic_now() < end && !done();)
    ingest.poll(seconds(1), heard);
}

TEST(SrtCallTest, WhatCameBeforeTheEndIsHandedOver) {
  // It is hung up before anything has waited out the latency.
  const Listener listener("all of it", millis(500));
  Ingest ingest;
  Heard heard;
  ASSERT_TRUE(ingest.add(listener.source(2'000)));
  poll_until(ingest, heard, [&] { return !heard.waits.empty(); });
  EXPECT_EQ(heard.last_why, "the relay ended the session, or is gone");
  EXPECT_EQ(heard.text, "all of it");
}

TEST(SrtCallTest, WhoTakesCallsAndSaysNothingIsCalledLessOften) {
  const Listener listener("", millis(20));
  Ingest ingest;
  Heard heard;
  ASSERT_TRUE(ingest.add(listener.source(20)));
  poll_until(ingest, heard, [&] { return heard.waits.size() == 2; });
  ASSERT_EQ(heard.waits.size(), 2u);
  EXPECT_LE(heard.waits[0], millis(500));
  EXPECT_GT(heard.waits[1], millis(700));
}

TEST(SrtCallTest, WhoBringsSomethingIsCalledAgainSoon) {
  const Listener listener("x", millis(400));
  Ingest ingest;
  Heard heard;
  ASSERT_TRUE(ingest.add(listener.source(20)));
  poll_until(ingest, heard, [&] { return heard.waits.size() == 2; });
  ASSERT_EQ(heard.waits.size(), 2u);
  EXPECT_LE(heard.waits[1], millis(500));
}

SrtCall::Address address_v4(std::uint16_t port, std::uint32_t ip) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(ip);
  const auto* bytes = reinterpret_cast<const std::byte*>(&at);
  return {bytes, bytes + sizeof at};
}

SrtCall::Address address_v6(std::uint16_t port) {
  sockaddr_in6 at{};
  at.sin6_family = AF_INET6;
  at.sin6_port = htons(port);
  at.sin6_addr = in6addr_loopback;
  const auto* bytes = reinterpret_cast<const std::byte*>(&at);
  return {bytes, bytes + sizeof at};
}

// As localhost is to most hosts: the listener is at the last of them alone.
SrtCall::Addresses found_thrice(const std::string&, std::uint16_t port) {
  return {.all = {address_v6(port), address_v4(port, INADDR_LOOPBACK + 1), address_v4(port, INADDR_LOOPBACK)}};
}

void wait_for(SrtCall& call, int epoll, Heard& heard, auto&& done) {
  for (const Instant end = monotonic_now() + seconds(20); monotonic_now() < end && !done(); usleep(2'000)) {
    SRTSOCKET ready = SRT_INVALID_SOCK;
    int count = 1;
    const int ready_count =
        srt_epoll_wait(epoll, &ready, &count, nullptr, nullptr, 0, nullptr, nullptr, nullptr, nullptr);
    if (ready_count > 0 && call.is_called()) call.handle_event(monotonic_now(), heard);
    call.handle_timeout(monotonic_now(), heard);
  }
}

TEST(SrtCallTest, EachAddressOfANameIsTriedAndWhoAnsweredIsTriedFirst) {
  const Listener listener("x", millis(100));
  const int epoll = srt_epoll_create();
  srt_epoll_set(epoll, SRT_EPOLL_ENABLE_EMPTY);
  Heard heard;
  {
    SrtCall call(0, std::get<SrtUrl>(listener.source(20)), epoll, found_thrice);
    wait_for(call, epoll, heard, [&] { return heard.ups == 1; });
    EXPECT_EQ(heard.ups, 1);
    EXPECT_TRUE(heard.waits.empty()) << heard.last_why;
    const Instant began = monotonic_now();
    wait_for(call, epoll, heard, [&] { return heard.ups == 2; });
    EXPECT_EQ(heard.ups, 2);
    EXPECT_LT(monotonic_now() - began, seconds(3));
  }
  srt_epoll_release(epoll);
}

TEST(SrtCallTest, ANameIsAllOfItsAddresses) {
  const SrtCall::Addresses found = SrtCall::look_up("127.0.0.1", 9000);
  ASSERT_EQ(found.all.size(), 1u) << found.why;
  EXPECT_EQ(found.all[0], address_v4(9000, INADDR_LOOPBACK));
  EXPECT_FALSE(SrtCall::look_up("no-such-name.invalid", 9000).why.empty());
}

// A resolver that does not answer: until it is let go, for ten seconds at most.
std::promise<void> let_go;
std::atomic<bool> was_let_go = false, is_asked = false;
SrtCall::Addresses never_found(const std::string&, std::uint16_t) {
  is_asked = true;
  was_let_go = let_go.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  return {.why = "nobody answers"};
}

TEST(SrtCallTest, ANameThatIsLookedUpHoldsNobodyUp) {
  srt_startup();
  const int epoll = srt_epoll_create();
  auto call = std::make_unique<SrtCall>(0, std::get<SrtUrl>(*parse_source("srt://a:9000")), epoll, never_found);
  Heard heard;
  call->handle_timeout(monotonic_now(), heard);
  while (!is_asked) usleep(1'000);
  call->handle_timeout(monotonic_now(), heard);
  call.reset();
  let_go.set_value();
  for (int i = 0; i < 2'000 && !was_let_go; ++i) usleep(1'000);
  EXPECT_TRUE(was_let_go) << "its end was waited for";
  EXPECT_TRUE(heard.waits.empty());
  srt_epoll_release(epoll);
  srt_cleanup();
}

}  // namespace
}  // namespace fanlight::packager
