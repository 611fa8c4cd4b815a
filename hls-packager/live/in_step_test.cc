#include "live/in_step.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

constexpr std::size_t kPictures = 0, kSound = 1;

TrackSample picture_at(Micros time, std::uint32_t epoch = 0) {
  const std::int64_t ticks = time.count * 9 / 100;
  return {kPictures, {.bytes = std::vector<std::byte>(10), .decode_time = ticks, .epoch = epoch}};
}
TrackSample sound_at(Micros time, std::uint32_t epoch = 0) {
  const std::int64_t ticks = time.count * 48 / 1'000;
  return {kSound, {.bytes = std::vector<std::byte>(10), .timescale = 48'000, .decode_time = ticks, .epoch = epoch}};
}

class InStepTest : public testing::Test {
 protected:
  void SetUp() override { in_step_.wait_for(seconds(1)); }
  void picture(Micros now, std::uint32_t epoch = 0) {
    in_step_.note_leader(picture_at(now, epoch).sample);
    in_step_.handle(picture_at(now, epoch), true, now);
  }
  // Of which track the next is, until when it waits in milliseconds.
  std::pair<std::size_t, std::int64_t> next() {
    const std::optional<InStep::Waiting> one = in_step_.take_any();
    return one ? std::pair{one->one.track, one->until.count / 1'000} : std::pair{std::size_t{9}, std::int64_t{0}};
  }

  InStep in_step_;
};

TEST_F(InStepTest, EachWaitsForWhatItCameEarlierThanTheLatestMay) {
  picture(seconds(5));
  in_step_.handle(sound_at(seconds(4)), false, seconds(5));     // As late as it may be.
  in_step_.handle(sound_at(millis(4'700)), false, seconds(5));  // Of the same packet.
  EXPECT_EQ(next(), std::pair(kSound, std::int64_t{5'000}));
  EXPECT_EQ(next(), std::pair(kSound, std::int64_t{5'700}));
  EXPECT_EQ(next(), std::pair(kPictures, std::int64_t{6'000}));
}

TEST_F(InStepTest, NoneIsGivenBeforeItsTime) {
  picture(seconds(5));
  EXPECT_FALSE(in_step_.take_due(millis(5'999)));
  EXPECT_TRUE(in_step_.has_any_of(kPictures));
  EXPECT_TRUE(in_step_.take_due(seconds(6)));
  EXPECT_TRUE(in_step_.is_empty());
}

TEST_F(InStepTest, NoneOvertakesAnotherOfItsTrack) {
  in_step_.handle(sound_at(seconds(5)), false, seconds(5));  // Of no pictures: as they would.
  picture(seconds(6));
  in_step_.handle(sound_at(millis(4'000)), false, millis(5'100));
  EXPECT_EQ(next(), std::pair(kSound, std::int64_t{6'000}));
  EXPECT_EQ(next(), std::pair(kSound, std::int64_t{6'000}));
}

TEST_F(InStepTest, WhatIsLaterThanThatWaitsForNothing) {
  picture(seconds(5));
  in_step_.handle(sound_at(seconds(1)), false, seconds(5));
  EXPECT_EQ(next(), std::pair(kSound, std::int64_t{5'000}));
}

TEST_F(InStepTest, AcrossAJumpOfTheClockNothingIsLate) {
  picture(seconds(5), 1);
  EXPECT_FALSE(in_step_.lateness_of(sound_at(seconds(1)).sample));
  EXPECT_EQ(in_step_.lateness_of(sound_at(seconds(4), 1).sample), seconds(1));
}

TEST_F(InStepTest, WhatIsTooMuchDoesNotWait) {
  for (int i = 0; i < 3; ++i) {
    TrackSample one = picture_at(seconds(5) + millis(i));
    one.sample.bytes.resize(std::size_t{16} << 20);
    in_step_.handle(std::move(one), true, seconds(5));
  }
  EXPECT_TRUE(in_step_.take_due(seconds(5)));
  EXPECT_FALSE(in_step_.take_due(seconds(5)));
}

}  // namespace
}  // namespace fanlight::packager
