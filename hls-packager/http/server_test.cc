#include "http/server.h"

#include <netinet/tcp.h>
#include <sys/resource.h>

#include "http/server_fixture.h"

namespace fanlight::packager {
namespace {

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  start();
  TestClient client(at());
  for (int i = 0; i < 100; ++i) {
    client.get("/a?" + std::to_string(i));
    ASSERT_EQ(client.hear_body(), "/a?" + std::to_string(i));
  }
  EXPECT_EQ(counts().connections_accepted.value(), 1U);
  EXPECT_EQ(counts().requests.value(), 100U);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrder) {
  start();
  TestClient client(at());
  std::string many;
  for (int i = 0; i < 500; ++i) many += "GET /p?" + std::to_string(i) + " HTTP/1.1\r\nHost: test\r\n\r\n";
  std::thread saying([&] { client.say(many); });
  for (int i = 0; i < 500; ++i) EXPECT_EQ(client.hear_body(), "/p?" + std::to_string(i));
  saying.join();
}

TEST_F(ServerTest, AnswersWhoHasSaidAllAndThenCloses) {
  start();
  TestClient client(at());
  client.say("GET /a HTTP/1.1\r\nHost: t\r\n\r\nGET /b HTTP/1.1\r\nHost: t\r\n\r\n");
  client.end_saying();
  EXPECT_EQ(client.hear_body(), "/a?");
  EXPECT_EQ(client.hear_body(), "/b?");
  EXPECT_TRUE(client.hears_end());
}

TEST_F(ServerTest, SendsBigBodiesWhole) {
  start();
  TestClient client(at());
  client.get("/big");
  EXPECT_EQ(client.hear_body(), std::string(8 << 20, 'b'));
  client.get("/a");
  EXPECT_EQ(client.hear_body(), "/a?");
}

TEST_F(ServerTest, HeadHasNoBody) {
  start();
  TestClient client(at());
  client.say("HEAD /big HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_NE(client.hear_until("\r\n\r\n").find("content-length: 8388608\r\n"), std::string::npos);
  client.get("/a");
  EXPECT_EQ(client.hear_body(), "/a?");
}

TEST_F(ServerTest, StreamsInChunksAndThenGoesOn) {
  start();
  TestClient client(at());
  client.get("/stream");
  EXPECT_TRUE(client.hear_until("0\r\n\r\n").ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  client.get("/a");
  EXPECT_EQ(client.hear_body(), "/a?");
}

TEST_F(ServerTest, AnswersLaterWhenItIsWoken) {
  start();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<TestClient>(at()));
    clients.back()->get("/later");
  }
  ASSERT_TRUE(soon([&] { return counts().requests.value() == 300; }));
  server_->wake();
  for (const auto& client : clients) EXPECT_EQ(client->hear_body(), "at last");
}

TEST_F(ServerTest, WhoLeavesWhileItWaitsIsToldOf) {
  start();
  {
    TestClient client(at());
    client.get("/later");
    ASSERT_TRUE(soon([&] { return counts().requests.value() == 1; }));
  }
  EXPECT_TRUE(soon([&] { return handler_->gone() == 1; }));
  EXPECT_TRUE(soon([&] { return counts().connections.value() == 0; }));
  server_->wake();
  TestClient other(at());
  other.get("/a");
  EXPECT_EQ(other.hear_body(), "/a?");
}

TEST_F(ServerTest, RefusesAndThenCloses) {
  start();
  for (const auto& [said, status] : std::vector<std::pair<std::string, std::string>>{
           {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'), "405"},
           {"GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "413"},
           {"GET / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n\r\n", "417"},
           {"GET / HTTP/1.1\nHost: t\n\n", "400"},
           {"GET / HTTP/1.1\r\n\r\n", "400"},
           {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n", "431"}}) {
    TestClient client(at());
    client.say(said);
    EXPECT_TRUE(client.hear_until("\r\n\r\n").starts_with("HTTP/1.1 " + status)) << said.substr(0, 80);
    EXPECT_TRUE(client.hears_end());
  }
}

TEST_F(ServerTest, WhoGoesOnSpeakingWhileItIsClosedSeesTheEnd) {
  start();
  const std::string junk(512, 'x');
  for (int i = 0; i < 2'000; ++i) {
    TestClient client(at());
    client.get("/a", "Connection: close\r\n");
    for (int more = 0; more < 4; ++more) (void)client.say(junk);
    (void)client.hear_until("/a?");  // Which a reset may have taken away.
    (void)client.hear_some_text();
    ASSERT_TRUE(client.hears_end()) << i;
  }
  EXPECT_TRUE(soon([&] { return counts().connections.value() == 0; }));
}

TEST_F(ServerTest, AHeadThatDoesNotEndIsEnded) {
  Server::Options options;
  options.limits.head_max = millis(150);
  start(options);
  TestClient silent(at()), slow(at()), again(at());
  again.get("/a");
  EXPECT_EQ(again.hear_body(), "/a?");
  again.say("G");
  // Bytes that come do not help.
  for (int i = 0; i < 40 && slow.say(i == 0 ? "GET / HTTP/1.1\r\nHost: t\r\nA: " : "b"); ++i) usleep(10'000);
  EXPECT_TRUE(silent.hears_end());
  EXPECT_TRUE(slow.hears_end());
  EXPECT_TRUE(again.hears_end());
  EXPECT_EQ(counts().timeouts_head.value(), 3U);
}

TEST_F(ServerTest, WhoSendsOneHeadBehindTheOtherIsNotEnded) {
  Server::Options options;
  options.limits.head_max = millis(300);
  start(options);
  TestClient client(at());
  // Each write ends one head and begins the next, for three times as long as a head may take.
  client.say("GET /a HTTP/1.1\r\nHo");
  for (int i = 0; i < 18; ++i) {
    usleep(50'000);
    ASSERT_TRUE(client.say("st: t\r\n\r\nGET /a HTTP/1.1\r\nHo")) << i;
    ASSERT_EQ(client.hear_body(), "/a?") << i;
  }
  EXPECT_EQ(counts().timeouts_head.value(), 0U);
  EXPECT_TRUE(client.hears_end()) << "the last one does not end";
}

TEST_F(ServerTest, WhoIsIdleIsEndedAndWhoWaitsIsNot) {
  Server::Options options;
  options.limits.idle_max = millis(100);
  options.limits.head_max = seconds(60);  // Who is taken for one that says its head stays too long.
  start(options);
  TestClient idle(at()), waiting(at());
  waiting.get("/later");
  idle.get("/a");
  EXPECT_EQ(idle.hear_body(), "/a?");
  EXPECT_TRUE(idle.hears_end());
  EXPECT_EQ(counts().timeouts_idle.value(), 1U);
  usleep(200'000);
  server_->wake();
  EXPECT_EQ(waiting.hear_body(), "at last");
}

TEST_F(ServerTest, WhoTakesNothingIsEnded) {
  Server::Options options;
  options.limits.stall_max = millis(150);
  start(options);
  TestClient client(at(), 4'096);
  client.get("/big");
  EXPECT_TRUE(soon([&] { return counts().timeouts_stall.value() == 1; }));
  EXPECT_TRUE(soon([&] { return counts().connections.value() == 0; }));
}

TEST_F(ServerTest, WhoTakesTooLittleIsEnded) {
  Server::Options options;
  options.limits.pace = {.age_max = millis(400), .bytes_per_second_min = 1 << 30};
  start(options);
  TestClient client(at(), 4'096);
  client.get("/big");
  const std::string some(4'096, 'b');
  while (client.hear_until(some).ends_with(some)) usleep(5'000);
  EXPECT_EQ(counts().timeouts_slow.value(), 1U);
  EXPECT_EQ(counts().timeouts_stall.value(), 0U);
}

TEST_F(ServerTest, ALargeAnswerMayTakeLonger) {
  Server::Options options;
  options.limits.pace = {.age_max = millis(100), .bytes_per_second_min = 128 << 10};  // 8 MiB: 64 s.
  start(options);
  TestClient client(at(), 4'096);
  client.get("/big");
  const std::string some(4'096, 'b');
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(client.hear_until(some).ends_with(some)) << i;
    usleep(10'000);
  }
  EXPECT_EQ(counts().timeouts_slow.value(), 0U);
}

TEST_F(ServerTest, WhoWasGivenWhatHasPatienceMayBeIdleForSoLong) {
  Server::Options options;
  options.limits.idle_max = millis(500);
  options.limits.head_max = seconds(60);  // As above.
  start(options);
  TestClient patient(at()), other(at());
  patient.get("/patient");
  other.get("/a");
  EXPECT_EQ(patient.hear_body(), "/patient?");
  EXPECT_EQ(other.hear_body(), "/a?");
  EXPECT_TRUE(other.hears_end());
  usleep(600'000);
  patient.get("/a");
  EXPECT_EQ(patient.hear_body(), "/a?");
}

TEST_F(ServerTest, ConnectionsAreCapped) {
  Server::Options options;
  options.admission = std::make_shared<Admission>(Admission::Limits{.connections_max = 3});
  start(options);
  TestClient one(at()), two(at()), three(at());
  three.get("/a");
  EXPECT_EQ(three.hear_body(), "/a?");
  TestClient four(at());
  EXPECT_TRUE(four.hears_end());
  EXPECT_EQ(counts().refused_by_cap.value(), 1U);
  three.leave();
  ASSERT_TRUE(soon([&] { return counts().connections.value() == 2; }));
  TestClient five(at());
  five.get("/a");
  EXPECT_EQ(five.hear_body(), "/a?");
}

TEST_F(ServerTest, OneAddressHasItsShare) {
  Server::Options options;
  options.admission = std::make_shared<Admission>(Admission::Limits{.connections_per_address_max = 2});
  start(options);
  TestClient one(at()), two(at()), three(at());
  EXPECT_TRUE(three.hears_end());
  EXPECT_EQ(counts().refused_by_address_cap.value(), 1U);
}

TEST_F(ServerTest, OneAddressHasItsShareOfWhatIsUnderWayAndOthersTheirs) {
  Server::Options options;
  options.limits.requests_per_address_max = 2;
  options.limits.allow_origin = "https://player.example";
  start(options);
  TestClient one(at()), two(at()), three(at());
  one.get("/later");
  two.get("/later");
  ASSERT_TRUE(soon([&] { return counts().requests.value() == 2; }));
  three.get("/later");
  three.hear_body();
  EXPECT_TRUE(three.head().starts_with("HTTP/1.1 429 "));
  EXPECT_NE(three.head().find("retry-after: 1\r\n"), std::string::npos);
  EXPECT_NE(three.head().find("access-control-allow-origin: https://player.example\r\n"), std::string::npos);
  TestClient another(at(), 0, 0x7F'00'00'02);
  another.get("/later");
  ASSERT_TRUE(soon([&] { return counts().requests.value() == 4; }));
  server_->wake();
  for (TestClient* client : {&one, &two, &another}) EXPECT_EQ(client->hear_body(), "at last");
  three.get("/a");
  EXPECT_EQ(three.hear_body(), "/a?") << "what is answered does not count";
  EXPECT_EQ(counts().refused_requests.value(), 1U);
}

TEST_F(ServerTest, WhoLeavesWhileItWaitsMakesRoom) {
  Server::Options options;
  options.limits.requests_per_address_max = 1;
  start(options);
  for (int i = 0; i < 3; ++i) {
    TestClient client(at());
    client.get("/later");
    ASSERT_TRUE(soon([&] { return counts().requests.value() == std::uint64_t(i) + 1; }));
    client.leave();
    ASSERT_TRUE(soon([&] { return counts().connections.value() == 0; }));
  }
  EXPECT_EQ(counts().refused_requests.value(), 0U);
}

TEST_F(ServerTest, WithoutDescriptorsItWaitsAndDoesNotSpin) {
  start();
  TestClient client(at());
  client.get("/a");
  EXPECT_EQ(client.hear_body(), "/a?");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  std::vector<Descriptor> taken;
  TestClient waiting_for_one(at());
  ASSERT_TRUE(soon([&] { return counts().connections.value() == 2; }));
  const int spare = socket(AF_INET, SOCK_STREAM, 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(spare) + 1;
  close(spare);
  setrlimit(RLIMIT_NOFILE, &none);
  TestClient late(at());
  EXPECT_TRUE(soon([&] { return counts().accepts_failed.value() > 0; }));
  usleep(350'000);
  EXPECT_LT(counts().accepts_failed.value(), 10U);
  setrlimit(RLIMIT_NOFILE, &before);
  late.get("/a");
  EXPECT_EQ(late.hear_body(), "/a?");
}

TEST_F(ServerTest, StopLetsWhatIsUnderWayEnd) {
  start();
  TestClient idle(at()), waiting(at()), reading(at(), 4'096);
  idle.get("/a");
  EXPECT_EQ(idle.hear_body(), "/a?");
  waiting.get("/later");
  reading.get("/big");
  ASSERT_TRUE(soon([&] { return counts().requests.value() == 3; }));
  server_->stop();
  EXPECT_TRUE(idle.hears_end());
  server_->wake();
  EXPECT_EQ(waiting.hear_body(), "at last");
  EXPECT_NE(waiting.head().find("connection: close"), std::string::npos);
  EXPECT_TRUE(waiting.hears_end());
  EXPECT_EQ(reading.hear_body().size(), std::size_t{8} << 20);
  thread_.join();
  EXPECT_EQ(counts().connections.value(), 0U);
}

TEST_F(ServerTest, StopDoesNotWaitForEver) {
  Server::Options options;
  options.stop_grace = millis(100);
  start(options);
  TestClient endless(at());
  endless.get("/endless");
  ASSERT_TRUE(soon([&] { return counts().requests.value() == 1; }));
  stop();
  EXPECT_EQ(handler_->gone(), 1);
}

TEST_F(ServerTest, SeveralOfAProcessListenAtOneAddress) {
  start();
  Server::Options options;
  options.listen = {at().text()};
  options.joins = true;
  EXPECT_TRUE(Server::open(options));
}

TEST_F(ServerTest, NobodyListensWhereSomebodyElseDoes) {
  start();
  Server::Options options;
  options.listen = {at().text()};
  const Result<std::unique_ptr<Server>> second = Server::open(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInUse);
}

TEST(ListenerTest, WhatItAcceptsSendsAtOnceAndQueuesLittleInTheKernel_H75) {
  for (const bool joins : {false, true}) {
    const Result<Descriptor> listener = open_listener({IpAddress::v4(127, 0, 0, 1), 0}, joins);
    ASSERT_TRUE(listener) << listener.error().what;
    const TestClient client(local_address(*listener));
    Accepted accepted = accept_one(*listener);
    for (int i = 0; i < 1'000 && accepted.error == EAGAIN; ++i, accepted = accept_one(*listener)) usleep(1'000);
    ASSERT_TRUE(accepted.socket.is_open()) << std::strerror(accepted.error);
    const auto option = [&](int which) {
      int value = -1;
      socklen_t size = sizeof value;
      EXPECT_EQ(getsockopt(accepted.socket.get(), IPPROTO_TCP, which, &value, &size), 0) << std::strerror(errno);
      return value;
    };
    EXPECT_NE(option(TCP_NODELAY), 0);
    EXPECT_EQ(option(TCP_NOTSENT_LOWAT), 128 << 10);
  }
}

TEST(ListenAddressTest, IsAddressAndPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:80")->text(), "127.0.0.1:80");
  EXPECT_EQ(parse_listen_address("[::1]:80")->text(), "[::1]:80");
  EXPECT_EQ(parse_listen_address("localhost:80")->text(), "127.0.0.1:80");
  EXPECT_EQ(parse_listen_address("*:80")->text(), "[::]:80");
  EXPECT_EQ(parse_listen_address(":80")->text(), "[::]:80");
  for (const std::string_view text : {"", ":", "80", "a:80", "127.0.0.1", "127.0.0.1:70000", "::1:80:", "*"})
    EXPECT_FALSE(parse_listen_address(text)) << text;
}

}  // namespace
}  // namespace fanlight::packager
