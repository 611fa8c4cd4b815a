#include "daemon/control_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Tokens only: nobody looks into a stream here.
class Tokens final : public StreamFactory {
 public:
  std::vector<Stream*> make(const StreamOptions&) override { return {reinterpret_cast<Stream*>(++made)}; }
  void take_back(Stream*) override {}
  std::uintptr_t made = 0;
};

// A worker without a port: it answers Stop, and AskReport for the streams it was given.
class FakeWorker {
 public:
  explicit FakeWorker(Mailbox& mailbox, bool is_deaf = false) : mailbox_(mailbox) {
    if (!is_deaf) thread_ = std::thread([this] { run(); });
  }
  ~FakeWorker() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  FakeWorker(const FakeWorker&) = delete;
  FakeWorker& operator=(const FakeWorker&) = delete;

 private:
  void run() {
    Command command;
    while (!is_over_) {
      pollfd bell{mailbox_.worker_bell, POLLIN, 0};
      if (poll(&bell, 1, 10) <= 0) continue;
      eventfd_t rings = 0;
      eventfd_read(mailbox_.worker_bell, &rings);
      while (mailbox_.commands.try_pop(command)) answer(command);
      eventfd_write(mailbox_.control_bell, 1);
    }
  }
  void answer(const Command& command) {
    if (const auto* add = std::get_if<command::AddStream>(&command)) streams_.push_back(add->index);
    if (const auto* question = std::get_if<command::AskReport>(&command)) report(question->ticket);
    if (std::holds_alternative<command::Stop>(command)) say(event::Stopped{});
  }
  void report(std::uint64_t ticket) {
    for (const StreamIndex stream : streams_) {
      event::StreamReport report;
      report.ticket = ticket;
      report.stream = stream;
      say(report);
    }
    say(event::ReportEnd{ticket});
  }
  void say(Event event) { ASSERT_TRUE(mailbox_.events.try_push(std::move(event))); }

  std::vector<StreamIndex> streams_;
  Mailbox& mailbox_;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

class ControlLoopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fanlight-loop-XXXXXX";
    directory = mkdtemp(name);
    config_path = directory + "/fanlight.toml";
    config.relay.api = directory + "/api.sock";
    config.listen.push_back({*Endpoint::parse("127.0.0.1:9000")});
    config.streams.emplace_back().name = "live/main";
    mailbox.worker_bell = eventfd(0, EFD_NONBLOCK);
    mailbox.control_bell = eventfd(0, EFD_NONBLOCK);
  }
  void TearDown() override {
    close(mailbox.worker_bell);
    close(mailbox.control_bell);
    unlink(config_path.c_str());
    rmdir(directory.c_str());
  }
  std::string get(const std::string& target) const { return ask("GET " + target, ""); }
  std::string ask(const std::string& what, const std::string& body) const {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config.relay.api.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    const std::string request = what + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + length + "\r\n" + body;
    EXPECT_EQ(write(fd, request.data(), request.size()), ssize_t(request.size()));
    std::string all;
    char chunk[4096];
    for (ssize_t bytes = 0; (bytes = read(fd, chunk, sizeof chunk)) > 0;) all.append(chunk, std::size_t(bytes));
    close(fd);
    return all;
  }
  // Runs the loop here while `user` talks to it from another thread; answers how long the stop took.
  template <class User>
  Clock::duration run_with(User user) {
    Config copy = config;
    ControlLoop loop(std::move(copy), config_path, {&mailbox}, tokens);
    const Result<Done> opened = loop.open();
    EXPECT_TRUE(opened) << opened.error().what;
    Clock::time_point asked;
    std::thread other([&] {
      user();
      asked = Clock::now();
      kill(getpid(), SIGTERM);
    });
    loop.run();
    const auto ended = Clock::now();
    other.join();
    return ended - asked;
  }

  Mailbox mailbox;
  Tokens tokens;
  Config config;
  std::string directory;
  std::string config_path;
};

TEST_F(ControlLoopTest, AReportGoesThroughTheMailboxAndBack) {
  FakeWorker worker(mailbox);
  run_with([&] {
    EXPECT_THAT(get("/v1/streams"), HasSubstr("\"name\":\"live/main\""));
    EXPECT_THAT(get("/v1/status"), HasSubstr("\"port\":\"sockets\""));
  });
}

TEST_F(ControlLoopTest, SigtermEndsTheLoopWhenTheWorkerHasStopped) {
  FakeWorker worker(mailbox);
  EXPECT_LT(run_with([] {}), 500ms);
}

TEST_F(ControlLoopTest, ADeafWorkerHoldsTheEndUpForASecondOnly) {
  FakeWorker worker(mailbox, /*is_deaf=*/true);
  const auto took = run_with([&] { EXPECT_THAT(get("/v1/sessions"), HasSubstr("HTTP/1.1 503 ")); });
  EXPECT_GE(took, 900ms);
  EXPECT_LT(took, 1500ms);
}

TEST_F(ControlLoopTest, SighupTakesNewStreamsOverAndRefusesABrokenFile) {
  FakeWorker worker(mailbox);
  run_with([&] {
    const auto reload = [&](const std::string& streams) {
      std::ofstream(config_path) << "[[listen]]\naddress = \"127.0.0.1:9000\"\n" << streams;
      kill(getpid(), SIGHUP);
      std::this_thread::sleep_for(50ms);
    };
    reload("[[stream]]\nname = \"live/main\"\n[[stream]]\nname = \"live/second\"\n");
    EXPECT_THAT(get("/v1/streams"), HasSubstr("live/second"));
    reload("[[stream]]\nname = \"live/third\"\nlatency_ms = -1\n");
    EXPECT_THAT(get("/v1/streams"), HasSubstr("live/second"));
  });
}

TEST_F(ControlLoopTest, PassphrasesAreWipedOnceTheyAreHandedOver) {
  config.streams[0].view_passphrase = "a passphrase too long for a string's own room";
  Config given = config;
  const char* const place = given.streams[0].view_passphrase.data();  // Moves with the string, into the loop.
  ControlLoop loop(std::move(given), config_path, {&mailbox}, tokens);
  EXPECT_EQ(*place, '\0');
  EXPECT_EQ(place[10], '\0');
}

event::ConclusionReceived conclusion_of(const Caller& caller) {
  event::ConclusionReceived event{.path = caller.path()};
  const std::vector<std::byte> bytes = caller.bytes();
  event.bytes = static_cast<std::uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), event.datagram.begin());
  return event;
}

TEST_F(ControlLoopTest, AFloodOfConclusionsHoldsUpNeitherTheApiNorTheEnd) {
  config.streams[0].view_passphrase = kPassphrase;
  std::atomic<bool> is_over{false};
  std::thread flood([&] {  // A new salt each time, and a ring of the bell for each.
    Caller caller = viewer("live/main");
    caller.key_message = KeyMaterial{}.bytes();
    event::ConclusionReceived event = conclusion_of(caller);
    const std::size_t salt_end = event.bytes - caller.key_message.size() + 31;
    Command ignored;
    for (std::uint32_t i = 0; !is_over; ++i) {
      store_be32(&event.datagram[salt_end - 3], i);
      event.path.remote.ip = IpAddress::v4(10, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1);
      (void)mailbox.events.try_push(Event{event});
      eventfd_write(mailbox.control_bell, 1);
      while (mailbox.commands.try_pop(ignored)) {
      }
    }
  });
  const auto took = run_with([&] {
    const auto asked = Clock::now();
    while (Clock::now() - asked < 1s) EXPECT_THAT(get("/v1/nothing"), HasSubstr("HTTP/1.1 404 "));
  });
  is_over = true;
  flood.join();
  EXPECT_LT(took, 1200ms);  // The flood never answers Stop.
}

TEST_F(ControlLoopTest, RejectionsLeaveTheOperatorsLinesTheirRoomAndAreCounted) {
  FakeWorker worker(mailbox);
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("t", std::make_shared<spdlog::sinks::ostream_sink_st>(log)));
  for (std::uint32_t i = 0; i < 60; ++i) ASSERT_TRUE(mailbox.events.try_push(conclusion_of(viewer("none", 100 + i))));
  eventfd_write(mailbox.control_bell, 1);
  run_with([&] {
    std::this_thread::sleep_for(200ms);  // The rejections are told, within the same second.
    EXPECT_THAT(ask("POST /v1/bans", R"({"prefix": "198.51.100.0/24"})"), HasSubstr("sessions_closed"));
    std::this_thread::sleep_for(1100ms);
  });
  spdlog::set_default_logger(before);
  const std::string text = log.str();
  EXPECT_THAT(text, HasSubstr("198.51.100.0/24"));
  const std::size_t said = text.find("10 rejections like these were left out");  // Though nothing else happens.
  ASSERT_NE(said, std::string::npos) << text;
  EXPECT_LT(said, text.find("stopping"));
}

}  // namespace
}  // namespace fanlight::control
