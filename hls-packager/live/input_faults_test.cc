// What is wrong with what comes is counted by kind, and players are served on.
#include "live/input_faults.h"

#include <gtest/gtest.h>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class InputFaultsTest : public LiveStage, public testing::Test {
 protected:
  InputFaultsTest() : LiveStage({}, {}, false) {}

  [[nodiscard]] std::uint64_t count(InputFault fault) const {
    return stream_.faults()[static_cast<std::size_t>(fault)].count;
  }
  [[nodiscard]] std::string newest(InputFault fault) const {
    return stream_.faults()[static_cast<std::size_t>(fault)].newest;
  }
  [[nodiscard]] std::uint64_t all() const {
    std::uint64_t sum = 0;
    for (const FaultTally& one : stream_.faults()) sum += one.count;
    return sum;
  }
  // Packets of the next picture, which has several.
  [[nodiscard]] Bytes key_picture() { return publisher_.picture(true); }
  // The source goes and returns; who follows is told by `options`.
  void return_with(const Publisher::Options& options) {
    lose_source();
    pass(seconds(1));
    publish_anew(options);
  }
};

TEST_F(InputFaultsTest, OfAGoodStreamThereAreNone) {
  play(seconds(30));
  EXPECT_EQ(all(), 0u);
}

TEST_F(InputFaultsTest, LostPacketsTearAUnit) {  // H-83
  play(seconds(8));
  Bytes picture = key_picture();
  ASSERT_GE(picture.size(), 4u * 188);
  picture.resize(picture.size() - 188);  // Its last packet.
  feed(picture);
  play(seconds(3));
  EXPECT_EQ(count(InputFault::kLostPackets), 1u);
  EXPECT_EQ(count(InputFault::kBrokenUnit), 1u);
  EXPECT_EQ(all(), 2u);
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
}

TEST_F(InputFaultsTest, WhatASourceDidStaysWhenItGoes) {
  play(seconds(8));
  Bytes picture = key_picture();
  picture.resize(picture.size() - 188);  // Its last packet.
  feed(picture);
  play(seconds(1));
  return_with({.first = 123'456'789});
  EXPECT_EQ(count(InputFault::kLostPackets), 1u);
  play(seconds(3));
  EXPECT_EQ(count(InputFault::kLostPackets), 1u);
}

TEST_F(InputFaultsTest, BytesThatAreNoPacketsAreSkipped) {
  play(seconds(8));
  feed(Bytes(10 * 188, std::byte{1}));
  play(seconds(3));
  EXPECT_EQ(count(InputFault::kNotTransport), 10u);
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
}

TEST_F(InputFaultsTest, PacketsMarkedAsWrongAreNotUsed) {
  play(seconds(8));
  Bytes nothing = Publisher::nothing();
  nothing[1] |= std::byte{0x80};  // transport_error_indicator
  feed(nothing);
  EXPECT_EQ(count(InputFault::kBrokenPacket), 1u);
}

TEST_F(InputFaultsTest, ScrambledPacketsAreNotUsed) {
  play(seconds(8));
  Bytes picture = publisher_.picture(false);
  for (std::size_t at = 3; at < picture.size(); at += 188) picture[at] |= std::byte{0x80};
  feed(picture);
  EXPECT_EQ(count(InputFault::kScrambled), picture.size() / 188);
  play(seconds(3));
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
}

TEST_F(InputFaultsTest, ATableThatIsDamagedChangesNothing) {
  play(seconds(8));
  Bytes tables = publisher_.tables();
  tables[188 + 4 + 1 + 12] ^= std::byte{1};  // In the map.
  feed(tables);
  EXPECT_EQ(count(InputFault::kBrokenTable), 1u);
  play(seconds(3));
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
}

TEST_F(InputFaultsTest, AFormatThatChangesIsToldOnce) {
  play(seconds(8));
  const Bytes surround = from_hex(kAacSurround);
  const auto size =
      std::to_integer<std::ptrdiff_t>(surround[4]) << 3 | std::to_integer<std::ptrdiff_t>(surround[5]) >> 5;
  publisher_.options().sound_instead = Bytes(surround.begin(), surround.begin() + size);
  play(seconds(8));
  EXPECT_EQ(count(InputFault::kFormatChange), 1u);
  EXPECT_EQ(newest(InputFault::kFormatChange),
            "PID 257, mp4a.40.2 (6 channels, 48000 Hz) after mp4a.40.2 (2 channels, 48000 Hz)");
}

TEST_F(InputFaultsTest, AClockThatJumpsIsOneForAllTracks) {  // H-82
  play(seconds(8));
  publisher_.options().first += 500 * 90'000;
  play(seconds(4));
  EXPECT_EQ(count(InputFault::kTimeJump), 1u);
  // Another sender's clock is no jump.
  return_with({.first = 123'456'789});
  play(seconds(4));
  EXPECT_EQ(count(InputFault::kTimeJump), 1u);
}

TEST_F(InputFaultsTest, AStepBackThatNobodyAnnouncesIsAJumpWhereAllTracksMakeIt) {  // H-82
  play(seconds(8));
  publisher_.options().first -= 45'000;
  play(seconds(4));
  EXPECT_EQ(count(InputFault::kTimeStep), 2u);
  EXPECT_EQ(count(InputFault::kTimeJump), 1u);
  EXPECT_EQ(audience_.of("v0").discontinuities(), 1u);
}

TEST_F(InputFaultsTest, AStepBackOfOneTrackIsCounted) {
  publish_anew({.has_sound = false});
  play(seconds(8));
  publisher_.options().first -= 45'000;
  play(seconds(4));
  EXPECT_EQ(count(InputFault::kTimeStep), 1u);
  EXPECT_EQ(count(InputFault::kTimeJump), 0u);
  EXPECT_EQ(audience_.of("v0").discontinuities(), 0u);
}

TEST_F(InputFaultsTest, WithoutKeyFramesItIsSaidAgainAndAgain) {
  publish_anew({.gop = 1'000'000});
  play(seconds(11));
  EXPECT_EQ(count(InputFault::kNoKeyFrame), 0u);
  play(seconds(2));
  EXPECT_EQ(count(InputFault::kNoKeyFrame), 1u);
  EXPECT_TRUE(stream_.fault_book().lacks_key_frames());
  play(seconds(13));
  EXPECT_EQ(count(InputFault::kNoKeyFrame), 2u);
  EXPECT_GT(count(InputFault::kLongGop), 0u);
  feed(publisher_.picture(true));
  EXPECT_FALSE(stream_.fault_book().lacks_key_frames());
}

// Nobody waits for pictures that nothing can begin with.
TEST_F(InputFaultsTest, PicturesWithoutAnyKeyFrameLeaveTheSoundAlone) {
  publish_anew({.gop = 1'000'000});
  publisher_.skip_picture();
  feed(publisher_.tables());
  play(seconds(20));
  EXPECT_GT(count(InputFault::kNoKeyFrame), 0u);
  ASSERT_TRUE(audience_.has_seen_any());
  EXPECT_EQ(audience_.last().renditions[0]->folder, "a0");
  EXPECT_FALSE(audience_.last().renditions[0]->has_ended);
}

TEST_F(InputFaultsTest, PicturesAloneThatReturnWithoutAKeyFrameEnd) {  // H-81
  publish_anew({.has_sound = false});
  play(seconds(8));
  return_with({.has_sound = false, .gop = 1'000'000});
  publisher_.skip_picture();
  feed(publisher_.tables());
  play(seconds(14));
  pass({});  // What was due.
  EXPECT_GT(count(InputFault::kNoKeyFrame), 0u);
  EXPECT_GT(count(InputFault::kNothingPlayable), 0u);
  EXPECT_TRUE(stream_.fault_book().lacks_all());
  EXPECT_TRUE(audience_.last().renditions[0]->has_ended);
  publisher_.options().gop = 30;
  play(seconds(6));
  EXPECT_FALSE(stream_.fault_book().lacks_all());
  EXPECT_EQ(audience_.last().renditions[0]->folder, "v1");
}

TEST_F(InputFaultsTest, ASourceOfNothingIsSaidToBe) {
  for (int i = 0; i < 25; ++i) {
    feed(publisher_.nothing());
    pass(seconds(1));
  }
  EXPECT_EQ(count(InputFault::kNothingPlayable), 2u);
  EXPECT_FALSE(audience_.has_seen_any());
}

// What is not there lacks nothing.
TEST_F(InputFaultsTest, WhileASourceIsAwayNothingIsMissed) {
  play(seconds(8));
  lose_source();
  pass(2 * kKeyFrameWait);
  publish_anew({.first = 123'456'789});
  feed(publisher_.tables());
  play(seconds(4));
  EXPECT_EQ(count(InputFault::kNothingPlayable), 0u);
  EXPECT_EQ(count(InputFault::kNoKeyFrame), 0u);
}

TEST_F(InputFaultsTest, WhatIsNotKnownIsNamedOnce) {
  publish_anew({.has_mpeg2 = true});
  play(seconds(8));
  EXPECT_EQ(count(InputFault::kUnknownStream), 1u);
  EXPECT_EQ(newest(InputFault::kUnknownStream), "stream type 0x02 on PID 497");
  return_with({.has_mpeg2 = true, .first = 123'456'789});
  play(seconds(8));
  EXPECT_EQ(count(InputFault::kUnknownStream), 1u);
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
}

TEST_F(InputFaultsTest, TracksThatComeLateAndGoAreNamed) {  // H-85
  publish_anew({.has_sound = false});
  play(seconds(8));
  publisher_.set_tracks(true, true);
  publisher_.skip_sound_to(publisher_.pictures_at());
  play(seconds(6));
  EXPECT_EQ(count(InputFault::kTrackLate), 1u);
  EXPECT_EQ(newest(InputFault::kTrackLate), "mp4a.40.2 on PID 257");
  publisher_.set_tracks(true, false);
  play(seconds(8));
  EXPECT_EQ(count(InputFault::kTrackGone), 1u);
  EXPECT_EQ(newest(InputFault::kTrackGone), "a0, mp4a.40.2");
  EXPECT_EQ(all(), 2u);
}

TEST_F(InputFaultsTest, AnOpenGopIsNamedWhereSegmentsWantKeyFrames) {
  play(seconds(8));
  EXPECT_EQ(newest(InputFault::kLongGop), "");
  publisher_.options().gop = 1'000'000;
  publisher_.options().in_pictures = from_hex("00000001060601c480");  // A recovery point.
  play(seconds(10));
  EXPECT_GT(count(InputFault::kLongGop), 0u);
  EXPECT_LT(count(InputFault::kLongGop), 10u);
  EXPECT_EQ(newest(InputFault::kLongGop), "open GOP: x265 open-gop=0, x264 open-gop=0");
}

TEST_F(InputFaultsTest, SoundThatCannotBeReadIsCountedAndNamed) {
  publish_anew({.sound_blocks = 2});
  play(seconds(9));
  EXPECT_GT(count(InputFault::kBrokenUnit), 400u);
  EXPECT_EQ(count(InputFault::kUnreadableSound), 0u);
  EXPECT_FALSE(stream_.fault_book().lacks_sound());
  play(seconds(2));
  EXPECT_EQ(count(InputFault::kUnreadableSound), 1u);
  EXPECT_EQ(newest(InputFault::kUnreadableSound),
            "stream type 0x0f on PID 257: several blocks in a frame of ADTS, or USAC");
  EXPECT_TRUE(stream_.fault_book().lacks_sound());
  play(seconds(10));
  EXPECT_EQ(count(InputFault::kUnreadableSound), 2u);
  publisher_.options().sound_blocks = 1;
  play(seconds(6));
  EXPECT_FALSE(stream_.fault_book().lacks_sound());
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
}

TEST_F(InputFaultsTest, SoundIsNamedByWhatIsWrongWithIt) {
  publish_anew({.has_sound_times = false});
  play(seconds(11));
  EXPECT_EQ(newest(InputFault::kUnreadableSound), "stream type 0x0f on PID 257: no PTS");
  EXPECT_EQ(count(InputFault::kBrokenUnit), 0u);
  return_with({.first = 123'456'789, .sound_instead = Bytes(300, std::byte{0x55})});
  play(seconds(11));
  EXPECT_EQ(newest(InputFault::kUnreadableSound), "stream type 0x0f on PID 257: no frame in what it sends");
  EXPECT_EQ(count(InputFault::kUnreadableSound), 2u);
}

// A packet now and then, or none, is no sound that cannot be read.
TEST_F(InputFaultsTest, SoundThatDoesNotComeIsNotNamed) {
  publish_anew({.sound_blocks = 2});
  play(seconds(5));
  for (int i = 0; i < 3; ++i) {
    publisher_.skip_sound_to(publisher_.pictures_at() + 11 * kMediaClock);
    play(millis(11'050));
  }
  EXPECT_EQ(count(InputFault::kUnreadableSound), 0u);
}

}  // namespace
}  // namespace fanlight::packager
