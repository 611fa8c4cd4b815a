#include "codec/opus.h"

#include "codec/bits_fixture.h"
#include "codec/opus_fixture.h"
#include "codec/sound_fixture.h"

namespace fanlight::packager {
namespace {

Bytes descriptors(std::string_view channels) { return joined({from_hex("05044f707573"), from_hex(channels)}); }

TEST(OpusTest, StreamsOfFfmpegAreWhatFfmpegSaysTheyAre) {
  struct Golden {
    std::string_view stream;
    std::string_view descriptors;
    std::string_view record;
    SoundFormat format;
  };
  for (const Golden& golden : {Golden{kOpus2, kOpus2Descriptors, kOpus2Record, {48'000, 2, 960}},
                               Golden{kOpus6, kOpus6Descriptors, kOpus6Record, {48'000, 6, 960}},
                               Golden{kOpus40, kOpus40Descriptors, kOpus40Record, {48'000, 1, 1920}}}) {
    const auto layout = parse_opus_layout(from_hex(golden.descriptors));
    ASSERT_TRUE(layout);
    // A PreSkip is what the first header trims; ffmpeg's demuxer passes it over.
    EXPECT_EQ(write_dops(*layout, 0), from_hex(golden.record));
    OpusSound sound(*layout);
    const auto frames = play(sound, from_hex(golden.stream), 126'000);
    ASSERT_GE(frames.size(), 2U);
    EXPECT_EQ(sound.counts(), (SoundCounts{.frames = frames.size()}));
    ASSERT_TRUE(sound.format());
    EXPECT_EQ(std::get<SoundFormat>(sound.format()->media), golden.format);
    EXPECT_EQ(frames[1].frame.pts_90k, 126'000 + golden.format.samples_per_frame * 90 / 48);
    EXPECT_EQ(sound.format()->name, "opus");
  }
}

TEST(OpusTest, TheControlHeaderIsStrippedAndItsTrimsReported) {
  OpusSound sound(OpusLayout{});
  const Bytes packet(300, std::byte{0xF8});  // 20 ms, CELT.
  const Bytes first = joined({from_hex("7ff0 ff2d 0138"), packet});
  const Bytes last = joined({from_hex("7fec 03 0064 02 aabb"), from_hex("f81122")});
  const auto frames = play(sound, joined({first, last}), 9000);
  EXPECT_EQ(bytes_of(frames), (std::vector<Bytes>{packet, from_hex("f81122")}));
  EXPECT_EQ(frames[0].frame.trim_start, 312);
  EXPECT_EQ(frames[0].frame.trim_end, 0);
  EXPECT_EQ(frames[1].frame.trim_end, 100);
  EXPECT_EQ(times_of(frames), (std::vector<std::int64_t>{9000, 10'800}));
  EXPECT_EQ(sound.format()->record, write_dops(OpusLayout{}, 312)) << "what the first frame trims is the PreSkip";
}

TEST(OpusTest, DurationsStandInTheFirstByte) {
  const auto samples = [](std::string_view hex) { return opus_samples(from_hex(hex)); };
  EXPECT_EQ(samples("00"), 480U);     // SILK, 10 ms
  EXPECT_EQ(samples("18"), 2880U);    // SILK, 60 ms
  EXPECT_EQ(samples("60"), 480U);     // Hybrid, 10 ms
  EXPECT_EQ(samples("68"), 960U);     // Hybrid, 20 ms
  EXPECT_EQ(samples("80"), 120U);     // CELT, 2.5 ms
  EXPECT_EQ(samples("fc"), 960U);     // CELT, 20 ms, stereo
  EXPECT_EQ(samples("f9"), 1920U);    // Two frames.
  EXPECT_EQ(samples("fa"), 1920U);    // Two of different sizes.
  EXPECT_EQ(samples("fb06"), 5760U);  // Six: 120 ms.
  EXPECT_EQ(samples("fb07"), 0U);     // More is not allowed.
  EXPECT_EQ(samples("fb00"), 0U);     // None.
  EXPECT_EQ(samples("fb"), 0U);
  EXPECT_EQ(samples(""), 0U);
}

TEST(OpusTest, DurationsMayVary) {
  OpusSound sound(OpusLayout{});
  const auto frames = play(sound, from_hex("7fe001fc 7fe00180 7fe001f9 7fe001fc"), 0);
  EXPECT_EQ(times_of(frames), (std::vector<std::int64_t>{0, 1800, 2025, 5625}));
  EXPECT_FALSE(frames[2].frame.has_new_format);
}

TEST(OpusTest, WhatIsNoHeaderEndsThePacket) {
  OpusSound sound(OpusLayout{});
  EXPECT_EQ(play(sound, from_hex("7fe001fc 0000 7fe001fc"), 0).size(), 1U);
  EXPECT_EQ(sound.counts().malformed, 1U);
  EXPECT_TRUE(play(sound, from_hex("7fe001fc"), std::nullopt).empty()) << "how much is missing is not known";
  EXPECT_TRUE(play(sound, from_hex("7fe005fc"), 900).empty()) << "a packet that is not whole";
  EXPECT_TRUE(play(sound, from_hex("7fe000"), 900).empty()) << "an empty one";
  EXPECT_EQ(play(sound, from_hex("7fe001fc"), 1800).size(), 1U);
}

TEST(OpusTest, DescriptorsSayTheChannels) {
  EXPECT_EQ(parse_opus_layout(descriptors("7f028000")), (OpusLayout{2, 255, 2, 0, {0, 1}}));
  EXPECT_EQ(parse_opus_layout(descriptors("7f028001")), (OpusLayout{1, 0, 1, 0, {0}}));
  EXPECT_EQ(parse_opus_layout(descriptors("7f028008")), (OpusLayout{8, 1, 5, 3, {0, 6, 1, 2, 3, 4, 5, 7}}));
  EXPECT_FALSE(parse_opus_layout(descriptors("7f028009")));
  EXPECT_FALSE(parse_opus_layout(descriptors("7f0180")));
  EXPECT_FALSE(parse_opus_layout(descriptors("7f0480")));
  EXPECT_FALSE(parse_opus_layout(descriptors("")));
  EXPECT_FALSE(parse_opus_layout(from_hex("7f028002"))) << "no registration";
}

TEST(OpusTest, ALayoutMayBeSpelledOut) {
  // Three channels, family 255, two streams of which one is coupled.
  const auto spelled = [](std::uint32_t coupled, std::uint32_t last) {
    const Bytes content = TestBits()
                              .bits(0x8081, 16)
                              .bits(3, 8)
                              .bits(255, 8)
                              .bits(1, 2)
                              .bits(coupled, 2)
                              .bits(0, 2)
                              .bits(1, 2)
                              .bits(last, 2)
                              .take();
    return parse_opus_layout(joined({descriptors(""), from_hex("7f06"), content}));
  };
  EXPECT_EQ(spelled(1, 2), (OpusLayout{3, 255, 2, 1, {0, 1, 2}}));
  EXPECT_FALSE(spelled(3, 2)) << "more coupled than there are";
  EXPECT_FALSE(spelled(1, 3)) << "no such channel";
  EXPECT_EQ(parse_opus_layout(descriptors("7f0480810200")), (OpusLayout{}));
  EXPECT_FALSE(parse_opus_layout(descriptors("7f0480810300"))) << "family 0 has two at most";
  EXPECT_FALSE(parse_opus_layout(descriptors("7f0480810901")));
}

TEST(OpusTest, CutAtAnyByteNothingBreaks) { cut_everywhere(OpusSound(OpusLayout{}), from_hex(kOpus2)); }

}  // namespace
}  // namespace fanlight::packager
