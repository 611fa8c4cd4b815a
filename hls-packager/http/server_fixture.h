// A server on a thread of its own, somebody who answers, and a client that says and hears bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"

namespace fanlight::packager {

// `/later` is answered by answer_waiting(), `/big` has 8 MiB in 64 pieces, `/stream` comes in two chunks, anything else
// is told its own path and query; `/patient` may take it for a minute.
class TestHandler final : public HttpHandler {
 public:
  explicit TestHandler(HttpReplies& replies) : replies_(replies) {}
  void handle(HttpRequestId id, const HttpRequest& request) override {
    if (request.path == "/later") return waiting_.push_back(id);
    if (request.path == "/stream") return stream(id);
    if (request.path == "/endless") return replies_.begin(id, {});
    HttpResponse response;
    response.fields.emplace_back("content-type", "text/plain");
    if (request.path == "/big") {
      response.body = {.pieces = std::vector<SharedBytes>(64, big_), .offset = 0, .size = 64 * big_.size()};
    } else {
      const std::string text = std::string(request.path) + "?" + std::string(request.query);
      response.body = {.pieces = {SharedBytes::copy_of(text)}, .offset = 0, .size = text.size()};
      if (request.path == "/patient") response.patience = seconds(60);
    }
    replies_.respond(id, std::move(response));
  }
  void handle_gone(HttpRequestId id) override {
    std::erase(waiting_, id);
    const std::lock_guard lock(mutex_);
    ++gone_;
  }
  void handle_mail(Instant) override {
    for (const HttpRequestId id : std::exchange(waiting_, {})) {
      HttpResponse response;
      response.body = {.pieces = {SharedBytes::copy_of("at last")}, .offset = 0, .size = 7};
      replies_.respond(id, std::move(response));
    }
  }
  void handle_timeout(Instant) override {}
  void handle_stop(Instant) override {}
  [[nodiscard]] Instant next_deadline() const override { return Instant::never(); }
  [[nodiscard]] int gone() {
    const std::lock_guard lock(mutex_);
    return gone_;
  }

 private:
  void stream(HttpRequestId id) {
    replies_.begin(id, {});
    replies_.append(id, SharedBytes::copy_of("one"));
    replies_.append(id, SharedBytes::copy_of("two"));
    replies_.end(id);
  }

  HttpReplies& replies_;
  std::deque<HttpRequestId> waiting_;
  SharedBytes big_ = SharedBytes::copy_of(std::string(128 << 10, 'b'));
  std::mutex mutex_;
  int gone_ = 0;
};

// Blocking, for twenty seconds at most: longer than a server may take on a busy host.
class TestClient {
 public:
  explicit TestClient(const Endpoint& to, int receive_buffer = 0, in_addr_t from = INADDR_LOOPBACK)
      : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval most{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(from);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0) << std::strerror(errno);
    at.sin_port = htons(to.port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0) << std::strerror(errno);
  }
  ~TestClient() { leave(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool say(std::string_view text) {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == ssize_t(text.size());
  }
  bool get(std::string_view path, std::string_view fields = {}) {
    return say("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n");
  }
  // Until `end` was heard, or the connection ended, or twenty seconds.
  std::string hear_until(std::string_view end) {
    while (heard_.find(end) == std::string::npos && hear_some()) {
    }
    const std::size_t at = heard_.find(end);
    const std::size_t size = at == std::string::npos ? heard_.size() : at + end.size();
    std::string text = heard_.substr(0, size);
    heard_.erase(0, size);
    return text;
  }
  // A response that says its length: its body.
  std::string hear_body() {
    head_ = hear_until("\r\n\r\n");
    const std::size_t at = head_.find("content-length: ");
    if (at == std::string::npos) return "no length: " + head_;
    const std::size_t size = std::stoul(head_.substr(at + 16));
    while (heard_.size() < size && hear_some()) {
    }
    std::string body = heard_.substr(0, size);
    heard_.erase(0, size);
    return body;
  }
  [[nodiscard]] const std::string& head() const { return head_; }
  // That the server ends the connection, and says nothing before.
  bool hears_end() { return heard_.empty() && !hear_some() && errno != EAGAIN; }
  // What has come, or comes next.
  std::string hear_some_text() {
    if (heard_.empty()) (void)hear_some();
    return std::exchange(heard_, {});
  }
  [[nodiscard]] int fd() const { return fd_; }
  void end_saying() { shutdown(fd_, SHUT_WR); }
  void leave() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  bool hear_some() {
    std::array<char, 64 << 10> buffer;
    ssize_t got = 0;
    do {
      errno = 0;
      got = recv(fd_, buffer.data(), buffer.size(), 0);
    } while (got < 0 && errno == EINTR);  // A thread that had a ring is interrupted when that has gone.
    if (got > 0) heard_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  int fd_;
  std::string heard_;
  std::string head_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* wanted = std::getenv("FANLIGHT_TEST_POLLER");
    if (wanted == nullptr || wanted != std::string_view("io_uring")) return;
    poller_ = Poller::Kind::kUring;
    const Result<std::unique_ptr<Poller>> tried = Poller::open(poller_);
    if (!tried && tried.error().code == ErrorCode::kUnavailable) GTEST_SKIP() << tried.error().what;
  }
  void start(Server::Options options = {}) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    options.poller = poller_;
    Result<std::unique_ptr<Server>> opened = Server::open(options);
    ASSERT_TRUE(opened) << opened.error().what;
    server_ = std::move(*opened);
    handler_ = std::make_unique<TestHandler>(*server_);
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run(*handler_)); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }
  ~ServerTest() override { stop(); }
  [[nodiscard]] Endpoint at() const { return server_->addresses().front(); }
  [[nodiscard]] const ServerCounts& counts() const { return server_->counts(); }

  // Whether it comes true within five seconds.
  template <class Claim>
  static bool soon(Claim&& claim) {
    for (int i = 0; i < 1'000; ++i) {
      if (claim()) return true;
      usleep(5'000);
    }
    return false;
  }

  Poller::Kind poller_ = Poller::Kind::kEpoll;
  std::unique_ptr<Server> server_;
  std::unique_ptr<TestHandler> handler_;
  std::thread thread_;
};

}  // namespace fanlight::packager
