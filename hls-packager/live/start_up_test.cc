#include "live/start_up.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

class StartUpTest : public testing::Test {
 protected:
  void watch(int frames, std::int64_t frame_ticks, int gop, std::uint32_t epoch = 0) {
    for (int i = 0; i < frames; ++i, at_ += frame_ticks)
      start_up_.handle({.decode_time = at_,
                        .presentation_time = at_,
                        .duration = static_cast<std::uint32_t>(frame_ticks),
                        .is_independent = i % gop == 0,
                        .epoch = epoch});
  }

  // A frame of a follower that belongs so much before the newest of the leader.
  void hear_sound(Micros late, std::uint32_t epoch = 0) {
    const std::int64_t newest = (at_ - 3'000) / 15 * 8;  // Of 48 kHz.
    const std::int64_t time = newest - late.count * 48 / 1'000;
    start_up_.handle_follower(
        {.timescale = 48'000, .decode_time = time, .presentation_time = time, .duration = 1'024, .epoch = epoch});
  }

  StartUp start_up_{{.part_wanted = millis(200), .segment = seconds(1)}};
  std::int64_t at_ = 900'000;
};

TEST_F(StartUpTest, IsReadyWithAsManySegmentsAsAreShownAtFirst) {  // H-20
  watch(89, 3'000, 30);
  EXPECT_FALSE(start_up_.is_ready());
  watch(1, 3'000, 1);
  EXPECT_TRUE(start_up_.is_ready());
}

TEST_F(StartUpTest, WhereNothingIsIndependentItWaitsNoLongerThanTenSeconds) {  // H-86
  watch(300, 3'000, 1'000);
  EXPECT_FALSE(start_up_.is_ready());
  watch(1, 3'000, 2);
  EXPECT_TRUE(start_up_.is_ready());
}

TEST_F(StartUpTest, TheTargetDurationIsTwoGops) {  // H-86
  watch(400, 3'000, 75);
  const Parameters chosen = start_up_.decide();
  EXPECT_EQ(chosen.target_duration, 5u);
  EXPECT_EQ(chosen.part_target.target, millis(200));
  EXPECT_EQ(chosen.segment_ticks_max(), 549 * 900);
}

TEST_F(StartUpTest, AJumpOfTheClockIsNoFrame) {
  watch(60, 3'000, 30);
  at_ += 100 * 90'000;
  watch(60, 3'000, 30, 1);
  EXPECT_EQ(start_up_.decide().part_target.frames, 6u);
}

TEST_F(StartUpTest, PartsAreAsLongAsPicturesThatLastLonger) {  // H-06
  for (int i = 0; i < 4; ++i) {
    watch(20, 3'000, 20);
    at_ += 27'000;  // The last one rests for a third of a second.
  }
  EXPECT_EQ(start_up_.decide().part_target.target, Micros{333'340});
}

TEST_F(StartUpTest, AHoleAloneMakesNoPartsLonger) {
  watch(60, 3'000, 30);
  at_ += 27'000;
  watch(60, 3'000, 30);
  EXPECT_LT(start_up_.decide().part_target.target, millis(230));
}

TEST_F(StartUpTest, PicturesThatRestForSecondsDoNot) {
  for (int i = 0; i < 3; ++i) {
    watch(60, 3'000, 30);
    at_ += 270'000;
  }
  EXPECT_LT(start_up_.decide().part_target.target, millis(300));
}

TEST_F(StartUpTest, SoundThatComesWithThePicturesIsNotLate) {
  hear_sound(seconds(2));  // In front of the first picture there is nothing to be late for.
  watch(90, 3'000, 30);
  hear_sound(millis(-200));
  hear_sound(millis(350));  // ffmpeg gathers so much of it in a PES packet.
  hear_sound(seconds(2), 1);
  EXPECT_EQ(start_up_.decide().followers_late, Micros{});
}

TEST_F(StartUpTest, HowMuchLaterSoundComesIsTheMostThatWasSeen) {
  watch(60, 3'000, 30);
  hear_sound(millis(900));
  watch(30, 3'000, 30);
  hear_sound(millis(1'200));
  hear_sound(millis(500));
  EXPECT_EQ(start_up_.decide().followers_late, millis(1'200));
}

TEST_F(StartUpTest, NobodyIsAskedToWaitWithoutEnd) {
  watch(90, 3'000, 30);
  hear_sound(seconds(8));
  EXPECT_EQ(start_up_.decide().followers_late, seconds(3));
}

// A clock that stands still: the count of frames times the timescale is more than 32 bits hold.
TEST_F(StartUpTest, FramesWithoutNumberAreMeasuredToo) {
  watch(60'000, 1, 30);
  EXPECT_EQ(start_up_.decide().part_target.target, millis(200));
}

}  // namespace
}  // namespace fanlight::packager
