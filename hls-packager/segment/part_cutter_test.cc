#include "segment/part_cutter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace fanlight::packager {
namespace {

constexpr std::int64_t kFrame = 3'000;

class PartCutterTest : public testing::Test {
 protected:
  PartCutterTest() {
    pictures_ = cutter_.add_track(millis(200));
    cutter_.lead_with(pictures_);
  }
  // A picture a frame behind the one before.
  void picture(bool is_independent, std::int64_t ticks = kFrame, std::size_t bytes = 10) {
    cutter_.handle(pictures_,
                   {.bytes = std::vector<std::byte>(bytes),
                    .decode_time = pictures_at_,
                    .presentation_time = pictures_at_,
                    .duration = static_cast<std::uint32_t>(ticks),
                    .is_independent = is_independent,
                    .epoch = epoch_},
                   done_);
    pictures_at_ += ticks;
    ++pictures_sent_;
  }
  void gop(int pictures, std::int64_t ticks = kFrame, std::size_t bytes = 10) {
    for (int i = 0; i < pictures; ++i) picture(i == 0, ticks, bytes);
  }
  void sound(std::size_t bytes = 10) {
    cutter_.handle(*sound_,
                   {.bytes = std::vector<std::byte>(bytes),
                    .timescale = 48'000,
                    .decode_time = sound_at_,
                    .presentation_time = sound_at_,
                    .duration = 1'024,
                    .epoch = epoch_},
                   done_);
    sound_at_ += 1'024;
  }
  // Both, as they are due.
  void gop_with_sound(int pictures) {
    for (int i = 0; i < pictures; ++i) {
      picture(i == 0);
      while (sound_at_ * 90'000 / 48'000 < pictures_at_) sound();
    }
  }
  void add_sound() {
    sound_ = cutter_.add_track(millis(200));
    sound_at_ = pictures_at_ * 48'000 / 90'000;
  }

  struct Segment {
    std::vector<std::size_t> parts{};  // So many samples.
    bool is_independent = false, is_discontinuous = false, has_ended = false;
    std::size_t bytes = 0;
  };
  // By number, of one track.
  [[nodiscard]] std::map<std::uint64_t, Segment> segments_of(std::size_t track) const {
    std::map<std::uint64_t, Segment> all;
    for (const CutPart& part : done_) {
      if (part.track != track) continue;
      EXPECT_EQ(part.begins_segment, !all.contains(part.msn));
      Segment& segment = all[part.msn];
      EXPECT_FALSE(segment.has_ended);
      segment.has_ended = part.ends_segment;
      if (part.samples.empty()) continue;
      if (part.begins_segment) {
        segment.is_independent = part.samples.front().is_independent;
        segment.is_discontinuous = part.is_discontinuous;
      }
      segment.parts.push_back(part.samples.size());
      for (const TimedSample& sample : part.samples) segment.bytes += sample.bytes.size();
    }
    return all;
  }
  [[nodiscard]] static std::size_t samples_of(const Segment& segment) {
    return std::accumulate(segment.parts.begin(), segment.parts.end(), std::size_t{0});
  }

  PartCutter cutter_{{.segment_ticks = kMediaClock, .segment_ticks_max = 249 * 900, .segment_bytes_max = 4 << 20}};
  std::vector<CutPart> done_;
  std::size_t pictures_ = 0;
  std::optional<std::size_t> sound_{};
  std::int64_t pictures_at_ = kMediaStart, sound_at_ = 0;
  std::size_t pictures_sent_ = 0;
  std::uint32_t epoch_ = 0;
};

TEST_F(PartCutterTest, ASegmentBeginsWithAnIndependentPicture) {  // H-06, H-13, H-14
  for (int i = 0; i < 4; ++i) gop(30);
  const auto segments = segments_of(pictures_);
  ASSERT_EQ(segments.size(), 4u);
  for (const auto& [msn, segment] : segments) {
    EXPECT_EQ(segment.parts, (std::vector<std::size_t>{6, 6, 6, 6, 6}));
    EXPECT_TRUE(segment.is_independent);
    EXPECT_FALSE(segment.is_discontinuous);
    EXPECT_EQ(segment.has_ended, msn < 3);
  }
}

TEST_F(PartCutterTest, ItsLastPartIsKnownForThatAndItEndsWithTheNextPicture) {  // H-16
  for (int i = 0; i < 5; ++i) gop(30);
  EXPECT_TRUE(done_.back().expects_end);
  EXPECT_FALSE(done_.back().ends_segment);
  picture(true);
  EXPECT_TRUE(done_.back().samples.empty());
  EXPECT_TRUE(done_.back().ends_segment);
  EXPECT_EQ(cutter_.counts().ends_misjudged, 0u);
}

TEST_F(PartCutterTest, WhereTheGopGrowsTheSegmentGoesOn) {  // H-14
  for (int i = 0; i < 5; ++i) gop(30);
  ASSERT_TRUE(done_.back().expects_end);
  for (int i = 0; i < 6; ++i) gop(45);
  EXPECT_EQ(cutter_.counts().ends_misjudged, 1u);
  EXPECT_EQ(cutter_.counts().cuts_forced, 0u);
  const auto segments = segments_of(pictures_);
  for (const auto& [msn, segment] : segments) EXPECT_TRUE(segment.is_independent) << msn;
  EXPECT_EQ(samples_of(segments.at(5)), 45u);
}

TEST_F(PartCutterTest,
       AShortLastPartWaitsForThePicture) {  // H-05: were it none, the segment could not go on behind it.
  for (int i = 0; i < 5; ++i) gop(32);
  EXPECT_EQ(done_.back().samples.size(), 6u);
  EXPECT_FALSE(done_.back().expects_end);
  picture(true);
  EXPECT_EQ(done_.back().samples.size(), 2u);
  EXPECT_TRUE(done_.back().ends_segment);
}

TEST_F(PartCutterTest, ThoseThatFollowBeginWhereItDoes) {  // H-18
  add_sound();
  for (int i = 0; i < 6; ++i) gop_with_sound(30);
  std::map<std::uint64_t, std::int64_t> begins;
  for (const CutPart& part : done_)
    if (part.begins_segment && part.track == pictures_) begins[part.msn] = media_time_of(part.samples.front());
  std::size_t seen = 0;
  for (const CutPart& part : done_) {
    if (!part.begins_segment || part.track != *sound_) continue;
    const std::int64_t behind = media_time_of(part.samples.front()) - begins.at(part.msn);
    EXPECT_GE(behind, 0);
    EXPECT_LT(behind, 1'920);
    ++seen;
  }
  EXPECT_GE(seen, 5u);
  EXPECT_EQ(cutter_.counts().samples_left_out, 0u);
}

TEST_F(PartCutterTest, OneThatComesLateWaitsForADiscontinuity) {  // H-85
  gop(30);
  gop(10);
  add_sound();
  for (int i = 0; i < 20; ++i) picture(false);
  while (sound_at_ * 90'000 / 48'000 < pictures_at_) sound();
  for (int i = 0; i < 3; ++i) gop_with_sound(30);
  const auto pictures = segments_of(pictures_), sounds = segments_of(*sound_);
  EXPECT_EQ(sounds.begin()->first, 2u);
  EXPECT_TRUE(sounds.begin()->second.is_discontinuous);
  EXPECT_TRUE(pictures.at(2).is_discontinuous);
  EXPECT_TRUE(pictures.at(2).is_independent);
  EXPECT_EQ(cutter_.counts().discontinuities, 1u);
}

TEST_F(PartCutterTest, WhereNothingIndependentIsDueItDoesNotWaitForIt) {  // H-85
  picture(true);
  for (int i = 0; i < 100; ++i) picture(false);
  add_sound();
  for (int i = 0; i < 200; ++i) {
    picture(false);
    while (sound_at_ * 90'000 / 48'000 < pictures_at_) sound();
  }
  EXPECT_GT(cutter_.counts().cuts_forced, 2u);
  EXPECT_EQ(cutter_.counts().discontinuities, 1u);
  EXPECT_GE(segments_of(*sound_).size(), 2u);
}

TEST_F(PartCutterTest, AGopThatIsTooLongIsCut) {  // H-02, H-86
  gop(30);
  gop(200);
  gop(30);
  const auto segments = segments_of(pictures_);
  for (const auto& [msn, segment] : segments) EXPECT_LE(samples_of(segment), 74u) << msn;  // 2.49 s.
  EXPECT_EQ(cutter_.counts().cuts_forced, 2u);
}

TEST_F(PartCutterTest, AClockThatJumpsIsADiscontinuityAtAnIndependentPicture) {  // H-82
  gop(30);
  gop(10);
  ++epoch_;
  for (int i = 0; i < 20; ++i) picture(false);
  gop(30);
  const auto segments = segments_of(pictures_);
  EXPECT_TRUE(segments.at(2).is_discontinuous);
  EXPECT_TRUE(segments.at(2).is_independent);
  EXPECT_EQ(cutter_.counts().samples_left_out, 20u);
}

TEST_F(PartCutterTest, ATrackThatIsRemovedHandsOverWhatItHas) {
  add_sound();
  gop_with_sound(30);
  gop_with_sound(10);
  done_.clear();
  cutter_.remove_track(*sound_, done_);
  ASSERT_FALSE(done_.empty());
  EXPECT_EQ(done_.back().track, *sound_);
  EXPECT_TRUE(done_.back().ends_segment);
  EXPECT_EQ(cutter_.add_track(millis(200)), *sound_);  // Its number is given again.
}

TEST_F(PartCutterTest, FlushedAllBeginsAnew) {
  add_sound();
  gop_with_sound(30);
  gop_with_sound(10);
  cutter_.flush(done_);
  for (const std::size_t track : {pictures_, *sound_}) EXPECT_TRUE(segments_of(track).rbegin()->second.has_ended);
  ++epoch_;
  gop_with_sound(30);
  gop_with_sound(30);
  EXPECT_TRUE(segments_of(pictures_).at(2).is_discontinuous);
  EXPECT_TRUE(segments_of(*sound_).at(2).is_discontinuous);
}

TEST_F(PartCutterTest, WhatTakesTooLongIsCutWhereItIs) {  // H-17
  gop(30);
  gop(10);
  cutter_.cut_soon();
  picture(false);
  EXPECT_EQ(cutter_.next_msn(), 3u);
  EXPECT_TRUE(segments_of(pictures_).at(1).has_ended);
  EXPECT_EQ(cutter_.counts().cuts_forced, 1u);
  for (int i = 0; i < 40; ++i) picture(false);
  EXPECT_EQ(cutter_.next_msn(), 3u);  // Once.
}

// A stranger's clock may stand still: what is held is bounded all the same.
TEST_F(PartCutterTest, NoPartHasSamplesWithoutEnd) {
  picture(true, 1);
  for (int i = 0; i < 20'000; ++i) picture(false, 1);
  std::size_t handed_over = 0;
  for (const auto& [msn, segment] : segments_of(pictures_))
    for (const std::size_t samples : segment.parts) {
      EXPECT_LE(samples, 4'096u);
      handed_over += samples;
    }
  EXPECT_LE(pictures_sent_ - handed_over, 4'096u);
}

TEST_F(PartCutterTest, NoSegmentHasPartsWithoutEnd) {
  for (int i = 0; i < 4'000; ++i) picture(i % 2 == 0, 1);
  for (const auto& [msn, segment] : segments_of(pictures_)) {
    EXPECT_LE(segment.parts.size(), 100u);
    EXPECT_TRUE(segment.is_independent);  // There were enough to begin with.
  }
}

TEST_F(PartCutterTest, NoSegmentHasBytesWithoutEnd) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  picture(true);
  for (int i = 0; i < 60; ++i) picture(false, kFrame, kMiB);
  std::size_t bytes = 0;
  for (const auto& [msn, segment] : segments_of(pictures_)) {
    EXPECT_LE(segment.bytes, 4 * kMiB);
    bytes += segment.bytes;
  }
  EXPECT_GE(bytes, 56 * kMiB);
  done_.clear();
  picture(true, kFrame, 8 * kMiB);  // One that is larger is a segment.
  picture(false);
  EXPECT_TRUE(done_.back().ends_segment);
}

TEST_F(PartCutterTest, NothingWaitsForALeaderWithoutEnd) {
  add_sound();
  gop_with_sound(30);
  done_.clear();
  const std::uint64_t left_out = cutter_.counts().samples_left_out;
  constexpr std::size_t kSent = 10'000;
  for (std::size_t i = 0; i < kSent; ++i, sound_at_ -= 1'023) sound(4'096);  // A tick each.
  std::size_t samples = cutter_.counts().samples_left_out - left_out;
  for (const CutPart& part : done_) samples += part.samples.size();
  EXPECT_GE(samples, kSent - 2'048 - 4'096);  // What waits, and the part that is open.
  EXPECT_LE((kSent - samples) * 4'096, std::size_t{40} << 20);
}

}  // namespace
}  // namespace fanlight::packager
