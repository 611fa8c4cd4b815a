#include "codec/latm.h"

#include "codec/aac_fixture.h"
#include "codec/adts.h"
#include "codec/bits_fixture.h"
#include "codec/sound_fixture.h"

namespace fanlight::packager {
namespace {

// StreamMuxConfig of audioMuxVersion 0 up to the AudioSpecificConfig.
TestBits& begin_config(TestBits& bits, std::uint32_t frames = 1) {
  return bits.bits(0, 1).bits(1, 1).bits(frames - 1, 6).bits(0, 4).bits(0, 3);
}
TestBits& low_complexity(TestBits& bits) { return bits.bits(2, 5).bits(3, 4).bits(2, 4).bits(0, 3); }
TestBits& finish_config(TestBits& bits) { return bits.bits(0, 3).bits(0xFF, 8).bits(0, 1).bits(0, 1); }
TestBits& payload(TestBits& bits, const Bytes& bytes) {
  for (std::size_t left = bytes.size() + 1; left > 0;) {
    const std::size_t part = std::min<std::size_t>(left - 1, 255);
    bits.bits(static_cast<std::uint32_t>(part), 8);
    left = part == 255 ? left - 255 : 0;
  }
  for (const std::byte byte : bytes) bits.bits(std::to_integer<std::uint32_t>(byte), 8);
  return bits;
}
Bytes loas(TestBits& element) {
  const Bytes bytes = element.take();
  return joined({TestBits().bits(0x2B7, 11).bits(static_cast<std::uint32_t>(bytes.size()), 13).take(), bytes});
}
Bytes configured(const Bytes& frame) {
  TestBits bits;
  return loas(payload(finish_config(low_complexity(begin_config(bits.bits(0, 1)))), frame));
}
Bytes unconfigured(const Bytes& frame) {
  TestBits bits;
  return loas(payload(bits.bits(1, 1), frame));
}

TEST(LatmTest, FramesOfFfmpegAreThoseOfTheSameStreamInAdts) {
  AdtsSound adts;
  LatmSound latm;
  const auto expected = play(adts, from_hex(kAac48), 126'000);
  const auto frames = play(latm, from_hex(kLatm48), 126'000);
  EXPECT_EQ(bytes_of(frames), bytes_of(expected));
  EXPECT_EQ(times_of(frames), times_of(expected));
  ASSERT_TRUE(latm.format());
  EXPECT_EQ(latm.format()->record, from_hex(kAac48Record));
  EXPECT_EQ(latm.format(), adts.format());
  EXPECT_EQ(latm.counts(), (SoundCounts{.frames = frames.size()}));
}

TEST(LatmTest, HoweverTheStreamIsCutTheFramesAreTheSame) {
  const Bytes stream = from_hex(kLatm48);
  LatmSound whole;
  const auto expected = bytes_of(play(whole, stream, 126'000));
  for (const std::size_t piece : {1U, 3U, 184U, 700U}) {
    LatmSound sound;
    EXPECT_EQ(bytes_of(play_in_pieces(sound, stream, piece, 126'000)), expected) << piece;
  }
}

TEST(LatmTest, WithoutAConfigurationNothingIsReadYet) {
  LatmSound sound;
  EXPECT_TRUE(play(sound, unconfigured(from_hex("2111")), 0).empty());
  EXPECT_EQ(sound.counts(), SoundCounts{});
  EXPECT_EQ(bytes_of(play(sound, joined({configured(from_hex("2111")), unconfigured(from_hex("2122"))}), 0)),
            (std::vector<Bytes>{from_hex("2111"), from_hex("2122")}));
}

TEST(LatmTest, SeveralFramesInAnElementFollowEachOther) {
  TestBits bits;
  finish_config(low_complexity(begin_config(bits.bits(0, 1), 3)));
  const Bytes long_frame(600, std::byte{0x21});
  const Bytes stream = loas(payload(payload(payload(bits, from_hex("2111")), long_frame), from_hex("2133")));
  LatmSound sound;
  const auto frames = play(sound, stream, 9000);
  EXPECT_EQ(bytes_of(frames), (std::vector<Bytes>{from_hex("2111"), long_frame, from_hex("2133")}));
  EXPECT_EQ(times_of(frames), (std::vector<std::int64_t>{9000, 10'920, 12'840}));
}

TEST(LatmTest, SbrSaidOutrightIsNamed) {
  TestBits bits;
  begin_config(bits.bits(0, 1)).bits(5, 5).bits(6, 4).bits(2, 4).bits(3, 4).bits(2, 5).bits(0, 3);
  LatmSound sound;
  const auto frames = play(sound, loas(payload(finish_config(bits), from_hex("2111"))), 0);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].frame.samples, 2048U);
  EXPECT_EQ(sound.format()->name, "mp4a.40.5");
  EXPECT_EQ(sound.format()->timescale(), 48'000U);
  EXPECT_EQ(sound.format()->record,
            TestBits().bits(5, 5).bits(6, 4).bits(2, 4).bits(3, 4).bits(2, 5).bits(0, 3).take());
}

TEST(LatmTest, VersionOneSaysHowLongTheConfigurationIs) {
  // taraBufferFullness, then an AudioSpecificConfig of 44 bits of which the last stand for SBR with PS; other data,
  // CRC.
  TestBits bits;
  bits.bits(1, 1).bits(0, 1).bits(0, 2).bits(0xFF, 8).bits(1, 1).bits(0, 6).bits(0, 4).bits(0, 3);
  bits.bits(0, 2).bits(16 + 21 + 12 + 3, 8).bits(2, 5).bits(6, 4).bits(1, 4).bits(0, 3);
  bits.bits(0x2B7, 11).bits(5, 5).bits(1, 1).bits(3, 4).bits(0x548, 11).bits(1, 1).bits(0, 3);
  bits.bits(0, 3).bits(0xFF, 8).bits(1, 1).bits(1, 2).bits(300, 16).bits(1, 1).bits(0xCC, 8);
  const Bytes bytes = bits.take();
  BitReader reader(bytes);
  const auto config = parse_latm_config(reader);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->aac.format().name, "mp4a.40.29");
  EXPECT_LT(reader.left(), 8U);
}

TEST(LatmTest, WhatBroadcastersDoNotSendIsRefused) {
  const auto refuses = [](TestBits& bits) {
    LatmSound sound;
    EXPECT_TRUE(play(sound, loas(payload(bits, from_hex("2111"))), 0).empty());
    EXPECT_EQ(sound.counts().unsupported, 1U);
    EXPECT_FALSE(sound.format());
  };
  TestBits two_programs;
  refuses(
      finish_config(low_complexity(two_programs.bits(0, 1).bits(0, 1).bits(1, 1).bits(0, 6).bits(1, 4).bits(0, 3))));
  TestBits two_layers;
  refuses(finish_config(low_complexity(two_layers.bits(0, 1).bits(0, 1).bits(1, 1).bits(0, 6).bits(0, 4).bits(1, 3))));
  TestBits fixed_length;
  refuses(low_complexity(begin_config(fixed_length.bits(0, 1))).bits(1, 3).bits(0, 9));
  TestBits low_delay;
  refuses(finish_config(begin_config(low_delay.bits(0, 1)).bits(23, 5).bits(3, 4).bits(2, 4).bits(0, 3)));
}

TEST(LatmTest, ALengthBeyondTheElementIsMalformed) {
  TestBits bits;
  finish_config(low_complexity(begin_config(bits.bits(0, 1))));
  LatmSound sound;
  EXPECT_TRUE(play(sound, loas(bits.bits(200, 8).bits(0x2111, 16)), 0).empty());
  EXPECT_EQ(sound.counts().malformed, 1U);
  EXPECT_EQ(play(sound, unconfigured(from_hex("2122")), 0).size(), 1U) << "its configuration was good";
}

TEST(LatmTest, CutAtAnyByteNothingBreaks) { cut_everywhere(LatmSound(), from_hex(kLatm48)); }

}  // namespace
}  // namespace fanlight::packager
