#include "media/picture_track.h"

#include <gtest/gtest.h>

#include "codec/bits_fixture.h"
#include "codec/h264_fixture.h"
#include "codec/h265_fixture.h"

namespace fanlight::packager {
namespace {

constexpr std::int64_t kFirst = 900'000;

// Frames of 128 x 144, in slices that begin at any macroblock; complete as far as anybody here reads.
Bytes sets() {
  TestBits sps, pps;
  sps.bits(0x67, 8).bits(77, 8).bits(0, 8).bits(30, 8).ue(0).ue(0).ue(0).ue(4).ue(1).bits(0, 1);
  sps.ue(7).ue(8).bits(1, 1).bits(1, 1).bits(0, 1).bits(0, 1);
  return annex_b({escaped(sps.finish()), escaped(pps.bits(0x68, 8).ue(0).ue(0).bits(0, 8).finish())});
}
Bytes slice(unsigned picture, unsigned macroblock) {
  TestBits bits;
  bits.bits(picture == 0 ? 0x65 : 0x41, 8).ue(macroblock).ue(7).ue(0).bits(picture & 15, 4);
  if (picture == 0) bits.ue(0);
  return annex_b({escaped(bits.bits(picture * 2 & 255, 8).bits(0x5A5A, 16).finish())});
}
const Bytes kDelimiter = from_hex("0000000109f0");

class PictureTrackTest : public testing::Test {
 protected:
  void play(const Bytes& content, std::optional<std::int64_t> dts, bool is_after_loss = false) {
    track_.handle({.pid = 0, .pts = dts, .dts = dts, .packet = {{}, content, is_after_loss}}, timeline_, done_);
  }
  // Its parameter sets say 25 a second.
  void play(bool is_idr, std::optional<std::int64_t> dts, bool is_after_loss = false) {
    play(from_hex(is_idr ? kH264BaseIdr : kH264BaseNext), dts, is_after_loss);
  }
  // Where they are decoded, from the first on.
  [[nodiscard]] std::vector<std::int64_t> places() const {
    std::vector<std::int64_t> places;
    for (const TimedSample& sample : done_) places.push_back(sample.decode_time - done_.front().decode_time);
    return places;
  }
  static std::vector<std::int64_t> evenly(std::int64_t ticks, std::size_t count) {
    std::vector<std::int64_t> places;
    for (std::size_t i = 0; i < count; ++i) places.push_back(static_cast<std::int64_t>(i) * ticks);
    return places;
  }

  PictureTrack track_{H264Pictures()};
  Timeline timeline_;
  std::vector<TimedSample> done_;
};

// ISO/IEC 13818-1 §2.7.4 asks for a time each 0.7 s.
TEST_F(PictureTrackTest, PicturesWithoutATimeKeepTheRateOfTheirParameterSets) {
  for (int i = 0; i < 100; ++i) play(i % 25 == 0, i % 12 == 0 ? std::optional(kFirst + i * 3600) : std::nullopt);
  EXPECT_EQ(places(), evenly(3600, 100));
  EXPECT_EQ(track_.counts().out_of_order, 0u);
  EXPECT_EQ(timeline_.jumps() + timeline_.steps_back(), 0u);
}

// Of fifty a second, and of ten: the first stretch goes by what the sets say, the others by what was seen.
TEST_F(PictureTrackTest, TheDistanceIsWhatTheTimesSayForAllPicturesBetween) {
  for (const std::int64_t ticks : {1800, 9000}) {
    track_ = PictureTrack(H264Pictures());
    timeline_ = {};
    done_.clear();
    for (int i = 0; i < 60; ++i) play(i == 0, i % 6 == 0 ? std::optional(kFirst + i * ticks) : std::nullopt);
    std::vector<std::int64_t> got = places(), wanted = evenly(ticks, 60);
    ASSERT_EQ(got.size(), wanted.size());
    EXPECT_EQ(std::vector(got.begin() + 12, got.end()), std::vector(wanted.begin() + 12, wanted.end())) << ticks;
    EXPECT_EQ(timeline_.jumps(), 0u) << ticks;
  }
}

TEST_F(PictureTrackTest, NoDistanceIsLearntWherePicturesAreMissing) {
  for (int i = 0; i < 60; ++i) {
    if (i > 24 && i < 34) continue;
    play(i == 0, i % 6 == 0 ? std::optional(kFirst + i * 3600) : std::nullopt, i == 34);
  }
  ASSERT_EQ(done_.size(), 51u);
  EXPECT_EQ(places()[25], 25 * 3600) << "nobody knows how many are missing, until the next one with a time";
  for (std::size_t i = 27; i < 51; ++i) EXPECT_EQ(places()[i], static_cast<std::int64_t>(i + 9) * 3600);
}

TEST_F(PictureTrackTest, WhatCannotBeShownYetTellsTheTimeOfWhatCan) {
  play(false, std::nullopt);
  play(true, std::nullopt);
  EXPECT_TRUE(done_.empty()) << "no time has come yet";
  play(false, kFirst);
  play(false, std::nullopt);
  play(true, std::nullopt);
  play(false, kFirst + 3 * 3600);
  ASSERT_EQ(done_.size(), 2u);
  EXPECT_NEAR(static_cast<double>(places()[1]), 3600, 1800);
  EXPECT_EQ(track_.counts().before_first, 4u);
  EXPECT_EQ(timeline_.jumps(), 0u);
}

// As of encoders that pack two pictures, and of those that send fields so.
TEST_F(PictureTrackTest, OfTwoPicturesInAPacketEachIsASample) {
  for (const Bytes& between : {Bytes{}, kDelimiter, from_hex("000001060000")}) {
    track_ = PictureTrack(H264Pictures());
    timeline_ = {};
    done_.clear();
    for (unsigned i = 0; i < 20; i += 2)
      play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0), between, slice(i + 1, 0)}), kFirst + i * 1800);
    track_.finish(done_);
    ASSERT_EQ(done_.size(), 20u);
    for (std::size_t i = 4; i < 20; ++i) {
      EXPECT_EQ(places()[i], static_cast<std::int64_t>(i) * 1800);
      EXPECT_FALSE(done_[i].is_independent);
    }
    EXPECT_EQ(track_.counts().unreadable, 0u);
  }
}

TEST_F(PictureTrackTest, SlicesInPacketsOfTheirOwnAreOnePicture) {
  track_ = PictureTrack(H264Pictures(), true);
  for (unsigned i = 0; i < 20; ++i) {
    play(joined({kDelimiter, i == 0 ? sets() : Bytes{}, slice(i, 0)}), kFirst + i * 3600);
    play(slice(i, 20), std::nullopt);
    play(slice(i, 40), kFirst + i * 3600);
    EXPECT_EQ(done_.size(), i) << "whole when the next one begins";
  }
  track_.finish(done_);
  EXPECT_EQ(places(), evenly(3600, 20));
  for (unsigned i = 1; i < 20; ++i) {
    Bytes wanted = joined({slice(i, 0), slice(i, 20), slice(i, 40)});
    EXPECT_EQ(done_[i].bytes.size(), wanted.size()) << "start codes of four bytes are lengths of four";
  }
  EXPECT_EQ(track_.counts().unreadable, 0u);
}

TEST_F(PictureTrackTest, APictureWithoutAllItsSlicesIsNone) {
  track_ = PictureTrack(H264Pictures(), true);
  for (unsigned i = 0; i < 9; ++i) {
    play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0)}), kFirst + i * 3600);
    if (i != 5) play(slice(i, 20), std::nullopt, i == 3);  // Of 3 something is missing in front of it.
  }
  play(slice(9, 20), std::nullopt, true);
  track_.finish(done_);
  EXPECT_EQ(done_.size(), 7u) << "nobody can tell of 5, and 8 and 9 are torn by the last";
  EXPECT_EQ(track_.counts().unreadable, 3u);
}

TEST_F(PictureTrackTest, PicturesOfH265AreTakenApartAndJoinedAlike) {
  track_ = PictureTrack(H265Pictures(), true);
  const Bytes idr = from_hex(kH265MainIdr), next = from_hex(kH265MainNext);
  const Bytes more_of_idr = from_hex("0000000128012f5a5a"), more = from_hex("000000010201505a5a");
  play(joined({idr, next, next}), kFirst);
  EXPECT_EQ(done_.size(), 2u);
  play(more, std::nullopt);
  play(joined({idr, more_of_idr}), kFirst + 3 * 3000);
  play(joined({more_of_idr, next, more}), kFirst + 4 * 3000);
  track_.finish(done_);
  ASSERT_EQ(done_.size(), 5u);
  EXPECT_EQ(places(), evenly(3000, 5));
  EXPECT_EQ(done_[2].bytes.size(), done_[1].bytes.size() + more.size());
  EXPECT_EQ(done_[3].bytes.size(), done_[0].bytes.size() + 2 * more_of_idr.size());
  EXPECT_TRUE(done_[3].is_independent);
  EXPECT_FALSE(done_[4].is_independent);
  EXPECT_EQ(track_.counts().unreadable, 0u);
}

// Where every PES packet is a picture, none waits for the next.
TEST_F(PictureTrackTest, AWholePictureIsThereAtOnce) {
  for (unsigned i = 0; i < 20; ++i) {
    play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0), slice(i, 20)}), kFirst + i * 3600);
    EXPECT_EQ(done_.size(), i + 1);
  }
}

TEST_F(PictureTrackTest, WhatGoesOnLateHasBeenHandedOverOnce) {
  for (unsigned i = 0; i < 4; ++i) play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0)}), kFirst + i * 3600);
  play(slice(3, 20), std::nullopt);
  play(slice(3, 40), std::nullopt);
  EXPECT_EQ(track_.counts().unreadable, 1u);
  EXPECT_EQ(done_.size(), 4u);
  play(slice(4, 0), kFirst + 4 * 3600);
  EXPECT_EQ(done_.size(), 4u);
  play(slice(4, 20), std::nullopt);
  play(slice(5, 0), kFirst + 5 * 3600);
  EXPECT_EQ(done_.size(), 5u);
}

}  // namespace
}  // namespace fanlight::packager
