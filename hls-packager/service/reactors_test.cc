#include "service/reactors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/server_fixture.h"

namespace fanlight::packager {
namespace {

using testing::HasSubstr;

constexpr std::size_t kThreads = 3;

class ReactorsTest : public testing::Test {
 protected:
  ReactorsTest() {
    auto expected = std::make_shared<StreamSnapshot>();
    expected->name = "live/main";
    published_.publish(std::move(expected), Instant{});
    Result<std::unique_ptr<Reactors>> opened =
        Reactors::open({.count = kThreads, .server = {.listen = {"127.0.0.1:0"}, .stop_grace = millis(200)}},
                       published_, board_, page_);
    EXPECT_TRUE(opened) << opened.error().what;
    reactors_ = std::move(*opened);
    thread_ = std::thread([this] { EXPECT_TRUE(reactors_->run()); });
  }
  ~ReactorsTest() override { stop(); }
  void stop() {
    reactors_->stop();
    if (thread_.joinable()) thread_.join();
  }
  std::string metrics() {
    TestClient client(reactors_->addresses().front());
    client.get("/metrics");
    return client.hear_body();
  }
  // Within five seconds: they stand for a while. The last otherwise.
  std::string metrics_with(const std::string& line) {
    for (int i = 0; i < 500 && metrics().find(line) == std::string::npos; ++i) usleep(10'000);
    return metrics();
  }

  StreamBoard board_;
  Published published_;
  Assets page_;
  std::unique_ptr<Reactors> reactors_;
  std::thread thread_;
};

// So many that no thread is left out but once in 3^31.
TEST_F(ReactorsTest, WhoWaitsAtAnyOfThemIsAnswered) {
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<TestClient>(reactors_->addresses().front()));
    clients.back()->get("/live/live/main/index.m3u8");
  }
  EXPECT_THAT(metrics_with("fanlight_packager_waiting 32\n"), HasSubstr("fanlight_packager_waiting 32\n"));
  auto begun = std::make_shared<StreamSnapshot>();
  begun->name = "live/main";
  begun->multivariant.plain = SharedBytes::copy_of(std::string_view("here it is"));
  published_.publish(std::move(begun), Instant{});
  for (const auto& client : clients) {
    EXPECT_EQ(client->hear_body(), "here it is");
  }
  EXPECT_THAT(metrics_with("fanlight_packager_waiting 0\n"), HasSubstr("fanlight_packager_waiting 0\n"));
}

TEST_F(ReactorsTest, AllOfThemStop) {
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<TestClient>(reactors_->addresses().front()));
    clients.back()->get("/healthz");
    EXPECT_EQ(clients.back()->hear_body(), "ok\n");
  }
  stop();
  for (const auto& client : clients) EXPECT_TRUE(client->hears_end());
}

TEST_F(ReactorsTest, TheOperatorHasAddressesOfItsOwn) {
  stop();
  Result<std::unique_ptr<Reactors>> opened =
      Reactors::open({.count = kThreads,
                      .server = {.listen = {"127.0.0.1:0"},
                                 .admission = std::make_shared<Admission>(Admission::Limits{.connections_max = 2}),
                                 .stop_grace = millis(200)},
                      .metrics_listen = {"127.0.0.1:0"}},
                     published_, board_, page_);
  ASSERT_TRUE(opened) << opened.error().what;
  reactors_ = std::move(*opened);
  thread_ = std::thread([this] { EXPECT_TRUE(reactors_->run()); });
  ASSERT_EQ(reactors_->metrics_addresses().size(), 1u);
  TestClient viewer(reactors_->addresses().front()), other(reactors_->addresses().front()),
      operators(reactors_->metrics_addresses().front());
  for (TestClient* const one : {&viewer, &other}) {  // Nobody else is let in there.
    one->get("/metrics");
    one->hear_body();
    EXPECT_THAT(one->head(), HasSubstr(" 404 "));
  }
  viewer.get("/healthz");
  EXPECT_EQ(viewer.hear_body(), "ok\n");
  operators.get("/healthz");
  EXPECT_EQ(operators.hear_body(), "ok\n");
  operators.get("/metrics");
  EXPECT_THAT(operators.hear_body(), HasSubstr("fanlight_packager_http_connections 2\n")) << "itself not among them";
  EXPECT_THAT(operators.head(), testing::Not(HasSubstr("access-control"))) << "no other site's page may read it";
  for (const char* path : {"/metrics", "/healthz"}) {
    operators.say(std::string("OPTIONS ") + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    operators.hear_body();
    EXPECT_THAT(operators.head(), HasSubstr(" 404 ")) << "nor ask whether it may";
  }
  for (const char* path : {"/", "/api/streams.json", "/live/live/main/index.m3u8", "/time"}) {
    operators.get(path);
    operators.hear_body();
    EXPECT_THAT(operators.head(), HasSubstr(" 404 ")) << path;
  }
}

TEST_F(ReactorsTest, TheyCountTogetherWhoIsLetIn) {
  stop();
  Result<std::unique_ptr<Reactors>> opened = Reactors::open(
      {.count = kThreads,
       .server = {.listen = {"127.0.0.1:0"},
                  .admission = std::make_shared<Admission>(Admission::Limits{.connections_per_address_max = 8}),
                  .stop_grace = millis(200)}},
      published_, board_, page_);
  ASSERT_TRUE(opened);
  reactors_ = std::move(*opened);
  thread_ = std::thread([this] { EXPECT_TRUE(reactors_->run()); });
  std::vector<std::unique_ptr<TestClient>> clients;
  int let_in = 0;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<TestClient>(reactors_->addresses().front()));
    clients.back()->get("/healthz");
    let_in += clients.back()->hear_body() == "ok\n" ? 1 : 0;
  }
  EXPECT_EQ(let_in, 8);
}

}  // namespace
}  // namespace fanlight::packager
