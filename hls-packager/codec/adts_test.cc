#include "codec/adts.h"

#include "codec/aac_fixture.h"
#include "codec/bits_fixture.h"
#include "codec/sound_fixture.h"

namespace fanlight::packager {
namespace {

Bytes adts(const Bytes& block, bool has_crc = false, std::uint32_t rate = 3, std::uint32_t channels = 2,
           std::uint32_t blocks = 1) {
  const auto bytes = static_cast<std::uint32_t>(block.size() + (has_crc ? 9 : 7));
  TestBits bits;
  bits.bits(0xFFF, 12).bits(0, 1).bits(0, 2).bits(has_crc ? 0 : 1, 1).bits(1, 2).bits(rate, 4).bits(0, 1);
  bits.bits(channels, 3).bits(0, 4).bits(bytes, 13).bits(0x7FF, 11).bits(blocks - 1, 2);
  if (has_crc) bits.bits(0xC0DE, 16);
  return joined({bits.take(), block});
}

TEST(AdtsTest, FramesOfFfmpegAreWhatFfmpegSaysTheyAre) {
  struct Golden {
    std::string_view stream;
    std::string_view record;
    std::uint32_t rate;
    std::uint16_t channels;
  };
  for (const Golden& golden : {Golden{kAac48, kAac48Record, 48'000, 2}, Golden{kAac44, kAac44Record, 44'100, 1},
                               Golden{kAacSurround, kAacSurroundRecord, 48'000, 6}}) {
    AdtsSound sound;
    const auto frames = play(sound, from_hex(golden.stream), 126'000);
    ASSERT_GT(frames.size(), 5U);
    EXPECT_EQ(sound.counts(), (SoundCounts{.frames = frames.size()}));
    ASSERT_TRUE(sound.format());
    EXPECT_EQ(sound.format()->record, from_hex(golden.record));
    EXPECT_EQ(sound.format()->name, "mp4a.40.2");
    EXPECT_EQ(std::get<SoundFormat>(sound.format()->media), (SoundFormat{golden.rate, golden.channels, 1024}));
    EXPECT_TRUE(frames[0].frame.has_new_format);
    EXPECT_TRUE(frames[0].frame.has_own_pts);
    EXPECT_EQ(frames[0].frame.pts_90k, 126'000);
    EXPECT_FALSE(frames[1].frame.has_new_format);
    EXPECT_EQ(frames[3].frame.pts_90k, 126'000 + (3 * 1024 * 90'000 + golden.rate / 2) / golden.rate);
  }
}

TEST(AdtsTest, HoweverTheStreamIsCutTheFramesAreTheSame) {
  const Bytes stream = from_hex(kAac48);
  AdtsSound whole;
  const auto expected = play(whole, stream, 126'000);
  for (const std::size_t piece : {1U, 2U, 7U, 61U, 184U, 500U}) {
    AdtsSound sound;
    const auto frames = play_in_pieces(sound, stream, piece, 126'000);
    EXPECT_EQ(bytes_of(frames), bytes_of(expected)) << piece;
    EXPECT_EQ(times_of(frames), times_of(expected)) << piece;
  }
}

TEST(AdtsTest, ACrcIsLeftOut) {
  AdtsSound sound;
  const auto frames = play(sound, joined({adts(from_hex("21112233"), true), adts(from_hex("2144"))}), 0);
  EXPECT_EQ(bytes_of(frames), (std::vector<Bytes>{from_hex("21112233"), from_hex("2144")}));
}

TEST(AdtsTest, BehindGarbageTheNextFrameIsFound) {
  AdtsSound sound;
  const Bytes one = adts(from_hex("2111"));
  const Bytes two = adts(from_hex("2122"));
  // Half a frame, then something that is none, then a sync word by chance.
  const Bytes stream = joined({one, copy(ByteSpan(one).first(8)), from_hex("00fff1"), two, two});
  const auto frames = play(sound, stream, 0);
  EXPECT_EQ(bytes_of(frames).front(), from_hex("2111"));
  EXPECT_EQ(bytes_of(frames).back(), from_hex("2122"));
  EXPECT_GT(sound.counts().garbage_bytes, 0U);
}

TEST(AdtsTest, AnotherRateOrOtherChannelsAreANewFormat) {
  AdtsSound sound;
  const auto frames = play(sound,
                           joined({adts(from_hex("21")), adts(from_hex("21")), adts(from_hex("21"), false, 4),
                                   adts(from_hex("21"), true, 4), adts(from_hex("21"), false, 4, 1)}),
                           0);
  ASSERT_EQ(frames.size(), 5U);
  std::vector<bool> news;
  for (const KeptFrame& one : frames) news.push_back(one.frame.has_new_format);
  EXPECT_EQ(news, (std::vector<bool>{true, false, true, false, true}));
  EXPECT_EQ(sound.format()->timescale(), 44'100U);
}

TEST(AdtsTest, FramesBeforeTheFirstPtsHaveNoTime) {
  AdtsSound sound;
  EXPECT_TRUE(play(sound, adts(from_hex("21")), std::nullopt).empty());
  const auto frames = play(sound, adts(from_hex("21")), 900);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].frame.has_new_format) << "the first that is handed on";
  EXPECT_EQ(sound.counts().untimed, 1U);
}

TEST(AdtsTest, AfterAGapOnlyAPtsTellsTheTime) {
  AdtsSound sound;
  const Bytes frame = adts(from_hex("2111"));
  (void)play(sound, joined({frame, copy(ByteSpan(frame).first(5))}), 0);
  sound.handle_gap();
  EXPECT_TRUE(play(sound, joined({frame, frame}), std::nullopt).empty());
  EXPECT_EQ(times_of(play(sound, frame, 5000)), std::vector<std::int64_t>{5000});
}

TEST(AdtsTest, SeveralBlocksInAFrameAreNotDividedButTakeTheirTime) {
  AdtsSound sound;
  const auto frames = play(sound, joined({adts(from_hex("2111"), false, 3, 2, 2), adts(from_hex("2122"))}), 0);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].frame.pts_90k, 2 * 1920);
  EXPECT_EQ(sound.counts().unsupported, 1U);
}

TEST(AdtsTest, WithoutAChannelConfigurationTheElementSaysIt) {
  // One pair in front; comment of no letters.
  TestBits bits;
  bits.bits(5, 3).bits(0, 4).bits(1, 2).bits(3, 4).bits(1, 4).bits(0, 4).bits(0, 4).bits(0, 2).bits(0, 3).bits(0, 4);
  const Bytes block = bits.bits(0, 3).bits(1, 1).bits(0, 4).bits(0, 6).bits(0, 8).take();
  AdtsSound sound;
  const Bytes bare = adts(from_hex("2111"), false, 3, 0);
  EXPECT_TRUE(play(sound, bare, 0).empty());
  EXPECT_EQ(sound.counts().malformed, 1U);
  EXPECT_EQ(play(sound, joined({adts(block, false, 3, 0), bare}), 0).size(), 2U) << "it need not be repeated";
  EXPECT_EQ(std::get<SoundFormat>(sound.format()->media).channels, 2);
}

TEST(AdtsTest, HeadersThatSayNothingPossibleAreNone) {
  const Bytes good = adts(from_hex("2111"));
  EXPECT_TRUE(parse_adts_header(good));
  EXPECT_FALSE(parse_adts_header(adts({}))) << "no block";
  EXPECT_FALSE(parse_adts_header(adts(from_hex("21"), false, 13))) << "a reserved rate";
  Bytes layer = good;
  layer[1] |= std::byte{0x02};
  EXPECT_FALSE(parse_adts_header(layer)) << "MPEG audio";
  for (std::size_t size = 0; size < 7; ++size) EXPECT_FALSE(parse_adts_header(ByteSpan(good).first(size)));
}

TEST(AdtsTest, CutAtAnyByteNothingBreaks) { cut_everywhere(AdtsSound(), from_hex(kAac44)); }

}  // namespace
}  // namespace fanlight::packager
