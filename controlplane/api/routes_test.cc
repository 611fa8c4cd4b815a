#include "api/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/fake_relay.h"
#include "api/json_answers.h"

namespace fanlight::control {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

SessionView viewer(std::uint32_t id, std::string stream) {
  SessionView view;
  view.stream = std::move(stream);
  view.agent = "1.5.1";
  view.report.socket = SocketId{id};
  view.report.role = Role::kViewer;
  view.report.path.remote = *Endpoint::parse("192.0.2.1:5000");
  view.report.path.local = *Endpoint::parse("192.0.2.2:9000");
  view.report.is_up = true;
  view.report.age = millis(1500);
  view.report.stats.packets_sent = 100;
  view.report.stats.packets_retransmitted = 3;
  view.report.stats.rtt = micros(20'500);
  return view;
}

class RoutesTest : public ::testing::Test {
 protected:
  // The response, with the worker's report at hand when one is asked for.
  Response ask(std::string method, std::string target, std::string body = "") {
    const Routes::Outcome outcome = routes.start({std::move(method), std::move(target), std::move(body)});
    if (const auto* response = std::get_if<Response>(&outcome)) return *response;
    return routes.poll(std::get<Routes::Question>(outcome)).value_or(Response{0, "pending"});
  }
  std::string error_code(const Response& response) { return json::parse(response.body)["error"]["code"]; }

  FakeRelay relay;
  Routes routes{relay};
};

TEST_F(RoutesTest, AQuestionStaysOpenUntilTheReportComes) {
  const Routes::Outcome outcome = routes.start({"GET", "/v1/sessions", ""});
  const auto& question = std::get<Routes::Question>(outcome);
  EXPECT_EQ(relay.asked, SocketId{});
  EXPECT_FALSE(routes.poll(question));
  relay.report = Report{};
  ASSERT_TRUE(routes.poll(question));
  EXPECT_EQ(routes.poll(question)->body, R"({"sessions":[]})");
  EXPECT_EQ(Routes::unanswered().status, 503u);
}

TEST_F(RoutesTest, ABanIsOrderedListedAndLifted) {
  const Response made = ask("POST", "/v1/bans", R"({"prefix":"203.0.113.0/24","for_s":600,"reason":"guesses"})");
  EXPECT_EQ(made.status, 201u);
  EXPECT_EQ(json::parse(made.body), json({{"prefix", "203.0.113.0/24"}, {"sessions_closed", 3}}));
  ASSERT_TRUE(relay.banned);
  EXPECT_EQ(relay.banned->prefix, *IpPrefix::parse("203.0.113.0/24"));
  EXPECT_EQ(relay.banned->span, seconds(600));
  EXPECT_EQ(relay.banned->reason, "guesses");
  relay.ban_views = {{*IpPrefix::parse("2001:db8::/32"), "", seconds(2), std::nullopt, 0},
                     {*IpPrefix::parse("192.0.2.7"), "x", seconds(1), seconds(9), 4}};
  const json bans = json::parse(ask("GET", "/v1/bans").body)["bans"];
  ASSERT_EQ(bans.size(), 2u);
  EXPECT_EQ(bans[0]["prefix"], "2001:db8::/32");
  EXPECT_TRUE(bans[0]["left_s"].is_null());
  EXPECT_EQ(bans[1]["left_s"], 9.0);
  EXPECT_EQ(bans[1]["sessions_closed"], 4);
  EXPECT_EQ(ask("DELETE", "/v1/bans/2001%3Adb8%3A%3A%2F32").status, 200u);
  EXPECT_EQ(relay.unbanned, *IpPrefix::parse("2001:db8::/32"));
}

TEST_F(RoutesTest, ABanOfNoPrefixIsRefusedWithWhatWasMeant) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "prefix: found nothing"},
      {R"([])", "must be a JSON object"},
      {R"({"prefix":"host"})", "not an IPv4 or IPv6 address"},
      {R"({"prefix":"10.1.2.3/8"})", "meant is 10.0.0.0/8 or 10.1.2.3 alone"},
      {R"({"prefix":"10.0.0.0/8","for_s":0})", "for_s: found 0"},
      {R"({"prefix":"10.0.0.0/8","for_s":"10m"})", "for_s"},
      {R"({"prefix":"10.0.0.0/8","until":1})", "until: found an unknown key"},
  };
  for (const auto& [body, message] : cases) {
    const Response refused = ask("POST", "/v1/bans", body);
    EXPECT_EQ(refused.status, 400u) << body;
    EXPECT_THAT(refused.body, HasSubstr(message));
  }
  EXPECT_FALSE(relay.banned);
  EXPECT_EQ(ask("DELETE", "/v1/bans/nobody").status, 400u);
  EXPECT_EQ(ask("PUT", "/v1/bans").allow, "GET, POST");
  relay.answer = Error{ErrorCode::kNotFound, "there is no ban of 10.0.0.0/8"};
  EXPECT_EQ(ask("DELETE", "/v1/bans/10.0.0.0%2F8").status, 404u);
}

TEST_F(RoutesTest, SessionsAreListedForOneStream) {
  relay.report = Report{{}, {viewer(5, "live/main"), viewer(6, "live/other")}};
  const json all = json::parse(ask("GET", "/v1/sessions").body)["sessions"];
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["id"], 5);
  EXPECT_EQ(all[0]["role"], "viewer");
  EXPECT_EQ(all[0]["remote"], "192.0.2.1:5000");
  EXPECT_EQ(all[0]["state"], "up");
  EXPECT_EQ(all[0]["age_s"], 1.5);
  EXPECT_EQ(all[0]["rtt_ms"], 20.5);
  EXPECT_EQ(all[0]["packets"], 100);
  EXPECT_EQ(all[0]["repaired"], 3);
  const json one = json::parse(ask("GET", "/v1/sessions?stream=live%2Fother").body)["sessions"];
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]["id"], 6);
}

TEST_F(RoutesTest, SessionsOfAStreamThatIsNotThereAreNotAnEmptyList) {
  relay.report = Report{{{}}, {viewer(5, "live/main")}};
  relay.report->streams[0].name = "live/quiet";
  const Response response = ask("GET", "/v1/sessions?stream=nope");
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(json::parse(response.body)["error"]["message"], "no stream nope");
  EXPECT_EQ(ask("GET", "/v1/sessions?stream=live%2Fquiet").body, "{\"sessions\":[]}");
}

TEST_F(RoutesTest, OneSessionComesWithItsStatistics) {
  relay.report = Report{{}, {viewer(5, "live/main")}};
  const json session = json::parse(ask("GET", "/v1/sessions/5").body);
  EXPECT_EQ(relay.asked, SocketId{5});
  EXPECT_EQ(session["stats"]["packets_sent"], 100);
  EXPECT_EQ(session["stats"].size(), 36u) << "a field of SessionStats is missing";
  EXPECT_EQ(ask("GET", "/v1/sessions/6").status, 404u);
  EXPECT_EQ(ask("GET", "/v1/sessions/five").status, 400u);
  EXPECT_EQ(ask("GET", "/v1/sessions/99999999999").status, 400u);
  EXPECT_EQ(ask("GET", "/v1/sessions?stream=%zz").status, 400u) << "a filter that cannot be read is not none";
  EXPECT_EQ(ask("GET", "/v1/events?stream=live%2").status, 400u);
}

TEST_F(RoutesTest, CallsAreListed) {
  relay.call_views = {
      {.id = 3,
       .role = Role::kPublisher,
       .stream = "live/main",
       .url = "srt://a:1",
       .state = "waiting",
       .retry_in = millis(1500),
       .failure = "no answer within 3 s"},
      {.id = 4, .state = "connected", .socket = SocketId{77}, .is_encrypted = true, .ssrc = 5, .sdp = "v=0"}};
  const json calls = json::parse(ask("GET", "/v1/calls").body)["calls"];
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0]["role"], "publisher");
  EXPECT_EQ(calls[0]["retry_in_s"], 1.5);
  EXPECT_EQ(calls[0]["failure"], "no answer within 3 s");
  EXPECT_EQ(calls[0]["session"], nullptr);
  EXPECT_EQ(calls[1]["session"], 77);
  EXPECT_EQ(calls[1]["retry_in_s"], nullptr);
  EXPECT_EQ(calls[1]["encrypted"], true);
  EXPECT_EQ(calls[1]["sdp"], "v=0");
  EXPECT_EQ(calls[1]["ssrc"], 5);
  EXPECT_EQ(calls[0]["ssrc"], nullptr);
  EXPECT_FALSE(calls[0].contains("sdp")) << "of RTP destinations alone";
  EXPECT_EQ(ask("GET", "/v1/calls/4/sdp").body, "v=0");
  EXPECT_EQ(ask("GET", "/v1/calls/4/sdp").content_type, "application/sdp");
  EXPECT_EQ(ask("GET", "/v1/calls/3/sdp").status + ask("GET", "/v1/calls/5/sdp").status, 404u + 404u);
  const json viewers = json::parse(ask("GET", "/v1/calls?role=viewer").body)["calls"];
  ASSERT_EQ(viewers.size(), 1u);
  EXPECT_EQ(viewers[0]["id"], 4);
  EXPECT_EQ(ask("GET", "/v1/calls?role=foo").status, 400u);
  EXPECT_FALSE(relay.shows_keys);
  ask("GET", "/v1/calls?role=viewer&with_keys=1");
  EXPECT_TRUE(relay.shows_keys);
  EXPECT_EQ(ask("GET", "/v1/calls?with_keys=yes").status, 400u);
}

TEST_F(RoutesTest, AnSrtpKeyStandsBesideTheUrlAndIsNotSaid) {
  constexpr const char* kBody = R"({"role":"viewer","stream":"live/main","url":"rtp://192.0.2.1:5004","srtp":")";
  const Response response =
      ask("POST", "/v1/calls",
          std::string{kBody} + R"(AEAD_AES_128_GCM inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHA=="})");
  EXPECT_EQ(response.status, 201u) << response.body;
  ASSERT_TRUE(relay.destination.srtp);
  EXPECT_EQ(relay.destination.srtp->suite, crypto::SrtpSuite::kAeadAes128Gcm);
  const Response wrong = ask("POST", "/v1/calls", std::string{kBody} + R"(AEAD_AES_128_GCM inline:c2VjcmV0"})");
  EXPECT_EQ(wrong.status, 400u);
  EXPECT_EQ(wrong.body.find("c2VjcmV0"), std::string::npos) << wrong.body;
  EXPECT_EQ(ask("POST", "/v1/calls", std::string{kBody} + R"(x","srtp_file":"/etc/shadow"})").status, 400u);
}

TEST_F(RoutesTest, AnRtpUrlAddsADestination) {
  const Response response =
      ask("POST", "/v1/calls", R"({"role":"viewer","stream":"live/main","url":"rtp://192.0.2.1:5004?ttl=4"})");
  EXPECT_EQ(response.status, 201u) << response.body;
  EXPECT_EQ(response.body, R"({"id":9})");
  EXPECT_EQ(relay.destination.stream, "live/main");
  EXPECT_EQ(relay.destination.terms.ttl, 4);
  const Response odd =
      ask("POST", "/v1/calls", R"({"role":"viewer","stream":"live/main","url":"rtp://192.0.2.1:5005"})");
  EXPECT_EQ(odd.status, 400u);
  EXPECT_NE(odd.body.find("even port"), std::string::npos) << odd.body;
  const Response in =
      ask("POST", "/v1/calls", R"({"role":"publisher","stream":"live/main","url":"rtp://192.0.2.1:5004"})");
  EXPECT_EQ(in.status, 400u);
  EXPECT_NE(in.body.find("[[feed]]"), std::string::npos) << in.body;
}

TEST_F(RoutesTest, ACallIsAddedAndRemoved) {
  const Response response = ask("POST", "/v1/calls",
                                R"({"role":"publisher","stream":"live/main","url":"srt://cam:7000?latency=200",)"
                                R"("passphrase":"passphrase12345"})");
  EXPECT_EQ(response.status, 201u);
  EXPECT_EQ(response.body, R"({"id":17})");
  ASSERT_TRUE(relay.called);
  EXPECT_EQ(relay.called->role, Role::kPublisher);
  EXPECT_EQ(relay.called->url.host, "cam");
  EXPECT_EQ(relay.called->url.passphrase, "passphrase12345");
  EXPECT_EQ(ask("DELETE", "/v1/calls/17?role=publisher").status, 200u);
  EXPECT_EQ(relay.removed_call, 17u);
  EXPECT_EQ(relay.removed_role, Role::kPublisher);
  EXPECT_EQ(ask("DELETE", "/v1/calls/x").status, 400u);
  relay.removed_call = 0;
  EXPECT_EQ(ask("DELETE", "/v1/calls/17?role=foo").status, 400u);
  EXPECT_EQ(relay.removed_call, 0u);
  EXPECT_EQ(ask("PUT", "/v1/calls").status, 405u);
  relay.answer = Error{ErrorCode::kInUse, "there is such a call"};
  EXPECT_EQ(ask("POST", "/v1/calls", R"({"role":"viewer","stream":"a","url":"srt://b:1"})").status, 409u);
}

TEST_F(RoutesTest, KeysAreRotatedOfAStreamOrASession) {
  EXPECT_EQ(ask("POST", "/v1/keys/rotate", R"({"stream":"live/*"})").body, R"({"viewers":312})");
  EXPECT_EQ(relay.rotated, "live/*");
  EXPECT_EQ(relay.rotated_session, SocketId{});
  EXPECT_EQ(ask("POST", "/v1/keys/rotate", R"({"session":17})").status, 200u);
  EXPECT_EQ(relay.rotated, "");
  EXPECT_EQ(relay.rotated_session, SocketId{17});
  for (const char* body : {"{}", "", R"({"session":0})", R"({"session":"x"})", R"({"stream":"a","key":"b"})"})
    EXPECT_EQ(ask("POST", "/v1/keys/rotate", body).status, 400u) << body;
  EXPECT_EQ(ask("GET", "/v1/keys/rotate").status, 405u);
  relay.answer = Error{ErrorCode::kNotFound, "there is no stream a"};
  EXPECT_EQ(ask("POST", "/v1/keys/rotate", R"({"stream":"a"})").status, 404u);
}

TEST_F(RoutesTest, ACallsMistakesAreToldWithoutItsPassphrase) {
  const Response response = ask("POST", "/v1/calls", R"({"stream":"a*","url":"srt://b?passphrase=hush-hush-hush"})");
  EXPECT_EQ(response.status, 400u);
  const std::string message = json::parse(response.body)["error"]["message"];
  EXPECT_THAT(message, HasSubstr("role: found nothing"));
  EXPECT_THAT(message, HasSubstr("stream: found \"a*\""));
  EXPECT_THAT(message, HasSubstr("url: found one that cannot be used"));
  EXPECT_THAT(message, Not(HasSubstr("hush")));
}

TEST_F(RoutesTest, AStreamIsAddedWithTheRulesOfTheConfiguration) {
  const Response response =
      ask("POST", "/v1/streams",
          R"({"name":"live/new","latency_ms":200,"bitrate_max_mbps":4.5,"publish_passphrase":"0123456789"})");
  EXPECT_EQ(response.status, 201u) << response.body;
  ASSERT_TRUE(relay.added);
  EXPECT_EQ(relay.added->latency, millis(200));
  EXPECT_EQ(relay.added->bitrate_bits_max, 4'500'000u);
  EXPECT_EQ(relay.added->publish_passphrase, "0123456789");
  EXPECT_THAT(response.body, Not(HasSubstr("0123456789")));
}

TEST_F(RoutesTest, AKeyThatExistsIsNamedOnce) {
  const Response response =
      ask("POST", "/v1/calls", R"({"role":"viewer","stream":"live/main","url":"rtp://192.0.2.1:5004","key":1})");
  const std::string message = json::parse(response.body)["error"]["message"];
  EXPECT_THAT(message, HasSubstr("key: found an unknown key, accepted url, role, stream, srtp"));
}

TEST_F(RoutesTest, EveryMistakeInABodyIsToldAndNothingIsAdded) {
  const Response response =
      ask("POST", "/v1/streams", R"({"name":"a b","latency":5,"wait":{},"view_passphrase":"hush"})");
  EXPECT_EQ(response.status, 400u);
  const std::string message = json::parse(response.body)["error"]["message"];
  EXPECT_THAT(message, HasSubstr("name: found \"a b\""));
  EXPECT_THAT(message, HasSubstr("latency: found an unknown key"));
  EXPECT_THAT(message, HasSubstr("did you mean latency_ms?"));
  EXPECT_THAT(message, HasSubstr("wait: found another kind of value"));
  EXPECT_THAT(message, HasSubstr("view_passphrase: found 4 bytes"));
  EXPECT_THAT(message, Not(HasSubstr("hush")));
  EXPECT_FALSE(relay.added);
  EXPECT_EQ(ask("POST", "/v1/streams", "{").status, 400u);
  EXPECT_EQ(ask("POST", "/v1/streams", "[1]").status, 400u);
  EXPECT_EQ(ask("POST", "/v1/streams", "").status, 400u);
}

TEST_F(RoutesTest, AStreamNameIsDecodedBeforeItIsRemoved) {
  EXPECT_EQ(ask("DELETE", "/v1/streams/live%2Fmain").status, 200u);
  EXPECT_EQ(relay.removed, "live/main");
  EXPECT_EQ(ask("DELETE", "/v1/streams/live%2").status, 400u);
  EXPECT_EQ(ask("DELETE", "/v1/streams/live%zz").status, 400u);
}

TEST_F(RoutesTest, TheDesksErrorsBecomeStatusCodes) {
  relay.answer = Error{ErrorCode::kNotFound, "no session 9"};
  EXPECT_EQ(ask("DELETE", "/v1/sessions/9").status, 404u);
  EXPECT_EQ(relay.kicked, SocketId{9});
  relay.answer = Error{ErrorCode::kInUse, "there is a stream live/main"};
  const Response response = ask("POST", "/v1/streams", R"({"name":"live/main"})");
  EXPECT_EQ(response.status, 409u);
  EXPECT_EQ(error_code(response), "in_use");
}

TEST_F(RoutesTest, UnknownPathsAndMethodsAreRefusedInJson) {
  EXPECT_EQ(error_code(ask("GET", "/v2/status")), "not_found");
  EXPECT_EQ(ask("PUT", "/v1/streams").allow, "GET, POST");
  EXPECT_EQ(ask("POST", "/metrics").status, 405u);
  EXPECT_EQ(ask("DELETE", "/v1/status").status, 405u);
}

TEST_F(RoutesTest, StatusAsksForStreamsAloneAndCountsThem) {
  relay.report = Report{};
  relay.report->streams.resize(2);
  relay.report->streams[0].report.has_publisher = true;
  relay.report->streams[0].report.viewers = 3;
  relay.report->streams[1].report.viewers = 1;
  relay.counters.add(Counter::kFreshSent, 99);
  relay.other_counters.add(Counter::kFreshSent, 1);
  relay.counters.count(Verdict::kMalformed);
  relay.admission = {.bits_max = 9e6, .bits = 6.5e6, .refused = 3};
  const json status = json::parse(ask("GET", "/v1/status").body);
  EXPECT_EQ(relay.asked, kNoSession);
  EXPECT_EQ(status["streams"], 2);
  EXPECT_EQ(status["publishers"], 1);
  EXPECT_EQ(status["viewers"], 4);
  EXPECT_EQ(status["uptime_s"], 42);
  EXPECT_EQ(status["admission"], (json{{"limit_mbps", 9.0}, {"egress_mbps", 6.5}, {"refused", 3}}));
  EXPECT_EQ(status["worker"]["fresh_sent"], 100);
  EXPECT_EQ(status["worker"]["verdicts"]["malformed"], 1);
  ASSERT_EQ(status["workers"].size(), 2u);
  EXPECT_EQ(status["workers"][0]["fresh_sent"], 99);
  EXPECT_EQ(status["workers"][1]["fresh_sent"], 1);
}

TEST_F(RoutesTest, MetricsNeedNoWorker) {
  relay.counters.add(Counter::kSessionsOpened, 5);
  relay.counters.add(Counter::kSessionsClosed, 2);
  relay.counters.add(Counter::kRepairsSent, 11);
  relay.counters.count(Verdict::kBadCookie);
  relay.other_counters.add(Counter::kRepairsSent, 12);
  relay.admission.refused = 3;
  const Response response = ask("GET", "/metrics");
  EXPECT_THAT(response.body, HasSubstr("fanlight_overload_refused_total 3\n"));
  EXPECT_THAT(response.content_type, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("fanlight_sessions{worker=\"0\"} 3\n"));
  EXPECT_THAT(response.body, HasSubstr("# TYPE fanlight_repairs_sent_packets_total counter\n"));
  EXPECT_THAT(response.body, HasSubstr("fanlight_repairs_sent_packets_total{worker=\"0\"} 11\n"));
  EXPECT_THAT(response.body, HasSubstr("fanlight_repairs_sent_packets_total{worker=\"1\"} 12\n"));
  EXPECT_THAT(response.body, HasSubstr("fanlight_verdict_packets_total{worker=\"0\",verdict=\"bad_cookie\"} 1\n"));
  EXPECT_THAT(response.body, HasSubstr("fanlight_build_info{version=\"0.1.0\"} 1\n"));
}

TEST_F(RoutesTest, ANameThatIsNotUtf8IsShownAndDoesNotThrow) {
  relay.report = Report{{}, {viewer(5, "live/\xFF")}};
  EXPECT_THAT(ask("GET", "/v1/sessions").body, HasSubstr("live/\xEF\xBF\xBD"));
  EXPECT_EQ(ask("DELETE", "/v1/streams/%FF").status, 200u);
}

TEST_F(RoutesTest, EventsAreASubscriptionToAllOrToSomeStreams) {
  const auto wanted = [&](std::string target) -> std::optional<Routes::Subscription> {
    const Routes::Outcome outcome = routes.start({"GET", std::move(target), ""});
    const auto* subscription = std::get_if<Routes::Subscription>(&outcome);
    return subscription == nullptr ? std::nullopt : std::optional(*subscription);
  };
  ASSERT_TRUE(wanted("/v1/events"));
  EXPECT_FALSE(wanted("/v1/events")->stream);
  EXPECT_EQ(wanted("/v1/events?stream=live%2F*")->stream, "live/*");
  EXPECT_EQ(ask("GET", "/v1/events?stream=a%20b").status, 400u);
  EXPECT_EQ(ask("POST", "/v1/events").status, 405u);
}

TEST_F(RoutesTest, AnEventSaysWhatAppliesToItAndNothingElse) {
  SessionEvent rejected{.kind = SessionEvent::Kind::kRejected,
                        .number = 7,
                        .role = Role::kViewer,
                        .stream = "live/main",
                        .user = "b\xFFob",
                        .address = "192.0.2.1:5000",
                        .code = 2403};
  rejected.reason = "policy 2";
  EXPECT_EQ(event_line(rejected, 1'795'000'000'042),
            R"({"address":"192.0.2.1:5000","at":"2026-11-18T11:06:40.042Z","code":2403,"event":"rejected","number":7,)"
            R"("reason":"policy 2","role":"viewer","stream":"live/main","user":"b�ob"})");
  SessionEvent left{.kind = SessionEvent::Kind::kDisconnect,
                    .session = SocketId{17},
                    .srt_version = 0x10501,
                    .key_bytes = 16,
                    .call = 3,
                    .age = seconds(2)};
  left.stats.emplace().packets_sent = 9;
  const json told = event_json(left, 0);
  EXPECT_EQ(told["session"], 17);
  EXPECT_EQ(told["agent"], "1.5.1");
  EXPECT_EQ(told["encrypted"], true);
  EXPECT_EQ(told["call"], 3);
  EXPECT_EQ(told["age_s"], 2.0);
  EXPECT_EQ(told["stats"]["packets_sent"], 9);
  EXPECT_FALSE(told.contains("code"));
}

TEST_F(RoutesTest, FeedsAreListedWithTheirSenders) {
  const auto answer = json::parse(ask("GET", "/v1/feeds").body);
  ASSERT_EQ(answer["feeds"].size(), 1u);
  const auto& feed = answer["feeds"][0];
  EXPECT_EQ(feed["url"], "rtp://239.0.0.1:5004");
  EXPECT_EQ(feed["payload"], "H264/90000");
  EXPECT_EQ(feed["srtp"], "AEAD_AES_128_GCM");
  EXPECT_EQ(feed["state"], "live");
  EXPECT_EQ(feed["state_s"], 2.0);
  EXPECT_EQ(feed["sender"], "192.0.2.7:40000");
  EXPECT_EQ(feed["session"], 7);
  EXPECT_TRUE(feed["packets_lost"].is_null() && feed["jitter_ms"].is_null());
}

TEST_F(RoutesTest, HowAFeedArrivesIsListedAndMeasured) {
  EXPECT_THAT(ask("GET", "/metrics").body, Not(HasSubstr("fanlight_feed_"))) << "not known";
  relay.reception = {.lost = 12, .jitter = micros(1'500)};
  const json feed = json::parse(ask("GET", "/v1/feeds").body)["feeds"][0];
  EXPECT_EQ(feed["packets_lost"], 12);
  EXPECT_EQ(feed["jitter_ms"], 1.5);
  const std::string text = ask("GET", "/metrics").body;
  EXPECT_THAT(text, HasSubstr("# TYPE fanlight_feed_jitter_seconds gauge\n"));
  EXPECT_THAT(text, HasSubstr("fanlight_feed_jitter_seconds{feed=\"1\",stream=\"live/main\"} 0.0015\n"));
  EXPECT_THAT(text, HasSubstr("fanlight_feed_lost_packets_total{feed=\"1\",stream=\"live/main\"} 12\n"));
}

TEST_F(RoutesTest, WebhooksAreMeasuredByNameAndOutcome) {
  EXPECT_THAT(ask("GET", "/metrics").body, Not(HasSubstr("webhook_requests_total")));
  relay.webhooks.push_back({.name = "door", .answer_seconds = 0.25});
  relay.webhooks[0].outcomes[static_cast<std::size_t>(HookOutcome::kTimeout)] = 3;
  const std::string text = ask("GET", "/metrics").body;
  EXPECT_THAT(text, HasSubstr("fanlight_webhook_requests_total{hook=\"door\",outcome=\"timeout\"} 3"));
  EXPECT_THAT(text, HasSubstr("fanlight_webhook_requests_total{hook=\"door\",outcome=\"busy\"} 0"));
  EXPECT_THAT(text, HasSubstr("fanlight_webhook_answer_seconds{hook=\"door\"} 0.25"));
  EXPECT_THAT(text, HasSubstr("fanlight_webhook_unasked_total 4"));
  EXPECT_THAT(text, HasSubstr("fanlight_tokens_unread_total 3"));
  EXPECT_THAT(text, HasSubstr("fanlight_webhook_refusals_remembered_total 5"));
  EXPECT_THAT(text, HasSubstr("fanlight_events_posted_total 6"));
  EXPECT_THAT(text, HasSubstr("fanlight_events_dropped_total 7"));
}

}  // namespace
}  // namespace fanlight::control
