#include "playlist/format_text.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

TrackFormat sound(std::uint16_t channels, std::uint32_t rate) {
  return {.codec = Codec::kAac,
          .name = "mp4a.40.2",
          .record = {},
          .media = SoundFormat{.sample_rate = rate, .channels = channels}};
}

TrackFormat pictures(std::uint32_t width, std::uint32_t height, std::optional<FrameRate> rate = {}) {
  return {.codec = Codec::kH264,
          .name = "avc1.64001f",
          .record = {},
          .media = PictureFormat{.width = width, .height = height, .rate = rate}};
}

TEST(FormatTextTest, SoundIsToldByItsChannelsAndRate) {
  EXPECT_EQ(format_text(sound(1, 44'100)), "mp4a.40.2 (1 channel, 44100 Hz)");
  EXPECT_EQ(format_change_text(sound(2, 48'000), sound(6, 48'000)),
            "mp4a.40.2 (6 channels, 48000 Hz) after mp4a.40.2 (2 channels, 48000 Hz)");
}

TEST(FormatTextTest, PicturesAreToldByTheirSizeAndRate) {
  EXPECT_EQ(format_text(pictures(1280, 720)), "avc1.64001f (1280x720)");
  EXPECT_EQ(format_change_text(pictures(640, 360, FrameRate{30'000, 1'001}), pictures(640, 360, FrameRate{25, 1})),
            "avc1.64001f (640x360, 25.000 pictures a second) after avc1.64001f (640x360, 29.970 pictures a second)");
}

TEST(FormatTextTest, WhatReadsAlikeIsSaidOnce) {
  TrackFormat other = pictures(640, 360);
  other.record = {std::byte{1}};
  EXPECT_EQ(format_change_text(pictures(640, 360), other), "avc1.64001f (640x360), of other parameters");
}

}  // namespace
}  // namespace fanlight::packager
