// Patterns, reloads and the operator's wishes for streams: the desk against a worker played by the test.
#include "session/desk_fixture.h"
#include "session/session_desk.h"

namespace fanlight::control {
namespace {

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
  EXPECT_FALSE(covers("live*", "live"));
  EXPECT_TRUE(covers("live", "live"));
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

TEST_F(PatternTest, AStreamThatNobodyWatchesEndsWithItsPublisher) {
  const command::OpenSession first = begin_stream();
  closed(first);
  EXPECT_TRUE(take<command::RemoveStream>());
  retired(first.stream);
  EXPECT_EQ(streams_.out.size(), held_);
}

TEST_F(PatternTest, ALingeringStreamEndsWithItsLastViewer) {
  const command::OpenSession first = begin_stream();
  const command::OpenSession watching = let_in(viewer("live/x"));
  closed(first);
  EXPECT_TRUE(take_commands().empty());
  closed(watching);
  EXPECT_TRUE(take<command::RemoveStream>());
}

TEST_F(PatternTest, TheStreamLingersForItsPublisherThenEnds) {
  const command::OpenSession first = begin_stream();
  const command::OpenSession watching = let_in(viewer("live/x"));
  closed(first);
  EXPECT_EQ(rejection_of(viewer("live/x", 78)), 2404);
  wait(kLinger - millis(1));
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(desk().next_deadline(), now_ + millis(1));
  wait(millis(1));
  const auto removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, StreamIndex{1});
  wait(kLinger);
  EXPECT_TRUE(take_commands().empty());
  closed(watching, CloseReason::kStreamEnded);
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

TEST_F(PatternTest, AConfiguredStreamMayComeUnderAPattern) {
  StreamRule all = rule("live/*");
  all.latency = millis(300);
  const command::OpenSession source = let_in(publisher("live/main"));
  desk().reload({all});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(let_in(viewer("live/main")).stream, source.stream);
  closed(source);
  call(publisher("live/main", 5));
  const auto again = take<command::OpenSession>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->receive_latency, millis(300));
  closed(*again);
  wait(kLinger);
  EXPECT_TRUE(take<command::RemoveStream>()) << "as any stream of a pattern";
}

TEST_F(PatternTest, AnIdleStreamUnderAPatternLingersThenEnds) {
  desk().reload({rule("live/*")});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(rejection_of(viewer("live/main")), 2404);
  wait(kLinger);
  EXPECT_TRUE(take<command::RemoveStream>());
}

TEST_F(PatternTest, AReloadDoesNotProlongALinger) {
  closed(begin_stream());
  wait(kLinger - millis(1));
  desk().reload({rule("live/main"), rule("live/*")});
  wait(millis(1));
  EXPECT_TRUE(take<command::RemoveStream>());
}

TEST_F(PatternTest, ARemovedStreamComesBackUnderAPattern) {
  const command::OpenSession source = let_in(publisher("live/main"));
  desk().reload({});
  EXPECT_EQ(rejection_of(viewer("live/main")), 2404);
  desk().reload({rule("live/*")});
  EXPECT_EQ(let_in(viewer("live/main")).stream, source.stream);
}

TEST_F(PatternTest, AStreamBornUnderAPatternMayBecomeConfigured) {
  const command::OpenSession first = begin_stream();
  let_in(viewer("live/x", 78));
  closed(first);
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

TEST_F(PatternTest, AStreamLingersForAKickedPublisher) {
  const command::OpenSession first = begin_stream();
  let_in(viewer("live/x"));
  opened(first, 4'242);
  now_ = now_ + seconds(60);  // Nothing happened for longer than a stream lingers.
  EXPECT_TRUE(desk().kick(SocketId{4'242}));
  EXPECT_TRUE(take<command::CloseSession>());
  wait({});
  EXPECT_TRUE(take_commands().empty());
  closed(first, CloseReason::kKicked);
  wait(kLinger - millis(1));
  EXPECT_TRUE(take_commands().empty());
  wait(millis(1));
  EXPECT_TRUE(take<command::RemoveStream>());
}

TEST_F(PatternTest, AKickedPublishersEndDoesNotEndItsSuccessorsStream) {
  const command::OpenSession first = begin_stream();
  opened(first, 4'242);
  EXPECT_TRUE(desk().kick(SocketId{4'242}));
  take_commands();
  EXPECT_EQ(let_in(publisher("live/x", 5)).stream, first.stream);
  closed(first, CloseReason::kKicked);
  wait(kLinger);
  EXPECT_TRUE(take_commands().empty());
}

// A pattern's memory in the hands of one site's publishers that nobody has heard yet.
class CrowdedPatternTest : public DeskTest {
 protected:
  static Caller stranger(int number) {
    Caller caller = publisher("live/x" + std::to_string(number), 100 + static_cast<std::uint32_t>(number));
    caller.address = IpAddress::v4(10, 231, 1, 1);
    return caller;
  }
  CrowdedPatternTest() {
    begin({rule("live/*")});
    for (int i = 0; i < 4; ++i) {
      opened(crowd_.emplace_back(let_in(stranger(i))), 11 + static_cast<std::uint32_t>(i));
      wait(millis(10));
    }
    streams_.is_dry = true;
  }
  std::vector<command::OpenSession> crowd_;
};

TEST_F(CrowdedPatternTest, OneOfThemGivesWayToAnotherSite) {
  call(publisher("live/honest"));
  std::vector<Command> commands = take_commands();
  EXPECT_EQ(find<command::SendReply>(commands), nullptr) << "it calls again";
  const auto* closing = find<command::CloseSession>(commands);
  ASSERT_NE(closing, nullptr);
  EXPECT_EQ(closing->socket, SocketId{11});
  EXPECT_EQ(closing->reason, CloseReason::kDisplaced);
  closed(crowd_[0], CloseReason::kDisplaced);
  streams_.is_dry = false;
  EXPECT_EQ(rejection_of(stranger(5)), 2402) << "not into the place it was moved from";
  EXPECT_EQ(rejection_of(publisher("live/honest")), 0);
  wait(seconds(1));
  EXPECT_EQ(rejection_of(stranger(6)), 0);
}

TEST_F(CrowdedPatternTest, NobodyGivesWayToItsOwnSiteAndNobodyWhoHasStayed) {
  EXPECT_EQ(rejection_of(stranger(5)), 1003);
  wait(seconds(3));
  EXPECT_EQ(rejection_of(publisher("live/honest")), 1003);
}

}  // namespace
}  // namespace fanlight::control
