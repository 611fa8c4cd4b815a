// Streams of one content, whose encoders are aligned or not, as one presentation. H-63
#include "live/group.h"

#include <gtest/gtest.h>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class GroupTest : public testing::Test {
 protected:
  struct Member {
    Publisher publisher;
    LiveStream stream;
    std::int64_t begins = 0;  // Ticks of our time.
    bool is_silent = false;
    std::vector<Bytes> sent{};  // While it was silent.
  };

  void add(const Publisher::Options& options, Micros begins = {}) {
    const auto number = static_cast<unsigned>(members_.size());
    members_.push_back({Publisher(options), LiveStream({.window = seconds(12), .member = number, .members = 2}),
                        begins.count * 9 / 100});
    group_.add(members_.back().stream, number == 0 ? "high" : "low");
  }
  void play(Micros span) {
    const std::int64_t until = ticks_ + span.count * 9 / 100;
    for (;;) {
      std::int64_t soonest = until;
      std::size_t next = 0;
      for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::int64_t at = members_[i].begins + next_of(members_[i]);
        if (at < soonest) soonest = at, next = i;
      }
      if (soonest >= until) break;
      ticks_ = soonest;
      feed(next);
    }
    ticks_ = until;
  }
  static std::int64_t next_of(const Member& one) {
    const bool has_sound = one.publisher.options().has_sound;
    return has_sound ? std::min(one.publisher.pictures_at(), one.publisher.sound_at()) : one.publisher.pictures_at();
  }
  void feed(std::size_t i) {
    Member& one = members_[i];
    const bool is_picture = one.publisher.pictures_at() == next_of(one);
    const Bytes bytes = is_picture ? one.publisher.picture() : one.publisher.sound();
    if (one.is_silent) return one.sent.push_back(bytes);
    one.stream.handle(bytes, now(), wall());
    take(i);
  }
  void take(std::size_t i) {
    const auto fresh = members_[i].stream.poll();
    if (!fresh) return;
    const auto snapshot = group_.take(i, fresh, now(), wall());
    for (std::size_t one = 0; one < members_.size(); ++one)
      members_[one].stream.tell_of_others(group_.others_of(one), group_.place_for(one));
    if (snapshot) audience_.look(snapshot);
  }
  void lose(std::size_t i) {
    members_[i].stream.handle_source_lost(now());
    take(i);
    members_[i].is_silent = true;
  }
  void bring_back(std::size_t i) {
    members_[i].is_silent = false;
    members_[i].stream.handle_source_returned(now());
  }
  // Its clock goes on while it is away.
  void lose(std::size_t i, Micros span) {
    lose(i);
    play(span);
    bring_back(i);
  }
  // What it has sent meanwhile comes at once.
  void let_go(std::size_t i) {
    bring_back(i);
    for (const Bytes& bytes : std::exchange(members_[i].sent, {})) {
      members_[i].stream.handle(bytes, now(), wall());
      take(i);
    }
  }
  // It comes at twice its speed.
  void catch_up(std::size_t i) {
    Member& one = members_[i];
    one.stream.handle_source_returned(now());
    std::size_t given = 0;
    for (std::size_t had = one.sent.size(); given < one.sent.size(); had = one.sent.size()) {
      play(millis(100));
      for (std::size_t due = 2 * (one.sent.size() - had); due > 0 && given < one.sent.size(); --due) {
        one.stream.handle(one.sent[given++], now(), wall());
        take(i);
      }
    }
    one.is_silent = false;
  }
  void expect_in_step(const std::string& high = "v0", const std::string& low = "v1");
  [[nodiscard]] Instant now() const { return kStart + Micros{ticks_ * 100 / 9}; }
  [[nodiscard]] WallTime wall() const { return kWallStart + Micros{ticks_ * 100 / 9} + wall_set_; }
  [[nodiscard]] std::string multivariant() const { return text_of(audience_.last().multivariant); }
  [[nodiscard]] const ReadPlaylist& of(const std::string& folder) { return audience_.of(folder).newest(); }

  std::deque<Member> members_;
  StreamGroup group_{"live/main"};
  Audience audience_;
  std::int64_t ticks_ = 0;
  Micros wall_set_{};  // Somebody has set the host's clock ahead by it.
};

TEST_F(GroupTest, AlignedStreamsAreVariantsOfOnePresentation) {
  add({});
  add({.has_sound = false});
  play(seconds(8));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u);
  EXPECT_EQ(count_of(multivariant(), "TYPE=AUDIO"), 1u);
  EXPECT_NE(multivariant().find("\nv0/index.m3u8\n"), std::string::npos);
  EXPECT_NE(multivariant().find("\nv1/index.m3u8\n"), std::string::npos);
  EXPECT_EQ(of("v0").media_sequence, of("v1").media_sequence);
  EXPECT_EQ(of("v0").segments.back().date, of("v1").segments.back().date);
  // The clock began at 10 s, media time 10 s before that.
  EXPECT_EQ(of("v0").media_sequence, 20u);
}

TEST_F(GroupTest, WhoJoinsLaterNumbersItsSegmentsAlike) {
  add({});
  add({.first = 900'000 + 3 * 90'000}, seconds(3));
  play(seconds(12));
  EXPECT_EQ(of("v0").media_sequence, 20u);
  EXPECT_EQ(of("v1").media_sequence, 23u);
  const auto& same = of("v0").segments;
  ASSERT_FALSE(of("v1").segments.empty());
  const ReadSegment& one = of("v1").segments.front();
  const auto at = std::ranges::find(same, one.msn, &ReadSegment::msn);
  ASSERT_NE(at, same.end());
  EXPECT_EQ(at->date, one.date);
  EXPECT_TRUE(group_.members()[1].disagrees.empty()) << group_.members()[1].disagrees;
}

TEST_F(GroupTest, AllAreWaitedForAtFirst) {
  add({});
  add({}, seconds(30));
  play(seconds(12));
  EXPECT_FALSE(audience_.has_seen_any());
  play(seconds(3));
  ASSERT_TRUE(audience_.has_seen_any());
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
}

TEST_F(GroupTest, EachReportsTheOthers) {  // H-18
  add({});
  add({.has_sound = false});
  play(seconds(8));
  for (const char* folder : {"v0", "v1", "a0"})
    EXPECT_EQ(std::ranges::count_if(
                  of(folder).tail, [](const std::string& line) { return line.starts_with("#EXT-X-RENDITION-REPORT"); }),
              2)
        << folder;
}

TEST_F(GroupTest, InTheMpdTheyAreOneSet) {
  add({});
  add({});
  play(seconds(8));
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<AdaptationSet"), 2u) << text;
  EXPECT_EQ(count_of(text, "<Representation id=\"v"), 2u);
  EXPECT_EQ(count_of(text, "presentationTimeOffset=\"1800000\""), 2u);
}

TEST_F(GroupTest, InTheMpdTheEndIsThatOfAll) {  // D-10
  add({});
  add({});
  play(seconds(8));
  for (Member& one : members_) one.stream.handle_source_lost(now());
  for (std::size_t i = 0; i < members_.size(); ++i) take(i);
  EXPECT_EQ(count_of(text_of(audience_.last().mpd), "type=\"dynamic\""), 1u);
  members_[0].stream.handle_timeout(now() + seconds(11));
  take(0);
  EXPECT_EQ(count_of(text_of(audience_.last().mpd), "type=\"dynamic\""), 1u) << "one is there";
  members_[1].stream.handle_timeout(now() + seconds(11));
  take(1);
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "type=\"static\""), 1u) << text;
  EXPECT_EQ(count_of(text, "<Representation "), 3u) << text;
}

TEST_F(GroupTest, InTheMpdTheEndIsWithoutWhoWasLeftOut) {  // D-10
  add({});
  add({});
  play(seconds(8));
  members_[1].publisher.options().first += 45'000;
  play(seconds(8));
  ASSERT_FALSE(group_.members()[1].disagrees.empty());
  for (const std::size_t i : {1u, 0u}) {
    members_[i].stream.handle_source_lost(now());
    members_[i].stream.handle_timeout(now() + seconds(11));
    take(i);
  }
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "type=\"static\""), 1u) << text;
  EXPECT_EQ(count_of(text, "<Representation "), 2u) << text;
}

TEST_F(GroupTest, SoundIsTheFirstStreams) {
  add({});
  add({});
  play(seconds(8));
  EXPECT_FALSE(audience_.knows("a1"));
  EXPECT_EQ(audience_.last().renditions.size(), 3u);
}

TEST_F(GroupTest, PicturesCutElsewhereAreLeftOutAndWhyIsSaid) {
  add({});
  add({.first = 900'000 + 45'000});
  play(seconds(16));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_NE(group_.members()[1].disagrees.find("begins 500 ms from the first's"), std::string::npos)
      << group_.members()[1].disagrees;
}

TEST_F(GroupTest, AnotherClockIsLeftOutAndWhyIsSaid) {
  add({});
  add({.first = 900'000 + 500 * 90'000});
  play(seconds(16));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_NE(group_.members()[1].disagrees.find("their clocks are not one"), std::string::npos);
}

TEST_F(GroupTest, AClockThatJumpsInAllGoesOnInAll) {
  add({});
  add({});
  play(seconds(8));
  for (Member& one : members_) one.publisher.options().first += 500 * 90'000;
  play(seconds(6));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u) << group_.members()[1].disagrees;
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
}

TEST_F(GroupTest, AClockOfTheHostThatIsSetIsADiscontinuityOfAll) {  // H-84
  add({});
  add({});
  play(millis(8'300));
  wall_set_ = seconds(30);
  play(seconds(6));
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u) << group_.members()[1].disagrees;
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  expect_in_step();
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<Period "), 2u) << text;
}

// The same numbers, at the same times, with the same discontinuities before them.
void GroupTest::expect_in_step(const std::string& high, const std::string& low) {
  const auto sequence = [](const ReadPlaylist& read) {
    return std::stoull(line_with(read.head, "#EXT-X-DISCONTINUITY-SEQUENCE:").substr(30));
  };
  const ReadPlaylist &one = of(high), &other = of(low);
  std::uint64_t discontinuities = sequence(other);
  std::size_t compared = 0;
  for (const ReadSegment& segment : other.segments) {
    discontinuities += segment.is_discontinuous ? 1 : 0;
    const auto same = std::ranges::find(one.segments, segment.msn, &ReadSegment::msn);
    if (same == one.segments.end() || segment.is_gap || same->is_gap) continue;
    ++compared;
    EXPECT_EQ(same->date, segment.date) << segment.msn;
    std::uint64_t theirs = sequence(one);
    for (auto at = one.segments.begin(); at <= same; ++at) theirs += at->is_discontinuous ? 1 : 0;
    EXPECT_EQ(theirs, discontinuities) << segment.msn;
  }
  EXPECT_GT(compared, 2u);
}

TEST_F(GroupTest, OneThatWasAwayAloneIsLeftOutUntilThereIsEnoughOfItInStep) {  // H-63
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(millis(3'200));
  EXPECT_EQ(group_.members()[1].disagrees, "it is away");
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_EQ(count_of(text_of(audience_.last().mpd), "<Representation id=\"v"), 1u);
  bring_back(1);
  play(seconds(2));
  EXPECT_EQ(group_.members()[1].disagrees, "it has just come back");
  expect_in_step();
  play(seconds(5));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 2u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 0u);
  EXPECT_EQ(std::ranges::count_if(of("v1").segments, &ReadSegment::is_gap), 3);
  expect_in_step();
  const std::string text = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(text, "<Representation id=\"v"), 2u) << text;
  EXPECT_EQ(count_of(text, "<Period "), 1u) << text;
  EXPECT_EQ(text.find("SegmentTimeline"), std::string::npos) << text;  // D-04
}

// H-11: dates and durations agree, gaps' counted. Whether one is missing, or several; and the clock may have wrapped.
TEST_F(GroupTest, GapsAreAsLongAsWhatWasMissed) {
  for (const Micros away : {millis(300), millis(2'700), millis(4'900)}) {
    add({.first = (std::int64_t{1} << 33) - 90'000});
    add({.first = (std::int64_t{1} << 33) - 90'000});
    play(millis(8'400));
    lose(1, away);
    play(seconds(5));
    const std::vector<ReadSegment>& segments = of("v1").segments;
    const auto gap = std::ranges::find_if(segments, &ReadSegment::is_gap);
    ASSERT_NE(gap, segments.end()) << away.count;
    ASSERT_NE(gap, segments.begin());
    const auto after = std::find_if(gap, segments.end(), [](const ReadSegment& one) { return !one.is_gap; });
    ASSERT_NE(after, segments.end());
    std::int64_t length = (gap - 1)->duration_us;
    for (auto at = gap; at != after; ++at) {
      EXPECT_FALSE(at->date.empty()) << "a delta may begin with it";  // H-41
      length += at->duration_us;
    }
    EXPECT_NEAR(static_cast<double>(length), 1e6 * static_cast<double>(after->msn - (gap - 1)->msn), 1'000);
    expect_in_step();
    EXPECT_EQ(text_of(audience_.last().mpd).find("SegmentTimeline"), std::string::npos);
    members_.clear();
    group_ = StreamGroup("live/main");
    audience_ = Audience();
    ticks_ = 0;
  }
}

class HeldUpAloneTest : public GroupTest, public testing::WithParamInterface<bool> {};

// At once, or at twice its speed.
TEST_P(HeldUpAloneTest, LeavesOutWhatIsOld) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(6));
  GetParam() ? let_go(1) : catch_up(1);
  play(seconds(9));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v1").discontinuities(), 0u);
  EXPECT_LE(std::llabs((members_[1].stream.clock().newest() - wall()).count), 50'000);
  expect_in_step();
}

INSTANTIATE_TEST_SUITE_P(, HeldUpAloneTest, testing::Bool());

TEST_F(GroupTest, TheFirstComesBackWithItsSoundAsOthersDo) {
  add({});
  add({});
  play(millis(8'400));
  lose(0, millis(3'200));
  play(seconds(7));
  EXPECT_EQ(group_.members()[0].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
  EXPECT_EQ(audience_.of("a0").discontinuities(), 0u);
  EXPECT_EQ(of("v0").segments.back().msn, of("a0").segments.back().msn);
  EXPECT_EQ(count_of(multivariant(), "TYPE=AUDIO"), 1u);
  expect_in_step();
}

TEST_F(GroupTest, WhoIsAwayWhileOthersHaveADiscontinuityHasItAsWell) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(1));
  for (Member& one : members_) one.publisher.options().first += 500 * 90'000;
  play(seconds(2));
  bring_back(1);
  play(seconds(7));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  expect_in_step();
}

TEST_F(GroupTest, WhoMissesNothingElseBeginsWithTheirDiscontinuity) {
  add({});
  add({}, millis(500));
  play(seconds(9));
  members_[0].publisher.options().first += 500 * 90'000;
  play(millis(300));
  lose(1, millis(200));
  members_[1].publisher.options().first += 500 * 90'000;
  play(seconds(7));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  EXPECT_EQ(std::ranges::count_if(of("v1").segments, &ReadSegment::is_gap), 0);
  const auto theirs = std::ranges::find_if(of("v0").segments, &ReadSegment::is_discontinuous),
             its = std::ranges::find_if(of("v1").segments, &ReadSegment::is_discontinuous);
  ASSERT_TRUE(theirs != of("v0").segments.end() && its != of("v1").segments.end());
  EXPECT_EQ(theirs->msn, its->msn);
}

TEST_F(GroupTest, AllThatWereAwayGoOnBehindADiscontinuityWhoeverIsFirst) {  // H-80
  add({});
  add({});
  play(millis(8'400));
  lose(0);
  play(millis(700));
  lose(1);
  play(millis(3'200));
  bring_back(1);
  play(millis(1'500));
  bring_back(0);
  play(seconds(7));
  EXPECT_EQ(group_.members()[0].disagrees, "");
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
  expect_in_step();
}

TEST_F(GroupTest, WhoComesBackAfterItsEndBeginsOthersInStep) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(5));
  members_[1].stream.handle_timeout(now() + seconds(6));
  take(1);
  bring_back(1);
  play(seconds(9));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_NE(multivariant().find("\nv3/index.m3u8\n"), std::string::npos) << multivariant();
  EXPECT_EQ(audience_.of("v3").discontinuities(), 0u);
  expect_in_step("v0", "v3");
}

TEST_F(GroupTest, WhoComesBackWithOtherPicturesBeginsOthersInStep) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(2));
  members_[1].publisher.set_hevc(true);
  bring_back(1);
  play(seconds(9));
  EXPECT_EQ(group_.members()[1].disagrees, "");
  EXPECT_TRUE(audience_.of("v1").newest().tail.back() == "#EXT-X-ENDLIST");
  expect_in_step("v0", "v3");
}

// It is not waited for for ever that a segment begins where theirs do.
TEST_F(GroupTest, WhoComesBackCutElsewhereStaysOut) {
  add({});
  add({.has_sound = false});
  play(millis(8'400));
  lose(1);
  play(seconds(2));
  members_[1].publisher.options().gop = 31;
  bring_back(1);
  play(seconds(12));
  const std::uint64_t left_out = members_[1].stream.counts().samples_left_out;
  play(seconds(6));
  EXPECT_EQ(members_[1].stream.counts().samples_left_out, left_out);
  EXPECT_NE(group_.members()[1].disagrees, "");
}

// An encoder that was started again, with a clock of its own.
TEST_F(GroupTest, WhoComesBackWithAnotherClockStaysOut) {
  add({});
  add({});
  play(millis(8'400));
  lose(1);
  play(seconds(2));
  members_[1].publisher.options().first += 7'777 * 90'000;
  bring_back(1);
  play(seconds(9));
  EXPECT_NE(group_.members()[1].disagrees, "");
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
  EXPECT_EQ(audience_.of("v1").discontinuities(), 1u);
}

}  // namespace
}  // namespace fanlight::packager
