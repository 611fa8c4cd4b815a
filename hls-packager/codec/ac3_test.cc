#include "codec/ac3.h"

#include "codec/ac3_fixture.h"
#include "codec/bits_fixture.h"
#include "codec/sound_fixture.h"

namespace fanlight::packager {
namespace {

struct Syncframe {
  bool is_dependent = false;
  std::uint32_t substream = 0;
  std::uint32_t blocks_code = 3;  // 1, 2, 3, 6
  std::uint32_t acmod = 7;
  std::uint32_t channel_map = 0x0200;  // Of a dependent one.
  std::uint32_t mark = 0;              // Tells frames apart.
};

Bytes eac3(const Syncframe& one) {
  TestBits bits;
  bits.bits(0x0B77, 16).bits(one.is_dependent ? 1 : 0, 2).bits(one.substream, 3).bits(11, 11).bits(0, 2);
  bits.bits(one.blocks_code, 2).bits(one.acmod, 3).bits(one.is_dependent ? 0 : 1, 1).bits(16, 5).bits(0, 5).bits(0, 1);
  if (one.is_dependent) bits.bits(1, 1).bits(one.channel_map, 16);
  Bytes frame = bits.take();
  frame.resize(24);
  frame.back() = std::byte(static_cast<std::uint8_t>(one.mark));
  return frame;
}

TEST(Ac3Test, FramesOfFfmpegAreWhatFfmpegSaysTheyAre) {
  struct Golden {
    std::string_view stream;
    std::string_view record;
    std::string name;
    SoundFormat format;
  };
  for (const Golden& golden : {Golden{kAc3, kAc3Record, "ac-3", {48'000, 2, 1536}},
                               Golden{kAc3Mono44, kAc3Mono44Record, "ac-3", {44'100, 1, 1536}},
                               Golden{kAc3Surround, kAc3SurroundRecord, "ac-3", {48'000, 6, 1536}},
                               Golden{kEac3, kEac3Record, "ec-3", {48'000, 2, 1536}},
                               Golden{kEac3Surround, kEac3SurroundRecord, "ec-3", {48'000, 6, 1536}}}) {
    Ac3Sound sound;
    const Bytes stream = from_hex(golden.stream);
    const auto frames = play(sound, stream, 126'000);
    ASSERT_GE(frames.size(), 1U);
    EXPECT_TRUE(frames[0].frame.has_new_format);
    EXPECT_EQ(frames[0].frame.samples, 1536U);
    EXPECT_EQ(frames[0].frame.pts_90k, 126'000);
    EXPECT_EQ(frames[0].bytes, copy(ByteSpan(stream).first(frames[0].bytes.size()))) << "as it stands";
    ASSERT_TRUE(sound.format());
    EXPECT_EQ(sound.format()->record, from_hex(golden.record)) << golden.name;
    EXPECT_EQ(sound.format()->name, golden.name);
    EXPECT_EQ(std::get<SoundFormat>(sound.format()->media), golden.format);
  }
}

TEST(Ac3Test, HoweverTheStreamIsCutTheFramesAreTheSame) {
  for (const std::string_view hex : {kAc3Mono44, kEac3}) {
    const Bytes stream = from_hex(hex);
    Ac3Sound whole;
    const auto expected = play(whole, stream, 126'000);
    EXPECT_GT(expected.size(), 3U);
    for (const std::size_t piece : {1U, 5U, 184U, 700U}) {
      Ac3Sound sound;
      const auto frames = play_in_pieces(sound, stream, piece, 126'000);
      EXPECT_EQ(bytes_of(frames), bytes_of(expected)) << piece;
      EXPECT_EQ(times_of(frames), times_of(expected)) << piece;
    }
  }
}

TEST(Ac3Test, OnlyTheFirstSampleWaitsForTheNext) {
  Ac3Sound sound;
  EXPECT_TRUE(play(sound, eac3({}), 0).empty()) << "something could depend on it";
  EXPECT_EQ(play(sound, eac3({}), 2880).size(), 2U);
  EXPECT_EQ(times_of(play(sound, eac3({}), 5760)), std::vector<std::int64_t>{5760});
}

TEST(Ac3Test, SixBlocksMakeASample) {
  Ac3Sound sound;
  Bytes stream;
  Bytes sample;
  for (std::uint32_t i = 0; i < 7; ++i) {
    const Bytes frame = eac3({.blocks_code = 0, .mark = i});
    stream = joined({stream, frame});
    if (i < 6) sample = joined({sample, frame});
  }
  const auto frames = play(sound, stream, 0);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].bytes, sample);
  EXPECT_EQ(frames[0].frame.samples, 1536U);
}

TEST(Ac3Test, APtsInTheMidstOfASampleIsCountedBack) {
  Ac3Sound sound;
  EXPECT_TRUE(play(sound, eac3({.blocks_code = 2}), std::nullopt).empty());
  EXPECT_TRUE(play(sound, eac3({.blocks_code = 2}), 10'000).empty());
  EXPECT_EQ(times_of(play(sound, eac3({.blocks_code = 2}), 11'440)), std::vector<std::int64_t>{8560});
}

TEST(Ac3Test, DependentSubstreamsAreJoinedAndAddTheirChannels) {
  Ac3Sound sound;
  const Bytes sample = joined({eac3({}), eac3({.is_dependent = true, .mark = 1})});
  const auto frames = play(sound, joined({sample, sample}), 0);
  EXPECT_EQ(bytes_of(frames), (std::vector<Bytes>{sample, sample})) << "the second is known to be complete";
  const SoundFormat& format = std::get<SoundFormat>(sound.format()->media);
  EXPECT_EQ(format.channels, 8);
  // 48 bytes in 32 ms are 12 kbit/s; one dependent substream, at Lrs and Rrs.
  EXPECT_EQ(sound.format()->record, TestBits()
                                        .bits(12, 13)
                                        .bits(0, 3)
                                        .bits(0, 2)
                                        .bits(16, 5)
                                        .bits(0, 2)
                                        .bits(0, 3)
                                        .bits(7, 3)
                                        .bits(1, 1)
                                        .bits(0, 3)
                                        .bits(1, 4)
                                        .bits(2, 9)
                                        .take());
}

TEST(Ac3Test, ADependentSubstreamThatAppearsIsFoundAgain) {
  Ac3Sound sound;
  (void)play(sound, joined({eac3({}), eac3({})}), 0);
  const Bytes sample = joined({eac3({}), eac3({.is_dependent = true})});
  // The first goes out without what belongs to it; from then on samples are whole.
  const auto frames = play(sound, joined({sample, sample, sample}), 5760);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].bytes, sample);
  EXPECT_TRUE(frames[1].frame.has_new_format);
  EXPECT_EQ(sound.counts().malformed, 1U);
}

TEST(Ac3Test, OtherProgramsAreLeftOut) {
  Ac3Sound sound;
  const Bytes sample = joined({eac3({}), eac3({.is_dependent = true})});
  const Bytes other = joined({eac3({.substream = 1}), eac3({.is_dependent = true, .mark = 9})});
  const auto frames = play(sound, joined({sample, other, sample, other, sample}), 0);
  EXPECT_EQ(bytes_of(frames), (std::vector<Bytes>{sample, sample, sample}));
}

TEST(Ac3Test, AHalfSampleBeforeAnotherLayoutIsDropped) {
  Ac3Sound sound;
  const auto frames = play(sound, joined({eac3({.blocks_code = 2}), eac3({}), eac3({})}), 0);
  EXPECT_EQ(sound.counts().malformed, 1U);
  EXPECT_TRUE(frames.empty()) << "the time went with it";
  EXPECT_EQ(play(sound, eac3({}), 9000).size(), 1U);
}

TEST(Ac3Test, DependentSubstreamsWithoutEndAreBounded) {
  Ac3Sound sound;
  (void)play(sound, eac3({}), 0);
  const Bytes more = eac3({.is_dependent = true});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(play(sound, more, std::nullopt).empty());
  const auto frames = play(sound, eac3({}), 2880);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].bytes.size(), 24U * 9);
}

TEST(Ac3Test, AfterAGapSamplesBeginAnew) {
  Ac3Sound sound;
  (void)play(sound, joined({eac3({}), eac3({}), eac3({.blocks_code = 2})}), 0);
  sound.handle_gap();
  EXPECT_EQ(times_of(play(sound, eac3({}), 9000)), std::vector<std::int64_t>{9000});
}

TEST(Ac3Test, FromAc3ToEac3IsANewFormat) {
  Ac3Sound sound;
  (void)play(sound, copy(ByteSpan(from_hex(kAc3)).first(384)), 0);
  EXPECT_EQ(sound.format()->name, "ac-3");
  const auto frames = play(sound, from_hex(kEac3), 2880);
  ASSERT_GE(frames.size(), 1U);
  EXPECT_TRUE(frames[0].frame.has_new_format);
  EXPECT_EQ(sound.format()->codec, Codec::kEac3);
}

TEST(Ac3Test, CutAtAnyByteNothingBreaks) {
  cut_everywhere(Ac3Sound(), from_hex(kEac3));
  cut_everywhere(Ac3Sound(), copy(ByteSpan(from_hex(kAc3)).first(800)));
}

}  // namespace
}  // namespace fanlight::packager
