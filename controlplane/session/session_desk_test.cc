// Admission, repeats, kicks and reports: the desk against a worker played by the test.
#include "session/session_desk.h"

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

class SessionDeskTest : public DeskTest {
 protected:
  void SetUp() override { begin({rule("live/main")}); }
};

TEST_F(SessionDeskTest, ConfiguredStreamsBeginAtOnceAndPatternsDoNot) {
  StreamRule fast = rule("live/fast");
  fast.bitrate_bits_max = 50'000'000;
  desk_.emplace(Rules{rule("live/main"), fast, rule("live/*")}, streams_);
  std::vector<Command> commands = take_commands();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(std::get<command::AddStream>(commands[0]).index, StreamIndex{0});
  EXPECT_EQ(std::get<command::AddStream>(commands[1]).index, StreamIndex{1});
  EXPECT_EQ(streams_.made.back().bitrate_bits_max, 50'000'000u);
}

TEST_F(SessionDeskTest, StreamsNoWorkerHasSeenGoBackToTheFactory) {
  desk_.reset();
  streams_.out.clear();
  desk_.emplace(Rules{rule("a"), rule("b")}, streams_);
  desk_->pop_command();
  desk_.reset();
  EXPECT_EQ(streams_.out.size(), 1u);
}

TEST_F(SessionDeskTest, InvalidRulesAreLeftOutWithANotice) {
  StreamRule no_rate = rule("rate");
  no_rate.bitrate_bits_max = 0;
  StreamRule late = rule("late");
  late.latency = seconds(9);
  StreamRule short_secret = rule("short");
  short_secret.view_passphrase = "123456789";
  begin({rule("/bad"), rule("b*d/*"), no_rate, late, short_secret, rule("good"), rule("good")});
  EXPECT_EQ(take_notices().size(), 6u);
  EXPECT_EQ(rejection_of(viewer("short")), 2404);
  EXPECT_EQ(rejection_of(viewer("good")), 0);
}

TEST_F(SessionDeskTest, AJoinRateAtWhichNobodyCatchesUpIsWarnedAbout) {
  take_notices();
  StreamRule slow = rule("slow");  // 10 Mb/s are 7,598 times 1,316 bits of payload, 1,360 with headers.
  slow.join.bits_max = 7'598 * 1'360 + 1;
  ASSERT_TRUE(desk().add_stream(slow));
  EXPECT_EQ(take_notices().size(), 0u);
  slow.name = "slower";
  --slow.join.bits_max;
  ASSERT_TRUE(desk().add_stream(slow));
  const std::vector<std::string> notices = take_notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices.front().find("stream slower: join_rate_max_mbps is not above bitrate_max_mbps"), std::string::npos);
  EXPECT_FALSE(desk().add_stream(slow));
  slow.name = "live";
  slow.join.at_picture = false;
  ASSERT_TRUE(desk().add_stream(slow));
  EXPECT_EQ(take_notices().size(), 0u);
}

TEST_F(SessionDeskTest, TheSecondPublisherIsRejectedEvenBeforeTheFirstIsOpen) {
  const command::OpenSession first = let_in(publisher("live/main", 1));
  EXPECT_EQ(rejection_of(publisher("live/main", 2)), 2409);
  opened(first, 9);
  EXPECT_EQ(rejection_of(publisher("live/main", 2)), 2409);
}

TEST_F(SessionDeskTest, AClosedOrRefusedPublisherFreesItsPlace) {
  closed(let_in(publisher("live/main", 1)));
  refused(let_in(publisher("live/main", 2)));
  EXPECT_EQ(rejection_of(publisher("live/main", 3)), 0);
}

TEST_F(SessionDeskTest, AViewersEndDoesNotFreeThePublishersPlace) {
  let_in(publisher("live/main", 1));
  closed(let_in(viewer("live/main", 2)));
  EXPECT_EQ(rejection_of(publisher("live/main", 3)), 2409);
}

TEST_F(SessionDeskTest, AViewerWaitsOnlyWhereTheRuleSaysSo) {
  StreamRule eager = rule("live/eager");
  eager.wait = false;
  begin({rule("live/main"), eager});
  EXPECT_EQ(rejection_of(viewer("live/main")), 0);
  EXPECT_EQ(rejection_of(viewer("live/eager", 78)), 2404);
  let_in(publisher("live/eager"));
  EXPECT_EQ(rejection_of(viewer("live/eager", 78)), 0);
}

TEST_F(SessionDeskTest, TheWorkerJudgesTheMss) {
  Caller narrow = viewer("live/main");
  narrow.mss = 800;
  const command::OpenSession opening = let_in(narrow);
  EXPECT_EQ(opening.mss, 800u);
  refused(opening, wire::Reject::kUnacceptable);
  const std::vector<std::string> notices = take_notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("MSS"), std::string::npos);
}

// --- repeats: trap 5

TEST_F(SessionDeskTest, ARepeatedConclusionOpensNothingTwice) {
  for (const Caller& caller : {publisher("live/main"), viewer("live/main")}) {
    const command::OpenSession opening = let_in(caller);
    call(caller);
    EXPECT_TRUE(take_commands().empty());
    opened(opening, 9);
    wait(millis(250));
    call(caller);
    EXPECT_TRUE(take_commands().empty());
  }
}

TEST_F(SessionDeskTest, ALateCopyDoesNotBringASessionBack) {
  const Caller caller = viewer("live/main");
  closed(let_in(caller));
  wait(kRepeatSpan - millis(1));
  call(caller);
  EXPECT_TRUE(take_commands().empty());
  wait(millis(1));
  EXPECT_EQ(desk().next_deadline(), Instant::never());
  call(caller);
  EXPECT_TRUE(take<command::OpenSession>());
}

TEST_F(SessionDeskTest, ARefusedCallerMayTryAgain) {
  const Caller caller = viewer("live/main");
  refused(let_in(caller));
  EXPECT_EQ(rejection_of(caller), 0);
}

TEST_F(SessionDeskTest, AnotherPortSocketOrIsnIsAnotherCaller) {
  Caller port = viewer("live/main"), socket = port, isn = port;
  port.port = 5'001;
  socket.socket = 78;
  isn.first_seq = 1'001;
  std::vector<RequestId> seen{let_in(viewer("live/main")).request};
  for (const Caller& caller : {port, socket, isn}) {
    const RequestId request = let_in(caller).request;
    EXPECT_GT(request, seen.back());
    seen.push_back(request);
  }
}

TEST_F(SessionDeskTest, KickClosesThatSession) {
  opened(let_in(viewer("live/main")), 4'242);
  let_in(viewer("live/main", 78));  // Not open yet: it has no socket ID.
  EXPECT_EQ(desk().kick(SocketId{4'243}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(desk().kick(SocketId{}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(desk().kick(SocketId{4'242}));
  const auto closing = take<command::CloseSession>();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->socket, SocketId{4'242});
  EXPECT_EQ(closing->reason, CloseReason::kKicked);
}

TEST_F(SessionDeskTest, AKickedPublishersPlaceIsFreeAtOnce) {
  const command::OpenSession first = let_in(publisher("live/main", 1));
  opened(first, 4'242);
  EXPECT_TRUE(desk().kick(SocketId{4'242}));
  take_commands();
  const command::OpenSession second = let_in(publisher("live/main", 2));
  EXPECT_TRUE(desk().kick(SocketId{4'242}));  // Once more, and its end: neither frees the second's place.
  closed(first, CloseReason::kKicked);
  take_commands();
  EXPECT_EQ(rejection_of(publisher("live/main", 3)), 2409);
  EXPECT_EQ(let_in(viewer("live/main")).stream, second.stream);
}

TEST_F(SessionDeskTest, AReportHasFiguresAndNamesAndNoPassphrase) {
  StreamRule guarded = rule("live/main");
  guarded.publish_passphrase = kPassphrase;
  begin({guarded});
  Caller source = publisher("live/main");
  source.key_message = KeyMaterial{}.bytes();
  source.capabilities.srt_version = 0x0001'0404;
  const command::OpenSession opening = let_in(source);

  const std::uint64_t ticket = desk().ask_report(SocketId{});
  const auto asking = take<command::AskReport>();
  ASSERT_TRUE(asking);
  EXPECT_EQ(asking->ticket, ticket);
  event::SessionReport session;
  session.ticket = ticket;
  session.request = opening.request;
  session.stats.packets_received = 41;
  desk().handle_event(now_, session);
  event::StreamReport stream;
  stream.ticket = ticket;
  stream.stream = opening.stream;
  stream.viewers = 7;
  desk().handle_event(now_, stream);
  EXPECT_FALSE(desk().take_report(ticket));
  desk().handle_event(now_, event::ReportEnd{ticket});

  const auto report = desk().take_report(ticket);
  ASSERT_TRUE(report && report->sessions.size() == 1 && report->streams.size() == 1);
  EXPECT_EQ(report->sessions[0].stream, "live/main");
  EXPECT_EQ(report->sessions[0].user, "ann");
  EXPECT_EQ(report->sessions[0].agent, "1.4.4");
  EXPECT_TRUE(report->sessions[0].is_encrypted);
  EXPECT_EQ(report->sessions[0].report.stats.packets_received, 41u);
  EXPECT_EQ(report->streams[0].name, "live/main");
  EXPECT_EQ(report->streams[0].report.viewers, 7u);
  EXPECT_TRUE(report->streams[0].has_publish_passphrase);
  EXPECT_FALSE(report->streams[0].has_view_passphrase);
  EXPECT_TRUE(report->streams[0].rule.publish_passphrase.empty());
  EXPECT_FALSE(desk().take_report(ticket));
}

TEST_F(SessionDeskTest, ReportsNobodyTakesGiveWay) {
  const std::uint64_t first = desk().ask_report(SocketId{});
  for (std::size_t i = 0; i < ReportDesk::kHeldMax; ++i)
    desk().handle_event(now_, event::ReportEnd{desk().ask_report({})});
  desk().handle_event(now_, event::ReportEnd{first});
  EXPECT_FALSE(desk().take_report(first));
  EXPECT_TRUE(desk().take_report(first + 1));
}

TEST_F(SessionDeskTest, StopIsSaidOnceAndNobodyIsLetInAfter) {
  desk().stop();
  desk().stop();
  EXPECT_TRUE(take<command::Stop>());
  EXPECT_EQ(rejection_of(viewer("live/main")), 1007);
  EXPECT_EQ(desk().add_stream(rule("b")).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(desk().is_stopped());
  desk().handle_event(now_, event::Stopped{});
  EXPECT_TRUE(desk().is_stopped());
}

TEST_F(SessionDeskTest, EventsAboutStrangersChangeNothing) {
  command::OpenSession unknown;
  unknown.request = RequestId{77};
  opened(unknown, 3);
  closed(unknown);
  refused(unknown);
  desk().handle_event(now_, event::SessionReport{});
  desk().handle_event(now_, event::StreamReport{});
  desk().handle_event(now_, event::KeysInstalled{});
  desk().handle_event(now_, Event{});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_TRUE(take_notices().empty());
}

TEST_F(SessionDeskTest, NoticesSayWhoAndWhy) {
  const command::OpenSession opening = let_in(viewer("live/main"));
  opened(opening, 3);
  rejection_of(viewer("live/other", 4));
  closed(opening, CloseReason::kPeerIdle);
  const std::vector<std::string> notices = take_notices();
  ASSERT_EQ(notices.size(), 3u);
  EXPECT_EQ(notices[0], "viewer 192.0.2.9:5000 of live/main joined, SRT 1.5.1");
  EXPECT_EQ(notices[1].find("192.0.2.9:5000 rejected as viewer of live/other: "), 0u);
  EXPECT_NE(notices[1].find("(2404)"), std::string::npos);
  EXPECT_EQ(notices[2], "viewer 192.0.2.9:5000 of live/main left: peer silent for 5 s");
}

}  // namespace
}  // namespace fanlight::control
