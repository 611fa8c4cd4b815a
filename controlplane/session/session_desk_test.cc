// Admission, repeats, streams and rules: the desk against a worker played by the test.
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

TEST_F(SessionDeskTest, MssIsAskedOfViewersOnly) {
  Caller narrow = viewer("live/main");
  narrow.mss = 1'359;
  EXPECT_EQ(rejection_of(narrow), 2406);
  narrow.mss = 1'360;
  EXPECT_EQ(rejection_of(narrow), 0);
  Caller source = publisher("live/main");
  source.mss = 576;
  EXPECT_EQ(rejection_of(source), 0);
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
  call(caller);
  EXPECT_TRUE(take<command::OpenSession>());
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

// --- patterns

class PatternTest : public DeskTest {
 protected:
  void SetUp() override { begin({rule("live/main"), rule("live/*")}); }
  command::OpenSession begin_stream() {
    call(publisher("live/x"));
    std::vector<Command> commands = take_commands();
    EXPECT_EQ(commands.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<command::AddStream>(commands[0]));
    auto* opening = find<command::OpenSession>(commands);
    EXPECT_NE(opening, nullptr);
    return std::move(*opening);
  }
  void retired(StreamIndex index) {
    desk().handle_event(now_, event::StreamRetired{index, *streams_.out.rbegin()});
    --held_;
  }
};

TEST_F(PatternTest, APublisherBringsItsStreamAndViewersMayCome) {
  EXPECT_EQ(rejection_of(viewer("live/x")), 2404);
  const command::OpenSession opening = begin_stream();
  EXPECT_EQ(opening.stream, StreamIndex{1});
  EXPECT_EQ(let_in(viewer("live/x")).stream, StreamIndex{1});
  EXPECT_EQ(rejection_of(publisher("live/x", 5)), 2409);
  EXPECT_EQ(rejection_of(publisher("other/x", 5)), 2404);
}

TEST_F(PatternTest, TheFirstPatternCountsAndExactNamesGoFirst) {
  StreamRule first = rule("live/*"), second = rule("*"), exact = rule("live/main");
  first.latency = millis(300);
  second.latency = millis(400);
  exact.latency = millis(500);
  begin({second, exact, first});
  EXPECT_EQ(let_in(publisher("live/x", 1)).receive_latency, millis(400));
  EXPECT_EQ(let_in(publisher("live/main", 2)).receive_latency, millis(500));
  begin({first, second, exact});
  EXPECT_EQ(let_in(publisher("live/x", 3)).receive_latency, millis(300));
}

TEST_F(PatternTest, APatternCoversLongerNamesOnly) {
  EXPECT_TRUE(covers("live/*", "live/a/b"));
  EXPECT_TRUE(covers("*", "a"));
  EXPECT_FALSE(covers("live/*", "live/"));
  EXPECT_FALSE(covers("live/*", "live"));
  EXPECT_FALSE(covers("live/*", "other/a"));
}

TEST_F(PatternTest, NoMemoryForAStreamIsNoResource) {
  streams_.is_dry = true;
  EXPECT_EQ(rejection_of(publisher("live/x")), 1003);
  streams_.is_dry = false;
  EXPECT_EQ(rejection_of(publisher("live/x")), 0);
}

TEST_F(PatternTest, NoMoreThanTheTableHolds) {
  for (std::uint32_t i = 1; i < kStreamsMax; ++i) ASSERT_EQ(rejection_of(publisher("live/" + std::to_string(i), i)), 0);
  EXPECT_EQ(rejection_of(publisher("live/x", 5'000)), 1003);
}

TEST_F(PatternTest, TheStreamLingersForItsPublisherThenEnds) {
  closed(begin_stream());
  EXPECT_EQ(rejection_of(viewer("live/x")), 2404);
  wait(kLinger - millis(1));
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(desk().next_deadline(), now_ + millis(1));
  wait(millis(1));
  const auto removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, StreamIndex{1});
  wait(kLinger);
  EXPECT_TRUE(take_commands().empty());
  retired(StreamIndex{1});
  EXPECT_EQ(streams_.out.size(), held_);
}

TEST_F(PatternTest, APublisherThatComesBackKeepsTheStream) {
  const command::OpenSession first = begin_stream();
  const command::OpenSession watching = let_in(viewer("live/x"));
  closed(first);
  wait(kLinger - millis(1));
  call(publisher("live/x", 5));
  const auto second = take<command::OpenSession>();  // And no AddStream.
  ASSERT_TRUE(second);
  EXPECT_EQ(second->stream, first.stream);
  wait(kLinger);
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(PatternTest, ViewersThatStayEndWithTheStream) {
  const command::OpenSession first = begin_stream();
  const command::OpenSession watching = let_in(viewer("live/x"));
  closed(first);
  wait(kLinger);
  EXPECT_TRUE(take<command::RemoveStream>());
  closed(watching, CloseReason::kStreamEnded);
  retired(first.stream);
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(PatternTest, ANameBeginsAnewWhileTheOldStreamRetires) {
  const command::OpenSession first = begin_stream();
  closed(first);
  wait(kLinger);
  EXPECT_TRUE(take<command::RemoveStream>());
  EXPECT_EQ(rejection_of(viewer("live/x")), 2404);
  const command::OpenSession second = begin_stream();
  EXPECT_EQ(second.stream, StreamIndex{2});
  retired(first.stream);
  EXPECT_EQ(let_in(viewer("live/x", 5)).stream, second.stream);
}

TEST_F(PatternTest, APublisherThatNeverSpokeLeavesNoStreamBehind) {
  closed(begin_stream(), CloseReason::kConnectTimeout);
  EXPECT_TRUE(take<command::RemoveStream>());
  retired(StreamIndex{1});
  wait(kRepeatSpan);
  refused(begin_stream());
  EXPECT_TRUE(take<command::RemoveStream>());
}

// --- reload and the operator

TEST_F(PatternTest, ReloadAddsRulesAndChangesThoseThatRun) {
  StreamRule main = rule("live/main");
  main.latency = millis(700);
  main.view_passphrase = kPassphrase;
  const command::OpenSession before = let_in(publisher("live/main"));
  desk().reload({main, rule("live/new"), rule("live/*")});

  std::vector<Command> commands = take_commands();
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(std::get<command::AddStream>(commands[0]).index, StreamIndex{1});
  EXPECT_EQ(rejection_of(viewer("live/main")), 1011);
  EXPECT_EQ(rejection_of(publisher("live/main", 4)), 2409);
  closed(before);
  EXPECT_EQ(let_in(publisher("live/main", 5)).receive_latency, millis(700));
}

TEST_F(PatternTest, ARunningStreamKeepsWhatItsHistoryWasMadeFor) {
  take_notices();
  StreamRule main = rule("live/main");
  main.latency_max = seconds(9);
  main.bitrate_bits_max = 1;
  desk().reload({main});
  const std::vector<std::string> notices = take_notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("re-added"), std::string::npos);
  Caller greedy = publisher("live/main");
  greedy.capabilities.sender_delay_ms = 60'000;
  EXPECT_EQ(let_in(greedy).receive_latency, seconds(5));
}

TEST_F(PatternTest, ARemovedRuleEndsAtOnceOrWithItsLastSession) {
  begin({rule("idle"), rule("busy")});
  const command::OpenSession source = let_in(publisher("busy"));
  const command::OpenSession watching = let_in(viewer("busy"));
  desk().reload({});
  auto removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, StreamIndex{0});

  EXPECT_EQ(rejection_of(viewer("busy", 5)), 2404);
  closed(source);
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(rejection_of(publisher("busy", 6)), 2404);
  closed(watching);
  removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, StreamIndex{1});
}

TEST_F(PatternTest, ARemovedRuleThatComesBackIsAsBefore) {
  begin({rule("busy")});
  const command::OpenSession source = let_in(publisher("busy"));
  desk().reload({});
  desk().reload({rule("busy")});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(let_in(viewer("busy")).stream, source.stream);
  closed(source);
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(PatternTest, ARemovedPatternLetsItsStreamsEndWithTheirSessions) {
  const command::OpenSession source = begin_stream();
  desk().reload({rule("live/main")});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(rejection_of(viewer("live/x")), 2404);
  closed(source);
  EXPECT_TRUE(take<command::RemoveStream>());
}

TEST_F(PatternTest, AChangedPatternReachesTheStreamsBornUnderIt) {
  begin_stream();
  StreamRule secret = rule("live/*");
  secret.view_passphrase = kPassphrase;
  desk().reload({rule("live/main"), secret});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(rejection_of(viewer("live/x")), 1011);
}

TEST_F(PatternTest, AStreamBornUnderAPatternMayBecomeConfigured) {
  closed(begin_stream());
  EXPECT_TRUE(desk().add_stream(rule("live/x")));
  wait(kLinger);
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(rejection_of(viewer("live/x")), 0);
}

TEST_F(PatternTest, AddStreamSaysWhyNot) {
  EXPECT_EQ(desk().add_stream(rule("live/main")).error().code, ErrorCode::kInUse);
  EXPECT_EQ(desk().add_stream(rule("live/*")).error().code, ErrorCode::kInUse);
  EXPECT_EQ(desk().add_stream(rule("a//b")).error().code, ErrorCode::kInvalid);
  streams_.is_dry = true;
  EXPECT_EQ(desk().add_stream(rule("b")).error().code, ErrorCode::kNoMemory);
  streams_.is_dry = false;
  EXPECT_TRUE(desk().add_stream(rule("b")));
  EXPECT_TRUE(take<command::AddStream>());
  EXPECT_EQ(rejection_of(viewer("b")), 0);
}

TEST_F(PatternTest, RemoveStreamEndsItNow) {
  const command::OpenSession source = let_in(publisher("live/main"));
  EXPECT_TRUE(desk().remove_stream("live/main"));
  const auto removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, source.stream);
  EXPECT_EQ(desk().remove_stream("live/main").error().code, ErrorCode::kNotFound);
  closed(source, CloseReason::kStreamEnded);
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(PatternTest, AStreamIsRemovedOnce) {
  const command::OpenSession source = begin_stream();
  EXPECT_TRUE(desk().remove_stream("live/x"));
  EXPECT_TRUE(take<command::RemoveStream>());
  closed(source, CloseReason::kConnectTimeout);
  EXPECT_TRUE(take_commands().empty());
  EXPECT_LE(desk().next_deadline(), now_ + kRepeatSpan);
  wait(kRepeatSpan);
  EXPECT_EQ(desk().next_deadline(), Instant::never());
}

TEST_F(PatternTest, RemovingAPatternTakesItsStreamsButNotItsNeighbours) {
  const command::OpenSession source = begin_stream();
  EXPECT_TRUE(desk().remove_stream("live/*"));
  const auto removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, source.stream);
  EXPECT_EQ(rejection_of(publisher("live/y", 5)), 2404);
  EXPECT_EQ(rejection_of(viewer("live/main")), 0);
  EXPECT_EQ(desk().remove_stream("live/*").error().code, ErrorCode::kNotFound);
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
