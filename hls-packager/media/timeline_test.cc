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

TEST(TimelineTest, SmallStepsBackAreNoJump) {
  Timeline timeline;
  Timeline::Cursor pictures;
  timeline.place(pictures, 500'000, kFrame);
  const Timeline::Place back = timeline.place(pictures, 499'000, kFrame);
  EXPECT_EQ(back.decode_time, kMediaStart - 1000);
  EXPECT_EQ(back.epoch, 0u);
}

}  // namespace
}  // namespace fanlight::packager
