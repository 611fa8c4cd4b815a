// A connection over a pair of sockets, driven by hand: what the kernel tells comes exactly when a test says so.
#include "http/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "http/certificate.h"
#include "http/test_h2_client.h"
#include "http/tls_context.h"

namespace fanlight::packager {
namespace {

// Tells everybody the path, "/patient" with patience of six seconds, or "/big"; keeps who asks for "/later".
class Answering final : public HttpHandler {
 public:
  void handle(HttpRequestId id, const HttpRequest& request) override {
    if (request.path == "/later") return void(waiting = id.stream);
    HttpResponse response;
    if (request.path == "/patient") response.patience = seconds(6);
    response.body.pieces.push_back(request.path == "/big" ? big : SharedBytes::copy_of(std::string_view(request.path)));
    response.body.size = response.body.pieces.front().size();
    connection->respond(*context, id.stream, std::move(response));
  }
  void handle_gone(HttpRequestId) override { ++gone; }
  void handle_mail(Instant) override {}
  void handle_timeout(Instant) override {}
  void handle_stop(Instant) override {}
  [[nodiscard]] Instant next_deadline() const override { return Instant::never(); }

  Connection* connection = nullptr;
  ConnectionContext* context = nullptr;
  SharedBytes big;
  std::uint64_t waiting = 0;
  int gone = 0;
};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    peer_ = Descriptor(ends[0]);
    constexpr int kRoom = 4 << 20;
    for (const int end : ends) {
      setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &kRoom, sizeof kRoom);
      setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof kRoom);
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ours_ = Descriptor(ends[1]);
    be_connected(nullptr);
  }
  void be_connected(std::shared_ptr<SSL_CTX> tls) {
    connection_.emplace(1, Descriptor(dup(ours_.get())), household_, std::move(tls), Instant{});
    handler_.connection = &*connection_;
    handler_.context = &context_;
    household_.connections = 1;
  }
  // As much as fits.
  std::size_t say(std::string_view text) {
    const ssize_t sent = ::send(peer_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  // As often as it wants to. False: it is over.
  bool drive() {
    bool goes_on = true;
    for (int i = 0; i < 1'000 && goes_on; ++i) {
      goes_on = connection_->drive(context_);
      if (!connection_->wants_drive()) break;
    }
    return goes_on;
  }
  // Requests, in all: of what the peer has said no turn takes more than it may.
  std::uint64_t answered_a_little_at_a_turn() {
    connection_->handle_readable(false, false);
    std::uint64_t answered = 0;
    for (int turn = 0; turn == 0 || connection_->wants_drive(); ++turn) {
      EXPECT_TRUE(connection_->drive(context_));
      EXPECT_LE(counts_.requests.value(), answered + Connection::kRequestsAtOnce) << "others wait";
      answered = counts_.requests.value();
    }
    return answered;
  }
  [[nodiscard]] int left_unread() const {
    int bytes = 0;
    ioctl(connection_->socket().get(), FIONREAD, &bytes);
    return bytes;
  }
  std::string hear() {
    std::string all(1 << 20, '\0');
    const ssize_t got = recv(peer_.get(), all.data(), all.size(), 0);
    all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return all;
  }

  Descriptor peer_, ours_;
  Household household_;
  ConnectionLimits limits_;
  Answering handler_;
  ServerCounts counts_;
  std::array<std::byte, 16 << 10> received_{};
  ConnectionContext context_{limits_, handler_, counts_, received_, {}, "now", {}};
  std::optional<Connection> connection_;
};

TEST_F(ConnectionTest, WhatARefusedPeerHasSentIsReadToItsEnd) {
  ASSERT_GT(say("POST / HTTP/1.1\r\nHost: t\r\n\r\n" + std::string(400'000, 'x')), 300'000U);
  connection_->handle_readable(false, false);  // And nothing more is told of it.
  EXPECT_TRUE(drive());
  EXPECT_EQ(left_unread(), 0) << "a close would be a reset, and take the answer with it";
  EXPECT_TRUE(hear().starts_with("HTTP/1.1 405 "));
}

TEST_F(ConnectionTest, WhoHasSaidMoreThanFitsAndThenAllIsAnsweredAllOfIt) {
  std::string all = "GET /later HTTP/1.1\r\nHost: t\r\n\r\n";
  std::uint64_t count = 1;
  for (; all.size() < 3 * kRequestHeadBytesMax; ++count)
    all += "GET /a HTTP/1.1\r\nHost: t\r\nX: " + std::string(4'000, 'x') + "\r\n\r\n";
  ASSERT_EQ(say(all), all.size());
  shutdown(peer_.get(), SHUT_WR);
  connection_->handle_readable(true, false);
  ASSERT_TRUE(drive()) << "it hears us still";
  connection_->respond(context_, handler_.waiting, {});
  EXPECT_FALSE(drive());
  EXPECT_EQ(counts_.requests.value(), count);
}

TEST_F(ConnectionTest, WhoIsGoneIsNotAnsweredWhatItStillHadToAsk) {
  std::string all = "GET /later HTTP/1.1\r\nHost: t\r\n\r\n";
  while (all.size() < 3 * kRequestHeadBytesMax) all += "GET /a HTTP/1.1\r\nHost: t\r\n\r\n";
  ASSERT_EQ(say(all), all.size());
  peer_.close();
  connection_->handle_readable(true, true);
  EXPECT_FALSE(drive());
  connection_->handle_end(context_);
  EXPECT_EQ(handler_.gone, 1);
  EXPECT_EQ(household_.requests, 0U);
}

TEST_F(ConnectionTest, WhoAsksMuchAtOnceIsAnsweredALittleAtATurn) {
  constexpr std::uint64_t kCount = 400;
  std::string all;
  for (std::uint64_t i = 0; i < kCount; ++i) all += "HEAD /a HTTP/1.1\r\nHost: t\r\n\r\n";
  ASSERT_EQ(say(all), all.size());
  EXPECT_EQ(answered_a_little_at_a_turn(), kCount);
}

TEST_F(ConnectionTest, SoIsWhoAsksOverHttp2) {
  TestH2Client client;
  for (std::uint32_t i = 0; i < kH2StreamsMax; ++i) client.get("/a");
  say(client.say());
  EXPECT_EQ(answered_a_little_at_a_turn(), kH2StreamsMax);
}

TEST_F(ConnectionTest, IdleItMayBeAsLongAsIsAllowedAndBehindPatienceForThatAndAMargin) {
  limits_.idle_max = millis(100);
  for (const auto& [path, allowed] : {std::pair{"/a", millis(100)}, std::pair{"/patient", seconds(11)}}) {
    context_.now = context_.now + seconds(1);
    say(std::string("GET ") + path + " HTTP/1.1\r\nHost: t\r\n\r\n");
    connection_->handle_readable(false, false);
    ASSERT_TRUE(drive());
    EXPECT_EQ(connection_->deadline(limits_), context_.now + allowed) << path;
  }
  context_.now = context_.now + seconds(11);
  EXPECT_FALSE(connection_->handle_timeout(limits_, context_.now, counts_));
  EXPECT_EQ(counts_.timeouts_idle.value(), 1U);
}

// Keeps what the kernel would be given.
class KeptBatch final : public SocketBatch {
 public:
  void push_receive(std::uint64_t, int, MutableByteSpan) override {}
  void push_send(std::uint64_t, int, const OutQueue& out) override { given.resize(out.fill(given)); }
  [[nodiscard]] bool is_full() const noexcept override { return false; }
  [[nodiscard]] std::span<const Outcome> submit() override { return {}; }

  std::vector<iovec> given = std::vector<iovec>(64);
};

TEST_F(ConnectionTest, ABodyIsGivenToTheKernelWhereItIs) {
  TestH2Client client;
  (void)client.get("/big");
  handler_.big = SharedBytes::copy_of(std::string(10'000, 'b'));
  for (const std::string& said : {std::string("GET /big HTTP/1.1\r\nHost: t\r\n\r\n"), client.say()}) {
    KeptBatch batch;
    context_.batch = &batch;
    be_connected(nullptr);
    say(said);
    connection_->handle_readable(false, false);
    ASSERT_TRUE(drive());
    EXPECT_EQ(batch.given.back().iov_base, handler_.big.span().data());
    EXPECT_EQ(batch.given.back().iov_len, 10'000U);
  }
}

// --- what a client of HTTP/2 may say

TEST_F(ConnectionTest, APingIsAnsweredWhileAnswersAreUnderWay_H75) {
  TestH2Client client(64 << 20);
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 64 << 20);
  handler_.big = SharedBytes::copy_of(std::string(16 << 20, 'b'));  // More than the kernel takes.
  client.get("/later");
  const std::int32_t big = client.get("/big");
  say(client.say());
  connection_->handle_readable(false, false);
  ASSERT_TRUE(drive());
  client.ping("the ping");  // When the kernel takes no more.
  say(client.say());
  connection_->handle_readable(false, false);
  ASSERT_TRUE(drive());
  while (client.pongs().empty() && !client.heard(big).has_ended) {
    ASSERT_TRUE(client.hear(hear()));
    connection_->handle_writable();
    ASSERT_TRUE(drive());
  }
  EXPECT_EQ(client.pongs(), std::vector<std::string>{"the ping"});
  EXPECT_FALSE(client.heard(big).has_ended);
}

TEST_F(ConnectionTest, TooManyPingsOrSettingsAtOnceEndItAndAreCounted) {
  for (const bool says_settings : {false, true}) {
    TestH2Client client;
    for (int i = 0; i < 500; ++i) says_settings ? client.settings() : client.ping();
    be_connected(nullptr);
    say(client.say());
    connection_->handle_readable(false, false);
    EXPECT_FALSE(drive());
    connection_->handle_end(context_);
    EXPECT_EQ(counts_.h2_errors.value(), says_settings ? 2U : 1U);
    (void)hear();
  }
}

TEST_F(ConnectionTest, SettingsWhoseAnswersAreNotReadEndItHoweverFewComeAtATime) {
  constexpr int kLittle = 4 << 10;
  setsockopt(ours_.get(), SOL_SOCKET, SO_SNDBUF, &kLittle, sizeof kLittle);
  TestH2Client client;
  for (int turn = 0; turn < 1'000; ++turn) {
    for (int i = 0; i < 10; ++i) client.settings();
    say(client.say());
    connection_->handle_readable(false, false);
    ASSERT_TRUE(drive()) << "it may still take what it is owed";
  }
  EXPECT_GT(left_unread(), 9'000) << "no more is heard of it";
  EXPECT_EQ(connection_->deadline(limits_), context_.now + limits_.stall_max);
  EXPECT_FALSE(connection_->handle_timeout(limits_, context_.now + limits_.stall_max, counts_));
  connection_->handle_end(context_);
  EXPECT_EQ(counts_.h2_errors.value(), 1U);
  EXPECT_EQ(counts_.timeouts_stall.value(), 1U);
}

TEST_F(ConnectionTest, WhoReadsMayPingAndSaySettings) {
  TestH2Client client;
  for (int i = 0; i < 500; ++i) {
    client.ping();
    client.settings();
    say(client.say());
    connection_->handle_readable(false, false);
    ASSERT_TRUE(drive()) << i;
    ASSERT_TRUE(client.hear(hear()));
  }
  EXPECT_EQ(client.pongs().size(), 500U);
  EXPECT_EQ(client.settings_taken(), 501) << "and those that it began with";
  connection_->handle_end(context_);
  EXPECT_EQ(counts_.h2_errors.value(), 0U);
}

// --- TLS

// OpenSSL's client, whose bytes the test carries.
class CarriedTlsClient {
 public:
  CarriedTlsClient() : context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
  }
  ~CarriedTlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  CarriedTlsClient(const CarriedTlsClient&) = delete;
  CarriedTlsClient& operator=(const CarriedTlsClient&) = delete;
  // What it says to what it hears.
  std::string answer_to(std::string_view heard) {
    BIO_write(SSL_get_rbio(ssl_), heard.data(), static_cast<int>(heard.size()));
    (void)SSL_do_handshake(ssl_);
    ERR_clear_error();
    std::string said(64 << 10, '\0');
    said.resize(static_cast<std::size_t>(std::max(0, BIO_read(SSL_get_wbio(ssl_), said.data(), int(said.size())))));
    return said;
  }
  [[nodiscard]] bool is_open() const { return SSL_is_init_finished(ssl_) != 0; }

 private:
  SSL_CTX* context_;
  SSL* ssl_;
};

TEST_F(ConnectionTest, AHandshakeThatFoundNoRoomGoesOnWhenThereIsSome) {
  const std::string folder = testing::TempDir(), name = folder + "fanlight_connection_" + std::to_string(getpid());
  ASSERT_TRUE(write_self_signed_certificate(name + ".pem", name + ".key"));
  const auto tls = TlsContext::open(name + ".pem", name + ".key");
  unlink((name + ".pem").c_str());
  unlink((name + ".key").c_str());
  ASSERT_TRUE(tls);
  be_connected((*tls)->current());
  std::size_t filled = 0;
  for (ssize_t sent = 1; sent > 0; filled += sent > 0 ? static_cast<std::size_t>(sent) : 0)
    sent = ::send(connection_->socket().get(), std::string(4'096, 'x').data(), 4'096, MSG_NOSIGNAL);
  CarriedTlsClient client;
  say(client.answer_to({}));
  connection_->handle_readable(false, false);
  EXPECT_TRUE(drive());
  EXPECT_TRUE(connection_->is_shaking_hands());
  for (std::string heard = hear(); filled > 0; heard = hear()) filled -= std::min(filled, heard.size());
  connection_->handle_writable();
  EXPECT_TRUE(drive());
  say(client.answer_to(hear()));
  EXPECT_TRUE(client.is_open()) << "what was in the way is gone";
  connection_->handle_readable(false, false);
  EXPECT_TRUE(drive());
  EXPECT_FALSE(connection_->is_shaking_hands());
}

}  // namespace
}  // namespace fanlight::packager
