#include "playlist/part_target.h"

#include <gtest/gtest.h>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

struct FramesCase {
  std::uint32_t frame_ticks;
  std::uint32_t timescale;
  std::uint32_t frames;
  std::int64_t target_us;
};

TEST(PartTargetTest, PartsHaveWholeFrames) {
  for (const FramesCase& one : {FramesCase{3'600, 90'000, 5, 200'000},      // 25 a second
                                FramesCase{3'003, 90'000, 6, 200'200},      // 29.97
                                FramesCase{3'000, 90'000, 6, 200'000},      // 30
                                FramesCase{1'800, 90'000, 10, 200'000},     // 50
                                FramesCase{1'001, 24'000, 5, 208'550},      // 23.976: 0.2085416…, rounded up
                                FramesCase{45'000, 90'000, 1, 500'000}}) {  // 2: one at least
    const PartTarget chosen = part_target_of_frames(millis(200), one.frame_ticks, one.timescale);
    EXPECT_EQ(chosen.frames, one.frames) << one.frame_ticks;
    EXPECT_EQ(chosen.target.count, one.target_us) << one.frame_ticks;
  }
}

TEST(PartTargetTest, NoPartIsLongerThanTheTargetAsPrinted) {
  for (std::uint32_t frame_ticks = 900; frame_ticks < 9'000; ++frame_ticks) {
    const PartTarget chosen = part_target_of_frames(millis(200), frame_ticks, 90'000);
    EXPECT_EQ(chosen.target.count % 10, 0);
    EXPECT_LE(micros_of(std::int64_t{chosen.frames} * frame_ticks, 90'000), chosen.target) << frame_ticks;
    EXPECT_LT(chosen.target.count - std::int64_t{chosen.frames} * frame_ticks * 1'000'000 / 90'000, 11) << frame_ticks;
  }
}

TEST(PartTargetTest, SoundKeepsThePicturesTargetWhereItFillsIt) {
  const PartTarget chosen = part_target_of_sound(millis(200), 1'024, 48'000);
  EXPECT_EQ(chosen.frames, 9u);  // 0.192 s: 96 %
  EXPECT_EQ(chosen.target, millis(200));
}

TEST(PartTargetTest, SoundHasATargetOfItsOwnWhereItDoesNot) {
  const PartTarget chosen = part_target_of_sound(millis(50), 1'024, 44'100);  // 2 frames are 0.0464 s: 93 %
  EXPECT_EQ(chosen.target, millis(50));
  const PartTarget own = part_target_of_sound(millis(30), 1'024, 44'100);  // 1 frame is 77 % of it
  EXPECT_EQ(own.frames, 1u);
  EXPECT_EQ(own.target.count, 23'220);
}

TEST(PartTargetTest, TheHoldBackIsThreePartsAndASecondForLongGops) {
  EXPECT_EQ(part_hold_back(millis(200), seconds(1)), millis(600));
  EXPECT_EQ(part_hold_back(millis(200), millis(1'001)), seconds(1));
  EXPECT_EQ(part_hold_back(millis(500), seconds(2)), millis(1'500));
}

}  // namespace
}  // namespace fanlight::packager
