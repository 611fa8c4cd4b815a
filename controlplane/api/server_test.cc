#include "api/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <fstream>

#include "api/socket_file.h"

namespace fanlight::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class SilentRelay final : public Relay {
 public:
  RelayFacts facts() const override { return {"0.1.0", "sockets", 0, {&counters}}; }
  Result<Done> add_stream(const StreamRule&) override { return Done{}; }
  Result<Done> remove_stream(std::string_view) override { return Done{}; }
  Result<Done> kick(SocketId) override { return Done{}; }
  Result<std::size_t> rotate_keys(std::string_view, SocketId) override { return 0u; }
  std::vector<PolicyRule> policies() const override { return {}; }
  Result<AccessForecast> forecast(AccessQuestion) override { return AccessForecast{}; }
  Result<Done> set_key(const KeyRule&) override { return Done{}; }
  std::vector<KeyView> keys() const override { return {}; }
  Result<std::size_t> kick_earlier(const KeyPlace&) override { return 0u; }
  Result<ExpiredKeys> expire_keys(const KeyPlace&, std::int64_t, bool) override { return ExpiredKeys{}; }
  Result<std::uint32_t> add_call(const CallRule&) override { return 1u; }
  [[nodiscard]] Result<std::uint32_t> add_destination(const DestinationRule&) override { return 0u; }
  Result<Done> remove_call(std::uint32_t, std::optional<Role>) override { return Done{}; }
  [[nodiscard]] std::vector<FeedView> feeds() const override { return {}; }
  std::vector<CallView> calls(bool) const override { return {}; }
  Result<std::size_t> ban(const BanOrder&) override { return std::size_t{0}; }
  Result<Done> unban(const IpPrefix&) override { return Done{}; }
  std::vector<BanView> bans() const override { return {}; }
  std::uint64_t ask_report(SocketId) override { return 1; }
  std::optional<Report> take_report(std::uint64_t) override { return report; }

  WorkerCounters counters;
  std::optional<Report> report;
};

// A client that blocks in small steps and lets the server's loop run in between.
class Client {
 public:
  Client(boost::asio::io_context& loop, const std::string& path) : loop_(loop) {
    fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    is_connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool is_connected() const { return is_connected_; }
  void say(std::string_view text) {
    ASSERT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
  }
  // Nothing more will be said; the answer can still be heard.
  void end() { shutdown(fd_, SHUT_WR); }
  // Everything until the server closes or `wanted` has come.
  std::string hear(std::string_view wanted = "") {
    std::string all;
    for (const auto end = std::chrono::steady_clock::now() + 8s; std::chrono::steady_clock::now() < end;) {
      loop_.run_for(1ms);
      loop_.restart();
      pollfd waiting{fd_, POLLIN, 0};
      if (poll(&waiting, 1, 0) <= 0) continue;
      char chunk[4096];
      const ssize_t bytes = recv(fd_, chunk, sizeof chunk, 0);
      if (bytes <= 0) break;
      all.append(chunk, static_cast<std::size_t>(bytes));
      if (!wanted.empty() && all.find(wanted) != std::string::npos) break;
    }
    return all;
  }

 private:
  boost::asio::io_context& loop_;
  int fd_ = -1;
  bool is_connected_ = false;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fanlight-api-XXXXXX";
    directory = mkdtemp(name);
    path = directory + "/api.sock";
  }
  void TearDown() override {
    unlink(path.c_str());
    rmdir(directory.c_str());
  }
  std::unique_ptr<ApiServer> opened() {
    Result<std::unique_ptr<ApiServer>> server = ApiServer::open(loop, path, routes);
    EXPECT_TRUE(server) << server.error().what;
    return std::move(*server);
  }

  std::string directory;
  std::string path;
  boost::asio::io_context loop;
  SilentRelay relay;
  Routes routes{relay};
};

TEST_F(ServerTest, OneConnectionCarriesSeveralExchanges) {
  const auto server = opened();
  Client client(loop, path);
  client.say("GET /v1/version HTTP/1.1\r\nHost: fanlight\r\n\r\n");
  EXPECT_THAT(client.hear("0.1.0\"}"), StartsWith("HTTP/1.1 200 OK\r\n"));
  client.say("PUT /v1/version HTTP/1.1\r\nHost: fanlight\r\nConnection: close\r\n\r\n");
  const std::string second = client.hear();
  EXPECT_THAT(second, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(second, HasSubstr("Allow: GET\r\n"));
}

TEST_F(ServerTest, AReportThatComesLaterIsAnswered) {
  const auto server = opened();
  Client client(loop, path);
  client.say("GET /v1/sessions HTTP/1.1\r\nHost: fanlight\r\nConnection: close\r\n\r\n");
  loop.run_for(50ms);
  loop.restart();
  relay.report = Report{};
  server->wake();
  EXPECT_THAT(client.hear(), HasSubstr("{\"sessions\":[]}"));
}

TEST_F(ServerTest, ASilentWorkerIsA503AfterASecond) {
  const auto server = opened();
  Client client(loop, path);
  const auto start = std::chrono::steady_clock::now();
  client.say("GET /v1/streams HTTP/1.1\r\nHost: fanlight\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 503 "));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST_F(ServerTest, ABodyBeyondItsLimitIsA413) {
  const auto server = opened();
  Client client(loop, path);
  client.say("POST /v1/streams HTTP/1.1\r\nHost: fanlight\r\nContent-Length: 70000\r\n\r\n{");
  EXPECT_THAT(client.hear(), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("\"error\"")));
}

TEST_F(ServerTest, WhatIsNotHttpIsA400InJson) {
  const auto server = opened();
  Client client(loop, path);
  client.say("\x16\x03\x01\x02 hello\r\n\r\n");
  EXPECT_THAT(client.hear(), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("{\"error\":{\"code\":\"invalid\"")));
}

TEST_F(ServerTest, ASlowHeadOrBodyIsA408AfterFiveSeconds) {
  const auto server = opened();
  Client slow_head(loop, path);
  Client slow_body(loop, path);
  Client silent(loop, path);
  slow_head.say("GET /v1/ver");
  slow_body.say("POST /v1/streams HTTP/1.1\r\nHost: fanlight\r\nContent-Length: 10\r\n\r\n{");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(slow_head.hear(), AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("{\"error\":{\"code\":\"timeout\"")));
  EXPECT_THAT(slow_body.hear(), AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(silent.hear(), "");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 4900ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 7s);
}

TEST_F(ServerTest, ARequestThatEndsTooEarlyIsA408AtOnce) {
  const auto server = opened();
  for (const char* part : {"GET /v1/ver", "POST /v1/streams HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"}) {
    Client client(loop, path);
    client.say(part);
    client.end();
    EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 408 ")) << part;
  }
  Client silent(loop, path);
  silent.end();
  EXPECT_EQ(silent.hear(), "");
}

TEST_F(ServerTest, TheSixtyFifthConnectionIsRefused) {
  const auto server = opened();
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < ApiServer::kConnectionsMax; ++i) {
    clients.push_back(std::make_unique<Client>(loop, path));
    loop.run_for(1ms);
    loop.restart();
  }
  EXPECT_THAT(Client(loop, path).hear(), StartsWith("HTTP/1.1 503 "));
  clients.pop_back();
  loop.run_for(5ms);
  loop.restart();
  Client next(loop, path);
  next.say("GET /v1/version HTTP/1.1\r\nHost: fanlight\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(next.hear(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, TheSocketIsPrivateAndGoneAfterwards) {
  {
    const auto server = opened();
    struct stat file {};
    ASSERT_EQ(lstat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(ServerTest, ALivingSocketIsInUseAndAStaleOneIsReplaced) {
  const Result<int> first = listen_at(path);
  ASSERT_TRUE(first);
  const Result<int> second = listen_at(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInUse);
  EXPECT_THAT(second.error().what, HasSubstr("is in use"));
  close(*first);
  const Result<int> third = listen_at(path);
  ASSERT_TRUE(third) << third.error().what;
  close(*third);
}

TEST_F(ServerTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path) << "precious";
  ASSERT_FALSE(listen_at(path));
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  EXPECT_THAT(listen_at("/nonexistent/deeper/api.sock").error().what, HasSubstr("create its directory"));
}

class EventsServerTest : public ServerTest {
 protected:
  std::unique_ptr<ApiServer> opened(std::chrono::milliseconds sign_of_life = 10s) {
    Result<std::unique_ptr<ApiServer>> server = ApiServer::open(loop, path, routes, sign_of_life);
    EXPECT_TRUE(server) << server.error().what;
    return std::move(*server);
  }
  void run(std::chrono::milliseconds span = 20ms) {
    loop.run_for(span);
    loop.restart();
  }
  std::unique_ptr<Client> listener(const std::string& query = "") {
    auto client = std::make_unique<Client>(loop, path);
    client->say("GET /v1/events" + query + " HTTP/1.1\r\nHost: fanlight\r\n\r\n");
    return client;
  }
};

TEST_F(EventsServerTest, EventsComeAsTheyHappenEachToThoseWhoWantIt) {
  const auto server = opened();
  const auto all = listener();
  const auto main = listener("?stream=live%2Fmain");
  EXPECT_THAT(all->hear("\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("application/x-ndjson"),
                                           HasSubstr("Transfer-Encoding: chunked")));
  (void)main->hear("\r\n\r\n");
  EXPECT_TRUE(server->has_listeners());
  server->publish("live/other", R"({"event":"a"})");
  server->publish("live/main", R"({"event":"b"})");
  EXPECT_THAT(all->hear("\"b\"}"), HasSubstr("{\"event\":\"a\"}\n{\"event\":\"b\"}"));
  EXPECT_THAT(main->hear("\"b\"}"), Not(HasSubstr("\"a\"")));
}

TEST_F(EventsServerTest, AQuietRelayGivesSignsOfLife) {
  const auto server = opened(30ms);
  const auto client = listener();
  EXPECT_THAT(client->hear("\r\n1\r\n\n\r\n1\r\n\n"), HasSubstr("200 OK"));
}

TEST_F(EventsServerTest, WhoLeavesMakesRoomAtOnceAndTheSeventeenthIsRefused) {
  const auto server = opened();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(listener());
  for (const auto& client : clients) EXPECT_THAT(client->hear("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(listener()->hear(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too_many_listeners")));
  clients.pop_back();
  run();
  EXPECT_THAT(listener()->hear("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  clients.clear();
  run();
  EXPECT_FALSE(server->has_listeners());
}

TEST_F(EventsServerTest, WhoDoesNotReadIsCutAndTheOthersGoOn) {
  const auto server = opened();
  const auto deaf = listener();
  const auto other = listener();
  (void)other->hear("\r\n\r\n");
  run();
  const std::string line(8'000, 'x');
  std::string heard;
  for (int i = 0; i < 200; ++i) {
    server->publish("live/main", line + std::to_string(i));
    if (i % 10 == 9) heard = other->hear("x" + std::to_string(i) + "\n");
  }
  EXPECT_THAT(heard, HasSubstr("x199\n"));
  EXPECT_EQ(server->listeners_cut(), 1u);
  run(5'200ms);
  EXPECT_FALSE(server->has_unsent_events());
  const std::string rest = deaf->hear();  // To its end.
  EXPECT_THAT(rest, HasSubstr("x0\n"));
  EXPECT_THAT(rest, Not(HasSubstr("x199\n")));
}

}  // namespace
}  // namespace fanlight::control
