#include "media/timeline.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

constexpr std::int64_t kFrame = 3000, kSound = 1920;

TEST(TimelineTest, ItBeginsAtTheFirstUnitAndKeepsDistances) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  EXPECT_EQ(timeline.place(pictures, 500'000, kFrame).decode_time, kMediaStart);
  EXPECT_EQ(timeline.place(sound, 490'000, kSound).decode_time, kMediaStart - 10'000);
  EXPECT_EQ(timeline.place(pictures, 503'000, kFrame).decode_time, kMediaStart + 3000);
  EXPECT_EQ(timeline.place(pictures, 509'000, kFrame).decode_time, kMediaStart + 9000);  // One was lost.
  EXPECT_EQ(timeline.place(pictures, 512'000, kFrame).epoch, 0u);
}

TEST(TimelineTest, AJumpOfTheClockGoesOnInTheNextEpoch) {
  for (const std::int64_t jump : {std::int64_t{-400'000}, std::int64_t{400'000}, std::int64_t{1} << 32}) {
    Timeline timeline;
    Timeline::Cursor pictures, sound;
    timeline.place(pictures, 500'000, kFrame);
    timeline.place(sound, 500'500, kSound);
    const Timeline::Place after = timeline.place(pictures, 503'000 + jump, kFrame);
    EXPECT_EQ(after.decode_time, kMediaStart + 3000);
    EXPECT_EQ(after.epoch, 1u);

    const Timeline::Place still = timeline.place(sound, 502'420, kSound);  // Sound's jump is yet to come.
    EXPECT_EQ(still.decode_time, kMediaStart + 2420);
    EXPECT_EQ(still.epoch, 0u);
    const Timeline::Place also = timeline.place(sound, 504'340 + jump, kSound);
    EXPECT_EQ(also.decode_time, kMediaStart + 4340);
    EXPECT_EQ(also.epoch, 1u);
    EXPECT_EQ(timeline.place(pictures, 506'000 + jump, kFrame).decode_time, kMediaStart + 6000);
  }
}

// A file that is played again and again, and has more of one track than of the other: whichever of them jumps first.
TEST(TimelineTest, WhatOneTrackHasMoreOfTheOldClockStaysInFrontOfTheNew) {
  for (const bool is_longer_first : {false, true}) {
    Timeline timeline;
    Timeline::Cursor shorter, longer;
    for (int i = 0; i < 100; ++i) {
      timeline.place(shorter, 500'000 + i * kFrame, kFrame);
      timeline.place(longer, 500'000 + i * kFrame, kFrame);
    }
    for (int i = 100; i < 120; ++i) timeline.place(longer, 500'000 + i * kFrame, kFrame);
    Timeline::Cursor& first = is_longer_first ? longer : shorter;
    Timeline::Cursor& other = is_longer_first ? shorter : longer;
    EXPECT_EQ(timeline.place(first, 500'000, kFrame).decode_time, kMediaStart + 120 * kFrame);
    const Timeline::Place then = timeline.place(other, 500'000, kFrame);
    EXPECT_EQ(then.decode_time, kMediaStart + 120 * kFrame);
    EXPECT_EQ(then.epoch, 1u);
    EXPECT_EQ(timeline.jumps(), 1u);
    EXPECT_EQ(timeline.steps_back(), 0u);
  }
}

// Sound that is sent long before its pictures is in front of them behind a jump as well.
TEST(TimelineTest, WhatOneTrackIsAlwaysAheadMovesNoSeam) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  for (int i = 0; i < 100; ++i) {
    timeline.place(pictures, 500'000 + i * kFrame, kFrame);
    timeline.place(sound, 560'000 + i * kFrame, kFrame);
  }
  EXPECT_EQ(timeline.place(pictures, 90'000, kFrame).decode_time, kMediaStart + 100 * kFrame);
  EXPECT_EQ(timeline.place(sound, 150'000, kFrame).decode_time, kMediaStart + 60'000 + 100 * kFrame);
  EXPECT_EQ(timeline.jumps(), 1u);
}

TEST(TimelineTest, PicturesAloneMayBeSecondsApart) {
  for (const std::int64_t ticks : {100'000, 160'000, 450'000}) {
    Timeline timeline;
    Timeline::Cursor pictures;
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(timeline.place(pictures, 500'000 + i * ticks, kFrame).decode_time, kMediaStart + i * ticks);
    EXPECT_EQ(timeline.jumps(), 0u);
    timeline.place(pictures, 500'000, kFrame);
    EXPECT_EQ(timeline.jumps(), 1u);
  }
}

TEST(TimelineTest, PicturesAloneThatWereNotSoFarApartHaveJumped) {
  for (const std::int64_t ticks : {kFrame, std::int64_t{40'000}}) {
    Timeline timeline;
    Timeline::Cursor pictures;
    for (int i = 0; i < 20; ++i) timeline.place(pictures, 500'000 + i * ticks, ticks);
    EXPECT_EQ(timeline.place(pictures, 500'000 + 19 * ticks + 240'000, ticks).decode_time, kMediaStart + 20 * ticks);
    EXPECT_EQ(timeline.jumps(), 1u);
  }
}

TEST(TimelineTest, WhereAllTracksAreOthersTheirFirstUnitTellsOfAJump) {
  for (const std::int64_t jump : {std::int64_t{-400'000}, std::int64_t{400'000}, std::int64_t{0}}) {
    Timeline timeline;
    Timeline::Cursor pictures, sound, others, other_sound;
    timeline.place(pictures, 500'000, kFrame);
    timeline.place(sound, 490'000, kSound);
    timeline.handle_other_tracks();
    const Timeline::Place first = timeline.place(others, 503'000 + jump, kFrame);
    EXPECT_EQ(first.decode_time, kMediaStart + 3'000);
    EXPECT_EQ(first.epoch, jump == 0 ? 0u : 1u);
    const Timeline::Place next = timeline.place(other_sound, 491'920 + jump, kSound);
    EXPECT_EQ(next.decode_time, kMediaStart - 8'080);
    EXPECT_EQ(next.epoch, first.epoch);
  }
}

TEST(TimelineTest, TheProgramsOwnIsTheSameForAllWhoHearIt) {  // H-63
  Timeline early = Timeline::of_program(), late = Timeline::of_program();
  Timeline::Cursor one, other;
  EXPECT_EQ(early.place(one, 500'000, kFrame).decode_time, kMediaStart + 500'000);
  EXPECT_EQ(late.place(other, 503'000, kFrame).decode_time, kMediaStart + 503'000);
  EXPECT_EQ(early.place(one, 503'000, kFrame).decode_time, kMediaStart + 503'000);
}

TEST(TimelineTest, TheProgramsOwnJumpsAheadAndNeverBack) {
  Timeline timeline = Timeline::of_program();
  Timeline::Cursor pictures, sound;
  timeline.place(pictures, 500'000, kFrame);
  timeline.place(sound, 500'500, kSound);
  const Timeline::Place after = timeline.place(pictures, 903'000, kFrame);
  EXPECT_EQ(after.decode_time, kMediaStart + 903'000);
  EXPECT_EQ(after.epoch, 1u);
  const Timeline::Place still = timeline.place(sound, 502'420, kSound);
  EXPECT_EQ(still.decode_time, kMediaStart + 502'420);
  EXPECT_EQ(still.epoch, 0u);
  EXPECT_EQ(timeline.place(sound, 904'340, kSound).epoch, 1u);
  EXPECT_EQ(timeline.place(pictures, 506'000, kFrame).decode_time, kMediaStart + 906'000);  // And goes on from there.
  timeline.restart();
  Timeline::Cursor anew;
  EXPECT_EQ(timeline.place(anew, 1'500'000, kFrame).decode_time, kMediaStart + 1'500'000);
  EXPECT_EQ(timeline.place(anew, 1'503'000, kFrame).epoch, 3u);
}

TEST(TimelineTest, ATrackThatComesLateIsPlacedByTheOthers) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  for (int i = 0; i < 900; ++i) timeline.place(pictures, 500'000 + i * kFrame, kFrame);
  EXPECT_EQ(timeline.place(sound, 500'000 + 900 * kFrame, kSound).decode_time, kMediaStart + 900 * kFrame);
  EXPECT_EQ(timeline.place(sound, 500'000 + 900 * kFrame + kSound, kSound).epoch, 0u);
}

TEST(TimelineTest, AnotherSenderGoesOnBehindTheOneBefore) {
  Timeline timeline;
  Timeline::Cursor pictures;
  timeline.place(pictures, 500'000, kFrame);
  timeline.restart();
  Timeline::Cursor sound, other;
  EXPECT_EQ(timeline.place(sound, 7'000, kSound).decode_time, kMediaStart + kMediaClock);
  const Timeline::Place after = timeline.place(other, 4'000, kFrame);
  EXPECT_EQ(after.decode_time, kMediaStart + kMediaClock - 3'000);
  EXPECT_EQ(after.epoch, 1u);
}

TEST(TimelineTest, AHoleOfOneTrackIsNoJumpOfTheClock) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  timeline.place(sound, 500'000, kSound);
  for (int i = 0; i < 150; ++i) timeline.place(pictures, 500'000 + i * kFrame, kFrame);
  const Timeline::Place after = timeline.place(sound, 500'000 + 150 * kFrame, kSound);  // Five seconds later.
  EXPECT_EQ(after.decode_time, kMediaStart + 150 * kFrame);
  EXPECT_EQ(after.epoch, 0u);
}

constexpr std::int64_t kSteps[] = {-80'000, -45'000, -9'000, 9'000, 45'000, 80'000};

TEST(TimelineTest, AnAnnouncedStepIsAJumpHoweverSmall) {  // H-82
  for (const std::int64_t step : kSteps) {
    SCOPED_TRACE(step);
    Timeline timeline;
    Timeline::Cursor pictures, sound;
    timeline.place(pictures, 500'000, kFrame);
    timeline.place(sound, 500'500, kSound);
    timeline.announce();
    EXPECT_EQ(timeline.place(pictures, 503'000, kFrame).epoch, 0u);  // Under way.
    const Timeline::Place after = timeline.place(pictures, 506'000 + step, kFrame);
    EXPECT_EQ(after.decode_time, kMediaStart + 6'000);
    EXPECT_EQ(after.epoch, 1u);
    const Timeline::Place still = timeline.place(sound, 502'420, kSound);
    EXPECT_EQ(still.decode_time, kMediaStart + 2'420);
    EXPECT_EQ(still.epoch, 0u);
    const Timeline::Place also = timeline.place(sound, 504'340 + step, kSound);
    EXPECT_EQ(also.decode_time, kMediaStart + 4'340);
    EXPECT_EQ(also.epoch, 1u);
    EXPECT_EQ(timeline.place(pictures, 509'000 + step, kFrame).decode_time, kMediaStart + 9'000);
    EXPECT_EQ(timeline.jumps(), 1u);
    EXPECT_EQ(timeline.steps_back(), 0u);
  }
}

TEST(TimelineTest, TracksThatComeOtherwiseBehindAnAnnouncementJumpOnce) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  timeline.place(pictures, 500'000, kFrame);
  timeline.place(sound, 500'500, kSound);
  timeline.announce();
  EXPECT_EQ(timeline.place(pictures, 458'000, kFrame).epoch, 1u);  // 0.5 s back, and sound is a tenth of a second late.
  EXPECT_EQ(timeline.place(sound, 466'420, kSound).epoch, 1u);
  EXPECT_EQ(timeline.place(pictures, 461'000, kFrame).epoch, 1u);
  EXPECT_EQ(timeline.place(sound, 468'340, kSound).epoch, 1u);
  EXPECT_EQ(timeline.jumps(), 1u);
}

TEST(TimelineTest, AnAnnouncementOfNothingDoesNothing) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  for (int i = 0; i < 90; ++i) {
    if (i % 3 == 0) timeline.announce();
    EXPECT_EQ(timeline.place(pictures, 500'000 + i * kFrame, kFrame).decode_time, kMediaStart + i * kFrame);
    timeline.place(sound, 500'000 + i * kFrame, kSound);
  }
  for (int i = 120; i < 150; ++i) timeline.place(pictures, 500'000 + i * kFrame, kFrame);  // One is lost for a second.
  EXPECT_EQ(timeline.jumps(), 1u);  // It was announced, and looks like one.
  for (int i = 200; i < 210; ++i) timeline.place(pictures, 500'000 + i * 2 * kFrame, kFrame);
  EXPECT_LE(timeline.jumps(), 2u);
}

TEST(TimelineTest, TheProgramsOwnFollowsAnAnnouncedStepAheadToo) {
  Timeline timeline = Timeline::of_program();
  Timeline::Cursor pictures, sound;
  timeline.place(pictures, 500'000, kFrame);
  timeline.place(sound, 500'500, kSound);
  timeline.announce();
  const Timeline::Place after = timeline.place(pictures, 548'000, kFrame);
  EXPECT_EQ(after.decode_time, kMediaStart + 548'000);
  EXPECT_EQ(after.epoch, 1u);
  EXPECT_EQ(timeline.place(sound, 502'420, kSound).epoch, 0u);
  const Timeline::Place also = timeline.place(sound, 549'340, kSound);
  EXPECT_EQ(also.decode_time, kMediaStart + 549'340);
  EXPECT_EQ(also.epoch, 1u);
  EXPECT_EQ(timeline.jumps(), 1u);
}

TEST(TimelineTest, AStepBackOfTwoTracksIsAJump) {  // H-82
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  // As tracks have it: none goes back.
  const auto place = [&](Timeline::Cursor& cursor, std::int64_t dts) {
    const std::int64_t least = cursor.expected.value_or(0) - kFrame + 1;
    timeline.place(cursor, dts, kFrame);
    cursor.expected = std::max(*cursor.expected, least + kFrame);
  };
  for (int i = 0; i < 20; ++i) {
    place(pictures, (i < 10 ? 500'000 : 455'000) + i * kFrame);
    place(sound, (i < 10 ? 500'000 : 455'000) + i * kFrame);
  }
  EXPECT_EQ(timeline.jumps(), 1u);
  EXPECT_EQ(pictures.epoch, 1u);
  EXPECT_EQ(sound.epoch, 1u);
  EXPECT_EQ(timeline.steps_back(), 2u);
}

TEST(TimelineTest, StepsBackOfTwoTracksThatHaveNothingInCommonAreNone) {
  Timeline timeline;
  Timeline::Cursor pictures, sound;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t of_pictures = i < 50 ? 0 : 45'000, of_sound = i < 150 ? 0 : 45'000;
    timeline.place(pictures, 500'000 + i * kFrame - of_pictures, kFrame);
    timeline.place(sound, 500'000 + i * kFrame - of_sound, kFrame);
  }
  EXPECT_EQ(timeline.jumps(), 0u);
  EXPECT_EQ(timeline.steps_back(), 2u);
}

TEST(TimelineTest, StepsBackThatNobodyAnnouncedAreCounted) {
  for (const std::int64_t step : kSteps) {
    SCOPED_TRACE(step);
    Timeline timeline;
    Timeline::Cursor pictures;
    for (int i = 0; i < 10; ++i) timeline.place(pictures, 500'000 + i * kFrame, kFrame);
    for (int i = 10; i < 20; ++i) timeline.place(pictures, 500'000 + step + i * kFrame, kFrame);
    EXPECT_EQ(timeline.steps_back(), step < -3 * kFrame ? 1u : 0u);
    EXPECT_EQ(timeline.jumps(), 0u);
  }
}

TEST(TimelineTest, SmallStepsBackAreNoJump) {
  Timeline timeline;
  Timeline::Cursor pictures;
  timeline.place(pictures, 500'000, kFrame);
  const Timeline::Place back = timeline.place(pictures, 499'000, kFrame);
  EXPECT_EQ(back.decode_time, kMediaStart - 1000);
  EXPECT_EQ(back.epoch, 0u);
}

// Another hears the same clock; that one's media time is not its own any more, or it has heard it wrap.
TEST(TimelineTest, WhoComesBackHasTheTimeThatAnotherHasForTheSameClock) {
  for (const std::int64_t wraps : {0, 1, 2}) {
    const std::int64_t now = 700'000, kWrap = std::int64_t{1} << 33;
    Timeline other = Timeline::of_program(), back = Timeline::of_program();
    Timeline::Cursor pictures, again;
    other.place(pictures, now + wraps * kWrap, kFrame);
    back.place(again, now, kFrame);
    back.restart();
    back.join(*other.anchor());
    again = {};
    EXPECT_EQ(back.place(again, now + 9'000, kFrame).decode_time,
              other.place(pictures, now + 9'000 + wraps * kWrap, kFrame).decode_time);
    EXPECT_TRUE(back.has_joined());
  }
}

TEST(TimelineTest, AClockThatIsFarFromTheOthersIsItsOwn) {
  Timeline other = Timeline::of_program(), back = Timeline::of_program();
  Timeline::Cursor pictures, again;
  other.place(pictures, 500'000, kFrame);
  back.place(again, 500'000, kFrame);
  back.restart();
  back.join(*other.anchor());
  again = {};
  EXPECT_EQ(back.place(again, 90'000 * 3'600, kFrame).decode_time, 90'000 * 3'600 + kMediaStart);
  EXPECT_FALSE(back.has_joined());
}

}  // namespace
}  // namespace fanlight::packager
