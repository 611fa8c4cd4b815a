// The HTTP client against a server on the same loop that is told what to do. tests/e2e has the real program and TLS.
#include "hooks/webhooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <thread>

namespace fanlight::control {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string response(const std::string& body, const std::string& head = "HTTP/1.1 200 OK\r\n") {
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string kYes = response(R"({"allow": true, "user": "ann"})");
const std::string kNo = response(R"({"allow": false, "code": 2423, "reason": "not before noon"})");

// Answers each request with what `script` says; empty: with silence.
class Server {
 public:
  explicit Server(asio::io_context& loop) : acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::function<std::string(const std::string&)> script = [](const std::string&) { return kYes; };
  bool closes = false;  // After each response.
  std::vector<std::string> requests;
  int connections = 0;
  void close_all() {
    for (const auto& peer : peers_) peer->socket.close();
    peers_.clear();
  }

 private:
  struct Peer {
    explicit Peer(tcp::socket accepted) : socket(std::move(accepted)) {}
    tcp::socket socket;
    std::string heard;
    std::string said;
  };

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      ++connections;
      peers_.push_back(std::make_shared<Peer>(std::move(socket)));
      read(peers_.back());
      accept();
    });
  }
  void read(const std::shared_ptr<Peer>& peer) {
    peer->socket.async_read_some(asio::buffer(room_), [this, peer](const error_code& error, std::size_t bytes) {
      if (error) return;
      peer->heard.append(room_.data(), bytes);
      while (take_request(*peer)) answer(peer);
      read(peer);
    });
  }
  bool take_request(Peer& peer) {
    const std::size_t end = peer.heard.find("\r\n\r\n");
    const std::size_t field = peer.heard.find("Content-Length: ");
    if (end == std::string::npos || field == std::string::npos) return false;
    const std::size_t size = end + 4 + std::stoul(peer.heard.substr(field + 16));
    if (peer.heard.size() < size) return false;
    requests.push_back(peer.heard.substr(0, size));
    peer.heard.erase(0, size);
    return true;
  }
  void answer(const std::shared_ptr<Peer>& peer) {
    peer->said = script(requests.back());
    error_code ignored;
    asio::write(peer->socket, asio::buffer(peer->said), ignored);
    if (closes && !peer->said.empty()) peer->socket.close(ignored);
  }

  tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<Peer>> peers_;
  std::array<char, 4096> room_{};
};

class WebhooksTest : public testing::Test {
 protected:
  WebhookRule rule() {
    WebhookRule out;
    out.name = "door";
    out.url = *parse_http_url("http://127.0.0.1:" + std::to_string(server.port()) + "/ask?v=1");
    out.timeout = millis(300);
    return out;
  }
  void begin(const WebhookRule& one, const EventsRule& events = {}) { hooks.reload({one}, events); }
  void ask(std::string hook = "door") {
    Inquiry inquiry;
    inquiry.id = ++asked;
    inquiry.hook = std::move(hook);
    inquiry.request.wanted.name = "live/main";
    inquiry.request.from = *Endpoint::parse("192.0.2.9:5000");
    hooks.ask(inquiry, [this](InquiryAnswer answer) { answers.push_back(std::move(answer)); });
  }
  // Until so many answers are there.
  bool await(std::size_t count, std::chrono::milliseconds most = 3s) {
    return run_until([&] { return answers.size() >= count; }, most);
  }
  template <class Condition>
  bool run_until(Condition condition, std::chrono::milliseconds most = 3s) {
    for (const auto end = std::chrono::steady_clock::now() + most; std::chrono::steady_clock::now() < end;) {
      loop.run_for(2ms);
      loop.restart();
      if (condition()) return true;
    }
    return false;
  }
  std::string why_not() {
    ask();
    if (!await(1) || !std::holds_alternative<NoAnswer>(answers.back())) return "answered";
    const std::string why = std::get<NoAnswer>(answers.back()).why;
    answers.clear();
    return why;
  }
  std::uint64_t count(HookOutcome outcome) { return hooks.views().at(0).outcomes[static_cast<std::size_t>(outcome)]; }

  asio::io_context loop;
  Server server{loop};
  std::vector<std::string> warnings;
  Webhooks hooks{loop, [this](std::string text) { warnings.push_back(std::move(text)); }};
  std::uint64_t asked = 0;
  std::vector<InquiryAnswer> answers;
};

TEST_F(WebhooksTest, AYesAndANoComeBackUnderTheWebhooksName) {
  begin(rule());
  ask();
  ASSERT_TRUE(await(1));
  const auto* grant = std::get_if<Grant>(&answers[0]);
  ASSERT_NE(grant, nullptr);
  EXPECT_EQ(grant->user, "ann");
  EXPECT_EQ(grant->by, "door");
  server.script = [](const std::string&) { return kNo; };
  ask();
  ASSERT_TRUE(await(2));
  const auto* denied = std::get_if<Denied>(&answers[1]);
  ASSERT_NE(denied, nullptr);
  EXPECT_EQ(denied->reason, wire::Reject::kLocked);
  EXPECT_EQ(denied->by, "door: not before noon");
  EXPECT_EQ(denied->holds, seconds(5));
  EXPECT_EQ(count(HookOutcome::kAllowed), 1u);
  EXPECT_EQ(count(HookOutcome::kRefused), 1u);
  EXPECT_GT(hooks.views()[0].answer_seconds, 0);
}

TEST_F(WebhooksTest, TheRequestIsWholeAndSigned) {
  WebhookRule signing = rule();
  signing.token = Secret("a token of sorts");
  signing.signing_key = Secret("a key to sign with");
  begin(signing);
  ask();
  ASSERT_TRUE(await(1));
  const std::string& request = server.requests.at(0);
  EXPECT_THAT(request, testing::StartsWith("POST /ask?v=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer a token of sorts\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Fanlight-Signature: sha256="));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n{\"address\":\"192.0.2.9\""));
}

TEST_F(WebhooksTest, ConnectionsAreKeptAndOneThatWasClosedMeanwhileCostsNothing) {
  begin(rule());
  for (std::size_t i = 1; i <= 3; ++i) {
    ask();
    ASSERT_TRUE(await(i));
  }
  EXPECT_EQ(server.connections, 1);
  server.close_all();
  ask();
  ASSERT_TRUE(await(4));
  EXPECT_TRUE(std::holds_alternative<Grant>(answers[3]));
  EXPECT_EQ(server.connections, 2);
  server.closes = true;
  for (std::size_t i = 5; i <= 7; ++i) {
    ask();
    ASSERT_TRUE(await(i));
    EXPECT_TRUE(std::holds_alternative<Grant>(answers.back())) << i;
  }
}

TEST_F(WebhooksTest, AServerThatIsSilentIsGivenItsTimeForEachQuestion) {
  WebhookRule few = rule();
  few.concurrency = 4;
  begin(few);
  server.script = [](const std::string&) { return std::string{}; };
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 8; ++i) ask();
  ASSERT_TRUE(await(8));
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, 590ms) << "those that had to wait for their turn, too";
  EXPECT_LT(took, 900ms);
  EXPECT_GE(server.connections, 4);
  EXPECT_EQ(server.requests.size(), 8u);
  EXPECT_EQ(count(HookOutcome::kTimeout), 8u);
  EXPECT_THAT(std::get<NoAnswer>(answers[7]).why, HasSubstr("no answer in time"));
  EXPECT_FALSE(std::get<NoAnswer>(answers[7]).is_ours);
  server.script = [](const std::string&) { return kYes; };
  ask();
  ASSERT_TRUE(await(9));
  EXPECT_TRUE(std::holds_alternative<Grant>(answers.back()));
}

TEST_F(WebhooksTest, TooManyThatWaitAreNotAsked) {
  WebhookRule one = rule();
  one.concurrency = 1;
  begin(one);
  for (std::size_t i = 0; i < HttpPoster::kQueueMax + 10; ++i) ask();
  EXPECT_TRUE(answers.empty()) << "told from the loop only";
  ASSERT_TRUE(await(HttpPoster::kQueueMax + 10));
  EXPECT_EQ(count(HookOutcome::kBusy), 10u);
  for (const InquiryAnswer& answer : answers) {
    const auto* none = std::get_if<NoAnswer>(&answer);
    EXPECT_TRUE(none == nullptr || none->is_ours);
  }
}

// A relay that does not look would else open the doors of policies that fail open.
TEST_F(WebhooksTest, ALoopThatWasAwayIsNotTheFailureOfTheWebhook) {
  begin(rule());
  server.script = [](const std::string&) { return std::string{}; };
  ask();
  ASSERT_TRUE(run_until([&] { return server.requests.size() == 1; }));
  asio::post(loop, [] { std::this_thread::sleep_for(200ms); });
  ASSERT_TRUE(await(1));
  EXPECT_TRUE(std::get<NoAnswer>(answers[0]).is_ours) << std::get<NoAnswer>(answers[0]).why;
  EXPECT_EQ(count(HookOutcome::kBusy), 1u);
}

TEST_F(WebhooksTest, LiesAndHalfTruthsAreNoAnswer) {
  begin(rule());
  const std::pair<std::string, const char*> cases[] = {
      {response("<html>no</html>"), "no JSON object"},
      {response(R"({"allow": true, "viewers_max": "many"})"), "viewers_max"},
      {response("{}", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n"), "HTTP 302"},
      {response("", "HTTP/1.1 500 Oops\r\n"), "HTTP 500"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{", "longer than 16 KiB"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFF\r\n" + std::string(40'000, ' '),
       "longer than 16 KiB"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n", "reading its answer"},
      {"SSH-2.0-OpenSSH\r\n\r\n", "reading its answer"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"allow\":", "no answer in time"},
  };
  for (const auto& [said, why] : cases) {
    server.script = [&](const std::string&) { return said; };
    EXPECT_THAT(why_not(), HasSubstr(why)) << said.substr(0, 60);
    server.close_all();
  }
  server.closes = true;
  server.script = [](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"allow\":"; };
  EXPECT_THAT(why_not(), HasSubstr("before its answer was whole"));
}

TEST_F(WebhooksTest, ABriefNoteInFrontOfTheAnswerIsPassedOver) {
  begin(rule());
  server.script = [](const std::string&) { return "HTTP/1.1 103 Early Hints\r\n\r\n" + kYes; };
  ask();
  ASSERT_TRUE(await(1));
  EXPECT_TRUE(std::holds_alternative<Grant>(answers[0]));
  server.script = [](const std::string&) {
    std::string endless;
    for (int i = 0; i < 100; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    return endless;
  };
  answers.clear();
  EXPECT_THAT(why_not(), HasSubstr("does not begin"));
}

TEST_F(WebhooksTest, NobodyThereIsSaidPlainly) {
  WebhookRule nobody = rule();
  nobody.url.port = 1;
  begin(nobody);
  EXPECT_THAT(why_not(), HasSubstr("connecting: Connection refused"));
  ask("window");
  ASSERT_TRUE(await(1));
  EXPECT_THAT(std::get<NoAnswer>(answers[0]).why, HasSubstr("no [[webhook]]"));
}

TEST_F(WebhooksTest, ANameIsLookedUpWithoutHoldingAnybodyUp) {
  WebhookRule named = rule();
  named.url.host = "localhost";
  begin(named);
  ask();
  ask();
  ASSERT_TRUE(await(2));
  EXPECT_TRUE(std::holds_alternative<Grant>(answers[0]));
  EXPECT_TRUE(std::holds_alternative<Grant>(answers[1]));
}

TEST_F(WebhooksTest, AReloadKeepsWhatStaysAndTheAnswerOfWhatItChangedDoesNotCount) {
  begin(rule());
  ask();
  ASSERT_TRUE(await(1));
  begin(rule());
  ask();
  ASSERT_TRUE(await(2));
  EXPECT_EQ(server.connections, 1);
  ask();
  WebhookRule other = rule();
  other.url.target = "/new";
  begin(other);
  ask();
  ASSERT_TRUE(await(4));
  EXPECT_THAT(server.requests.back(), HasSubstr("POST /new "));
  const auto* late = std::get_if<NoAnswer>(&answers[2]);
  ASSERT_NE(late, nullptr);
  EXPECT_TRUE(late->is_ours) << "it opens no door that fails open";
  EXPECT_TRUE(std::holds_alternative<Grant>(answers[3]));
  EXPECT_EQ(count(HookOutcome::kAllowed), 4u) << "the count goes on";
}

TEST_F(WebhooksTest, TlsIsNotSpokenToWhoeverDoesNot) {
  WebhookRule secure = rule();
  secure.url.is_tls = true;
  begin(secure);
  server.script = [](const std::string&) { return kYes; };
  ask();
  ASSERT_TRUE(await(1));
  EXPECT_TRUE(std::holds_alternative<NoAnswer>(answers[0]));
}

TEST_F(WebhooksTest, EventsGoInBatchesAndAreSaidAgainUntilTheyAreTaken) {
  begin(rule(), {.webhook = "door"});
  EXPECT_TRUE(hooks.wants_events());
  int refusals = 1;
  server.script = [&](const std::string&) {
    return refusals-- > 0 ? response("", "HTTP/1.1 503 Later\r\n") : response("", "HTTP/1.1 204 Done\r\n");
  };
  for (int i = 1; i <= 3; ++i) hooks.tell("{\"number\":" + std::to_string(i) + "}");
  EXPECT_TRUE(hooks.has_unsent_events());
  ASSERT_TRUE(run_until([&] { return !hooks.has_unsent_events(); }));
  ASSERT_EQ(server.requests.size(), 3u) << "the first one, again, and the two that came meanwhile";
  EXPECT_THAT(server.requests[1], HasSubstr(R"({"event":"session_events","events":[{"number":1}]})"));
  EXPECT_THAT(server.requests[2], HasSubstr(R"("events":[{"number":2},{"number":3}]})"));
  EXPECT_EQ(hooks.events_view().posted, 3u);
  EXPECT_EQ(hooks.events_view().dropped, 0u);
}

TEST_F(WebhooksTest, EventsThatNobodyTakesAreBoundedAndCounted) {
  begin(rule(), {.webhook = "door"});
  server.script = [](const std::string&) { return std::string{}; };
  for (std::size_t i = 0; i < EventSender::kQueueMax + 21; ++i) hooks.tell("{}");
  EXPECT_EQ(hooks.events_view().dropped, 20u) << "one is under way";
  hooks.tell("{}", {EventWorth::kViewer, IpAddress::v4(192, 0, 2, 0)});
  EXPECT_EQ(hooks.events_view().dropped, 21u);
  begin(rule());
  EXPECT_FALSE(hooks.wants_events());
  EXPECT_EQ(hooks.events_view().dropped, EventSender::kQueueMax + 22) << "the count goes on, and none is forgotten";
}

}  // namespace
}  // namespace fanlight::control
