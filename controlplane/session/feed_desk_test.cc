// Feeds: the desk against a worker played by the test.
#include <gmock/gmock.h>

#include "crypto/test_srtp.h"
#include "session/desk_fixture.h"
#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const Endpoint kSender{IpAddress::v4(198, 51, 100, 1), 40'000};

class FeedDeskTest : public DeskTest {
 protected:
  void SetUp() override { begin({rule("live/main"), rule("live/*")}); }

  static FeedPlace place(std::string stream = "live/main") {
    return {.rule = {.stream = std::move(stream), .terms = {.local = *Endpoint::parse("0.0.0.0:5004")}},
            .doors = {.data = 1, .control = 2}};
  }
  void set(FeedPlace one) {
    desk().set_feeds(now_, {std::move(one)});
    wait({});
  }
  std::optional<command::OpenFeed> take_opening() {
    std::vector<Command> commands = take_commands();
    auto* opening = find<command::OpenFeed>(commands);
    return opening == nullptr ? std::nullopt : std::optional(std::move(*opening));
  }
  command::OpenFeed opened() {
    auto opening = take_opening();
    EXPECT_TRUE(opening);
    if (!opening) return {};
    desk().handle_event(now_, event::SessionOpened{opening->request, SocketId{4'242}});
    return *std::move(opening);
  }
  void news(const command::OpenFeed& feed, bool is_live) {
    desk().handle_event(now_, event::FeedNews{feed.request, is_live, kSender});
  }
  void closed(const command::OpenFeed& feed, CloseReason reason) {
    event::SessionClosed event;
    event.request = feed.request;
    event.reason = reason;
    desk().handle_event(now_, std::move(event));
  }
  std::vector<SessionEvent::Kind> told() {
    std::vector<SessionEvent::Kind> kinds;
    while (const auto event = desk().poll_session_event()) kinds.push_back(event->kind);
    return kinds;
  }
  FeedView view() { return desk().feeds(now_).at(0); }
};

TEST_F(FeedDeskTest, ItIsOpenedAtOnceWithItsDoors) {
  set(place());
  const command::OpenFeed feed = opened();
  EXPECT_EQ(feed.terms.local, *Endpoint::parse("0.0.0.0:5004"));
  EXPECT_EQ(feed.doors.data, 1);
  EXPECT_EQ(feed.doors.control, 2);
  EXPECT_NE(feed.own_ssrc, 0u);
  EXPECT_EQ(view().state, "silent");
  EXPECT_EQ(view().socket, SocketId{4'242});
  EXPECT_EQ(view().url, "rtp://0.0.0.0:5004");
}

TEST_F(FeedDeskTest, ItIsPublishedWhenSomethingComes) {
  set(place());
  const command::OpenFeed feed = opened();
  EXPECT_TRUE(told().empty()) << "an open door is no publisher";
  news(feed, true);
  EXPECT_EQ(view().state, "live");
  EXPECT_EQ(view().sender, kSender.text());
  EXPECT_EQ(told(), std::vector{SessionEvent::Kind::kPublishStart});
  news(feed, false);
  EXPECT_EQ(view().state, "silent");
  EXPECT_EQ(told(), std::vector{SessionEvent::Kind::kPublishStop});
}

TEST_F(FeedDeskTest, AKeyGoesAlongReadyForUse) {
  const crypto::SrtpMaster master = crypto::some_master(crypto::SrtpSuite::kAeadAes128Gcm);
  FeedPlace one = place();
  one.rule.srtp = master;
  set(std::move(one));
  const command::OpenFeed feed = opened();
  ASSERT_TRUE(feed.srtp);
  Bytes packet = crypto::protect(crypto::SrtpKeys(master), from_hex("80210007 00000000 00000001 4711"), 7);
  EXPECT_EQ(feed.srtp->read(now_, {packet, 12, 7, 1}), Verdict::kAccepted);
  EXPECT_EQ(view().srtp, "AEAD_AES_128_GCM");
}

// A kick forgets what came, for sources that begin anew. Not how much.
TEST_F(FeedDeskTest, AKickMakesAWornKeyNoBetter) {
  const crypto::SrtpMaster master = crypto::some_master(crypto::SrtpSuite::kAeadAes128Gcm);
  FeedPlace one = place();
  one.rule.srtp = master;
  one.rule.srtp->packets_max = 1;
  set(std::move(one));
  const auto read = [&](command::OpenFeed& feed) {
    Bytes packet = crypto::protect(crypto::SrtpKeys(master), from_hex("80210007 00000000 00000001 4711"), 7);
    return feed.srtp->read(now_, {packet, 12, 7, 1});
  };
  command::OpenFeed feed = opened();
  EXPECT_EQ(read(feed), Verdict::kAccepted);
  event::SessionClosed event;
  event.request = feed.request;
  event.reason = CloseReason::kKicked;
  event.srtp = std::move(feed.srtp);
  desk().handle_event(now_, std::move(event));
  wait(seconds(2));
  command::OpenFeed again = opened();
  ASSERT_TRUE(again.srtp);
  EXPECT_EQ(read(again), Verdict::kKeyWornOut);
}

TEST_F(FeedDeskTest, WhyItsPacketsAreNotTakenIsSaid) {
  FeedPlace one = place();
  one.rule.srtp = crypto::some_master(crypto::SrtpSuite::kAesCm128HmacSha1Tag80);
  one.rule.srtp->packets_max = 1'000;
  set(std::move(one));
  const command::OpenFeed feed = opened();
  (void)take_notices();
  const auto said = [&](Verdict verdict) {
    wait(seconds(60));
    desk().handle_event(now_, event::FeedRefusal{feed.request, verdict, kSender});
    return take_notices();
  };
  EXPECT_THAT(said(Verdict::kUnauthentic),
              Contains(HasSubstr("feed rtp://0.0.0.0:5004 of live/main: SRTP from 198.51.100.1:40000 is not authentic: "
                                 "another key or suite than AES_CM_128_HMAC_SHA1_80")));
  EXPECT_THAT(view().failure, HasSubstr("is not authentic"));
  EXPECT_THAT(said(Verdict::kReplayed), Contains(HasSubstr("came before")));
  EXPECT_THAT(said(Verdict::kKeyWornOut), Contains(HasSubstr("its key has done its 1000 packets")));
  news(feed, true);
  EXPECT_EQ(view().failure, "");
}

class FeedRefusalTest : public FeedDeskTest {
 protected:
  // What is said of it.
  std::string refused(const FeedTerms& terms, Verdict verdict, const FeedFinding& found) {
    begin({rule("live/main")});
    FeedPlace one = place();
    one.rule.terms = terms;
    set(std::move(one));
    const command::OpenFeed feed = opened();
    desk().handle_event(now_, event::FeedRefusal{feed.request, verdict, kSender, found});
    return view().failure;
  }
  static constexpr FeedFinding kRtpOf96{
      .kind = FeedFinding::Kind::kRtp, .payload_type = 96, .ssrc = 9, .payload_bytes = 1'504};
  static constexpr FeedFinding kBare{.kind = FeedFinding::Kind::kTransportStream, .payload_bytes = 1'316};
  const FeedTerms rtp_{.local = *Endpoint::parse("0.0.0.0:5004")};
  const FeedTerms udp_{.kind = FeedKind::kTransportStream, .local = *Endpoint::parse("0.0.0.0:5004")};
};

TEST_F(FeedRefusalTest, SaysWhatWasFoundAndWhatIsTaken) {
  EXPECT_EQ(refused(rtp_, Verdict::kWrongPayloadType, kRtpOf96),
            "payload type 96 from 198.51.100.1:40000, accepted 33");
  EXPECT_EQ(refused(rtp_, Verdict::kMalformed, kBare),
            "a bare transport stream from 198.51.100.1:40000, where RTP is expected; udp:// takes it");
  EXPECT_EQ(refused(rtp_, Verdict::kMalformed, {}), "no RTP from 198.51.100.1:40000");
  EXPECT_EQ(
      refused(udp_, Verdict::kNotTransportStream, kRtpOf96),
      "RTP of payload type 96 from 198.51.100.1:40000, where a bare transport stream is expected; rtp:// takes it");
  EXPECT_EQ(refused(rtp_, Verdict::kNotTransportStream, kRtpOf96),
            "RTP of payload type 96 from 198.51.100.1:40000 carries no whole TS packets; payload says what else it "
            "carries");
  EXPECT_EQ(refused(udp_, Verdict::kNotTransportStream, {}), "no whole TS packets from 198.51.100.1:40000");
  EXPECT_EQ(refused(rtp_, Verdict::kOversized, kRtpOf96),
            "1504 bytes of payload from 198.51.100.1:40000, accepted 1456 at most");
}

TEST_F(FeedRefusalTest, SaysWhomItListensTo) {
  FeedTerms terms = rtp_;
  terms.source = *IpAddress::parse("192.0.2.9");
  EXPECT_EQ(refused(terms, Verdict::kForeignSource, kRtpOf96),
            "packets from 198.51.100.1:40000, accepted from 192.0.2.9 alone");
  terms.source = kSender.ip;
  terms.ssrc = 5;
  EXPECT_EQ(refused(terms, Verdict::kForeignSource, kRtpOf96), "SSRC 9 from 198.51.100.1:40000, accepted 5");
  terms.ssrc = 9;
  EXPECT_THAT(refused(terms, Verdict::kForeignSource, kRtpOf96), HasSubstr("who is banned"));
}

TEST_F(FeedDeskTest, RefusalsFillNoLog) {
  set(place());
  const command::OpenFeed feed = opened();
  (void)take_notices();
  const auto refuse = [&](std::uint8_t payload_type) {
    desk().handle_event(now_, event::FeedRefusal{feed.request,
                                                 Verdict::kWrongPayloadType,
                                                 kSender,
                                                 {.kind = FeedFinding::Kind::kRtp, .payload_type = payload_type}});
  };
  refuse(96);
  EXPECT_THAT(take_notices(), Contains(HasSubstr("of live/main: payload type 96 from 198.51.100.1:40000")));
  wait(seconds(59));
  refuse(97);
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("payload type"))));
  EXPECT_THAT(view().failure, HasSubstr("payload type 97")) << "the newest, all the same";
  wait(seconds(1));
  refuse(97);
  EXPECT_THAT(take_notices(), Contains(HasSubstr("payload type 97")));
  news(feed, true);
  EXPECT_EQ(view().failure, "");
  refuse(97);
  EXPECT_EQ(view().failure, "") << "it is live";
  news(feed, false);
  EXPECT_THAT(view().failure, HasSubstr("payload type 97"));
}

TEST_F(FeedDeskTest, AClockThatDoesNotRunAtItsRateIsToldOnce) {
  set(place());
  const command::OpenFeed feed = opened();
  news(feed, true);
  (void)take_notices();
  const auto tell = [&](std::int32_t ppm) {
    desk().handle_event(now_, event::FeedNews{feed.request, true, kSender, ppm});
    return take_notices();
  };
  EXPECT_THAT(tell(10'400), Contains(HasSubstr("of live/main: its timestamps run 1.0 % faster than 90000 a second; "
                                               "its packets are timed as they come")));
  EXPECT_THAT(view().failure, HasSubstr("1.0 % faster"));
  EXPECT_EQ(view().state, "live");
  EXPECT_EQ(view().sender, kSender.text());
  EXPECT_THAT(tell(0), Not(Contains(HasSubstr("timestamps"))));
  EXPECT_EQ(view().failure, "");
  EXPECT_THAT(tell(-500'000), Not(Contains(HasSubstr("timestamps")))) << "in the log once";
  EXPECT_THAT(view().failure, HasSubstr("50.0 % slower"));
  (void)tell(-1'000'000);
  EXPECT_THAT(view().failure, HasSubstr("its timestamps stand still"));
  desk().handle_event(now_, event::FeedNews{feed.request, false, kSender, -500'000});
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("timestamps")))) << "it ends";
  EXPECT_EQ(view().failure, "");
  EXPECT_THAT(tell(-500'000), Contains(HasSubstr("50.0 % slower"))) << "it came anew";
}

TEST_F(FeedDeskTest, HowItArrivesIsShownWhileItDoes) {
  set(place());
  const command::OpenFeed feed = opened();
  EXPECT_FALSE(view().reception);
  const FeedReception arrives{.lost = 3, .jitter = micros(1'500)};
  const auto tell = [&](const command::OpenFeed& of, bool is_live) {
    desk().handle_event(now_, event::FeedNews{of.request, is_live, kSender, 0, arrives});
  };
  tell(feed, true);
  EXPECT_EQ(view().reception, arrives);
  tell(feed, false);
  EXPECT_FALSE(view().reception);
  tell(feed, true);
  closed(feed, CloseReason::kKicked);
  EXPECT_FALSE(view().reception);

  begin({rule("live/main")});
  FeedPlace bare = place();
  bare.rule.terms.kind = FeedKind::kTransportStream;
  set(std::move(bare));
  tell(opened(), true);
  EXPECT_EQ(view().state, "live");
  EXPECT_FALSE(view().reception) << "it has neither numbers nor timestamps";
}

TEST_F(FeedDeskTest, ATakeoverIsShownAndEndsNothing) {
  set(place());
  const command::OpenFeed feed = opened();
  news(feed, true);
  (void)told();
  (void)take_notices();
  wait(seconds(3));
  const Endpoint other{IpAddress::v4(198, 51, 100, 2), 40'000};
  desk().handle_event(now_, event::FeedNews{feed.request, true, other});
  EXPECT_EQ(view().sender, other.text());
  EXPECT_EQ(view().age, seconds(3)) << "it was live all the time";
  EXPECT_TRUE(told().empty());
  EXPECT_THAT(take_notices(), Contains(HasSubstr("comes from 198.51.100.2:40000 now")));
}

TEST_F(FeedDeskTest, NobodyElsePublishesItsStream) {
  set(place());
  (void)opened();
  EXPECT_EQ(rejection_of(publisher("live/main")), static_cast<std::int32_t>(wire::Reject::kConflict));
}

TEST_F(FeedDeskTest, ItWaitsForItsStreamAndSaysSoOnce) {
  set(place("elsewhere"));
  EXPECT_FALSE(take_opening());
  EXPECT_EQ(view().state, "waiting");
  EXPECT_EQ(view().failure, "there is no stream elsewhere");
  EXPECT_THAT(take_notices(), Contains(HasSubstr("waits: there is no stream elsewhere")));
  wait(seconds(5));
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("waits"))));
  EXPECT_TRUE(desk().add_stream(rule("elsewhere")));
  wait(seconds(1));
  EXPECT_TRUE(take_opening());
}

TEST_F(FeedDeskTest, UnderAPatternItBeginsTheStream) {
  set(place("live/other"));
  const command::OpenFeed feed = opened();
  news(feed, true);
  wait(seconds(60));
  EXPECT_EQ(view().state, "live") << "no linger ends it";
}

TEST_F(FeedDeskTest, WhenItWasEndedItComesBack) {
  set(place());
  const command::OpenFeed first = opened();
  news(first, true);
  (void)told();
  closed(first, CloseReason::kKicked);
  EXPECT_EQ(told(), std::vector{SessionEvent::Kind::kPublishStop});
  EXPECT_EQ(view().failure, "kicked");
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("publisher [::]:0"))));
  EXPECT_FALSE(take_opening());
  wait(seconds(1));
  EXPECT_NE(opened().request, first.request);
  EXPECT_EQ(view().failure, "");
}

TEST_F(FeedDeskTest, AnOrderlyStopIsNoReasonToWarn) {
  set(place());
  const command::OpenFeed feed = opened();
  (void)take_notices();
  desk().stop();
  closed(feed, CloseReason::kRelayStopping);
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("waits"))));
}

TEST_F(FeedDeskTest, WhatTheWorkerRefusesIsTriedAgain) {
  set(place());
  const auto opening = take_opening();
  ASSERT_TRUE(opening);
  desk().handle_event(now_, event::SessionRefused{opening->request, wire::Reject::kResource, nullptr});
  EXPECT_EQ(view().state, "waiting");
  wait(seconds(1));
  EXPECT_TRUE(take_opening());
}

TEST_F(FeedDeskTest, WithoutItsInterfaceItWaitsAndIsTriedEachSecond) {
  std::optional<FeedObstacle> fault{{"this machine has no interface eth9"}};
  desk().set_feed_faults([&](const FeedRule&) { return fault; });
  set(place());
  EXPECT_FALSE(take_opening());
  EXPECT_EQ(view().state, "waiting");
  EXPECT_EQ(view().failure, fault->what);
  wait(seconds(1));
  EXPECT_FALSE(take_opening());
  fault.reset();
  wait(seconds(1));
  EXPECT_TRUE(take_opening());
}

TEST_F(FeedDeskTest, WhoseInterfaceGoesIsSilentForThatReason) {
  std::optional<FeedObstacle> fault;
  desk().set_feed_faults([&](const FeedRule&) { return fault; });
  set(place());
  const command::OpenFeed feed = opened();
  fault = FeedObstacle{"this machine has no interface eth9"};
  EXPECT_EQ(view().failure, fault->what);
  news(feed, true);
  EXPECT_EQ(view().failure, "") << "something comes all the same";
  news(feed, false);
  EXPECT_EQ(view().failure, fault->what);
}

// What is valid, and nothing ever comes of.
TEST_F(FeedDeskTest, AGroupWithoutItsSourceIsDoubtedOnceAndInTheListWhileItIsSilent) {
  FeedPlace one = place();
  one.rule.terms.local = *Endpoint::parse("232.1.2.3:5004");
  set(std::move(one));
  const auto words = HasSubstr("group 232.1.2.3 is of source-specific multicast");
  EXPECT_THAT(take_notices(), Contains(words));
  const command::OpenFeed feed = opened();
  EXPECT_THAT(take_notices(), Not(Contains(words)));
  EXPECT_THAT(view().failure, words);
  desk().handle_event(now_, event::FeedRefusal{feed.request, Verdict::kMalformed, kSender, {}});
  EXPECT_EQ(view().failure, "no RTP from 198.51.100.1:40000") << "something comes";
  news(feed, true);
  EXPECT_EQ(view().failure, "");
}

// Of two legs: the other one is live, and nobody would miss it before it fails as well.
TEST_F(FeedDeskTest, ALegThatCannotBeHeardIsToldWhileTheOtherIs) {
  std::optional<FeedObstacle> fault{{"second leg: this machine has no interface eth9", true}};
  desk().set_feed_faults([&](const FeedRule&) { return fault; });
  FeedPlace two = place();
  two.rule.terms.second = FeedLeg{.local = *Endpoint::parse("239.1.2.4:5004")};
  set(std::move(two));
  const auto told = [&] {
    const std::vector<std::string> notices = take_notices();
    return std::ranges::count_if(notices, [](const auto& one) { return one.find("interface eth9") != one.npos; });
  };
  const command::OpenFeed feed = opened();
  EXPECT_EQ(view().failure, fault->what);
  news(feed, true);
  EXPECT_EQ(view().failure, fault->what);
  wait(seconds(20));
  EXPECT_EQ(told(), 1) << "however long it lasts";
  fault.reset();
  wait(seconds(5));
  EXPECT_EQ(view().failure, "");
  EXPECT_THAT(take_notices(), Contains(HasSubstr("both legs can be heard")));
  fault = FeedObstacle{"first leg: this machine has no interface eth9", true};
  wait(seconds(5));
  EXPECT_EQ(told(), 1) << "it went while it was live";
}

const MediaFormat kH264{.encoding = "H264", .fmtp = "packetization-mode=1", .payload_type = 96};

// A stream that is no transport stream goes to RTP alone.
class PayloadDeskTest : public FeedDeskTest {
 protected:
  void SetUp() override { begin({rule("live/main"), rule("live/*")}, 1, {{"live/main", kH264}, {"live/sub", kH264}}); }
  Error refused(const char* url, const std::string& stream = "live/main") {
    DestinationRule rule = *parse_destination_url(url);
    rule.stream = stream;
    const auto added = desk().add_destination(now_, rule);
    return added ? Error{} : added.error();
  }
};

TEST_F(PayloadDeskTest, SrtCallersHearThatTheMediaIsNotSupported) {
  EXPECT_EQ(rejection_of(viewer("live/main")), 2415);
  EXPECT_EQ(rejection_of(publisher("live/main", 2)), 2415);
  EXPECT_EQ(rejection_of(viewer("live/sub", 3)), 2415) << "before anybody publishes it";
  const AccessForecast told =
      desk().forecast(now_, {.stream_id = "live/main", .from = {IpAddress::v4(192, 0, 2, 9), 0}});
  EXPECT_EQ(told.reason, wire::Reject::kUnsupportedMedia);
}

TEST_F(PayloadDeskTest, CallsAndBareDestinationsAreRefusedWithTheReason) {
  const auto called = desk().add_call(
      now_, {.role = Role::kViewer, .stream = "live/main", .url = {.host = "192.0.2.50", .port = 7'000}});
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().what,
            "stream live/main carries H264/90000, which goes out as RTP alone: name an rtp:// destination");
  EXPECT_EQ(refused("udp://198.51.100.1:5004").code, ErrorCode::kInvalid);
  EXPECT_THAT(refused("udp://198.51.100.1:5004").what, HasSubstr("RTP alone"));
}

TEST_F(PayloadDeskTest, DestinationsTakeItsTypeUnlessTheySayAnother) {
  EXPECT_EQ(refused("rtp://198.51.100.1:5004").what, "");
  EXPECT_EQ(refused("rtp://198.51.100.1:6004?pt=97").what, "");
  EXPECT_EQ(refused("rtp://198.51.100.1:7004?pt=33").what,
            "stream live/main carries H264/90000, and to every receiver pt 33 means MP2T/90000 (RFC 3551 §6): take "
            "another");
  std::vector<CallView> calls = desk().calls(now_);
  EXPECT_THAT(calls.at(0).sdp, HasSubstr("m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                                         "a=fmtp:96 packetization-mode=1\r\n"));
  EXPECT_THAT(calls.at(1).sdp, HasSubstr("a=rtpmap:97 H264/90000\r\n"));
  DestinationRule again = *parse_destination_url("rtp://198.51.100.1:5004");
  again.stream = "live/main";
  desk().reload_destinations(now_, {again});
  ASSERT_EQ(desk().calls(now_).size(), 1u);
  EXPECT_EQ(desk().calls(now_).at(0).id, calls.at(0).id) << "it is the same as before";
}

TEST_F(PayloadDeskTest, ItsFeedSaysWhatItCarries) {
  FeedPlace one = place();
  one.rule.format = kH264;
  set(std::move(one));
  EXPECT_EQ(view().payload, "H264/90000");
  EXPECT_EQ(streams_.made.front().payload, (PayloadTerms{.is_transport_stream = false, .clock_rate = 90'000}));
}

}  // namespace
}  // namespace fanlight::control
