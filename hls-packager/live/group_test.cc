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
    if (one.is_silent) return;
    one.stream.handle(bytes, now(), wall());
    take(i);
  }
  void take(std::size_t i) {
    const auto fresh = members_[i].stream.poll();
    if (!fresh) return;
    const auto snapshot = group_.take(i, fresh, now(), wall());
    for (std::size_t other = 0; other < members_.size(); ++other)
      if (other != i) members_[other].stream.tell_of_others(group_.others_of(other));
    if (snapshot) audience_.look(snapshot);
  }
  [[nodiscard]] Instant now() const { return kStart + Micros{ticks_ * 100 / 9}; }
  [[nodiscard]] WallTime wall() const { return kWallStart + Micros{ticks_ * 100 / 9}; }
  [[nodiscard]] std::string multivariant() const { return text_of(audience_.last().multivariant); }
  [[nodiscard]] const ReadPlaylist& of(const std::string& folder) { return audience_.of(folder).newest(); }

  std::deque<Member> members_;
  StreamGroup group_{"live/main"};
  Audience audience_;
  std::int64_t ticks_ = 0;
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

TEST_F(GroupTest, OneThatWasAwayAloneIsLeftOut) {
  add({});
  add({});
  play(seconds(8));
  members_[1].stream.handle_source_lost(now());
  take(1);
  members_[1].is_silent = true;
  play(seconds(3));
  members_[1].is_silent = false;
  play(seconds(8));
  EXPECT_FALSE(group_.members()[1].disagrees.empty());
  EXPECT_EQ(count_of(multivariant(), "#EXT-X-STREAM-INF"), 1u);
}

}  // namespace
}  // namespace fanlight::packager
