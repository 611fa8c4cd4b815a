#include "codec/h264.h"

#include "codec/bits_fixture.h"
#include "codec/h264_fixture.h"
#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

std::vector<unsigned> types_in(ByteSpan sample) {
  std::vector<unsigned> types;
  while (sample.size() > 4) {
    const std::size_t length = load_be32(sample.data());
    if (length == 0 || length > sample.size() - 4) return {};
    types.push_back(std::to_integer<unsigned>(sample[4]) & 0x1F);
    sample = sample.subspan(4 + length);
  }
  return sample.empty() ? types : std::vector<unsigned>{};
}

// A stream of fields or frames, small and complete as far as anybody here reads.
Bytes sps(std::uint32_t id, std::uint32_t width_mbs, bool has_frames_only = false) {
  TestBits bits;
  bits.bits(0x67, 8).bits(77, 8).bits(0, 8).bits(30, 8).ue(id).ue(0).ue(2).ue(1).bits(0, 1);
  bits.ue(width_mbs - 1).ue(8).bits(has_frames_only ? 1 : 0, 1);
  if (!has_frames_only) bits.bits(0, 1);
  return escaped(bits.bits(1, 1).bits(0, 1).bits(0, 1).finish());
}
Bytes pps(std::uint32_t id, std::uint32_t sps_id, std::uint32_t flavour = 0) {
  return escaped(TestBits().bits(0x68, 8).ue(id).ue(sps_id).bits(flavour, 8).finish());
}
Bytes slice(bool is_idr, std::uint32_t pps_id, std::uint32_t frame_number = 0, int field = -1) {
  TestBits bits;
  bits.bits(is_idr ? 0x65 : 0x41, 8).ue(0).ue(7).ue(pps_id).bits(frame_number, 4).bits(field >= 0 ? 1 : 0, 1);
  if (field >= 0) bits.bits(static_cast<std::uint32_t>(field), 1);
  return escaped(bits.bits(0x5A5A, 16).finish());
}
constexpr int kTop = 0;
constexpr int kBottom = 1;

struct Golden {
  std::string_view idr;
  std::string_view next;
  std::string_view record;
  std::string name;
};

// The record is, byte for byte, what ffmpeg's mp4 muxer wrote of the same stream.
TEST(H264Test, RecordsAreWhatFfmpegWrites) {
  for (const Golden& golden : {Golden{kH264BaseIdr, kH264BaseNext, kH264BaseRecord, "avc1.42c01e"},
                               Golden{kH264HighIdr, kH264HighNext, kH264HighRecord, "avc1.640028"},
                               Golden{kH264SarIdr, kH264SarNext, kH264SarRecord, "avc1.42c01e"},
                               Golden{kH264High10Idr, kH264High10Next, kH264High10Record, "avc1.6e0015"},
                               Golden{kH264High422Idr, kH264High422Next, kH264High422Record, "avc1.7a0015"},
                               Golden{kH264High444Idr, kH264High444Next, kH264High444Record, "avc1.f40015"},
                               Golden{kH264MbaffIdr, kH264MbaffNext, kH264MbaffRecord, "avc1.64001e"}}) {
    H264Pictures pictures;
    const CodedPicture idr = pictures.convert(from_hex(golden.idr));
    ASSERT_EQ(idr.verdict, PictureVerdict::kPicture) << golden.name;
    EXPECT_TRUE(idr.is_independent);
    EXPECT_TRUE(idr.has_new_format);
    EXPECT_EQ(idr.structure, PictureStructure::kFrame);
    ASSERT_TRUE(pictures.format());
    EXPECT_EQ(pictures.format()->record, from_hex(golden.record)) << golden.name;
    EXPECT_EQ(pictures.format()->name, golden.name);
    EXPECT_EQ(pictures.format()->codec, Codec::kH264);
    EXPECT_EQ(pictures.format()->timescale(), 90'000U);
    const CodedPicture next = pictures.convert(from_hex(golden.next));
    EXPECT_EQ(next.verdict, PictureVerdict::kPicture);
    EXPECT_FALSE(next.is_independent);
    EXPECT_FALSE(next.has_new_format);
  }
}

TEST(H264Test, ASampleHasSlicesAndSeiAlone) {
  H264Pictures pictures;
  // Delimiter, sets, SEI, filler, slice, end of sequence, end of stream.
  const Bytes captions = from_hex("06 04 03 b50031 80");
  const Bytes unit = annex_b({from_hex("09f0"), sps(0, 8), pps(0, 0), captions, from_hex("0cffff80"), slice(true, 0),
                              from_hex("0a"), from_hex("0b")});
  const CodedPicture picture = pictures.convert(unit);
  ASSERT_EQ(picture.verdict, PictureVerdict::kPicture);
  EXPECT_EQ(types_in(picture.bytes), (std::vector<unsigned>{6, 5}));
  EXPECT_EQ(copy(picture.bytes.subspan(4, captions.size())), captions);
}

TEST(H264Test, NothingIsAPictureBeforeAnIdrWithItsSets) {
  H264Pictures pictures;
  EXPECT_EQ(pictures.convert(annex_b({slice(false, 0)})).verdict, PictureVerdict::kNoParameterSets);
  EXPECT_EQ(pictures.convert(annex_b({slice(true, 0)})).verdict, PictureVerdict::kNoParameterSets);
  EXPECT_EQ(pictures.convert(annex_b({sps(0, 8), pps(0, 0)})).verdict, PictureVerdict::kNoSlice);
  EXPECT_EQ(pictures.convert(annex_b({slice(false, 0)})).verdict, PictureVerdict::kNoParameterSets);
  EXPECT_FALSE(pictures.format());
  EXPECT_TRUE(pictures.convert(annex_b({slice(true, 0)})).has_new_format) << "sets may come in an access unit before";
  EXPECT_EQ(pictures.convert(annex_b({slice(false, 0)})).verdict, PictureVerdict::kPicture);
  EXPECT_EQ(pictures.convert(annex_b({slice(false, 7)})).verdict, PictureVerdict::kNoParameterSets);
}

TEST(H264Test, WhatHoldsNoSliceIsNoPicture) {
  H264Pictures pictures;
  EXPECT_EQ(pictures.convert({}).verdict, PictureVerdict::kNoSlice);
  EXPECT_EQ(pictures.convert(annex_b({from_hex("09f0"), from_hex("0600")})).verdict, PictureVerdict::kNoSlice);
  EXPECT_EQ(pictures.convert(from_hex("0000010000010000000001")).verdict, PictureVerdict::kNoSlice);
  EXPECT_EQ(pictures.convert(annex_b({from_hex("65")})).verdict, PictureVerdict::kMalformed);
  EXPECT_TRUE(pictures.convert(annex_b({from_hex("65")})).bytes.empty());
}

TEST(H264Test, ARecoveryPointIsNotIndependent) {
  H264Pictures pictures;
  (void)pictures.convert(annex_b({sps(0, 8), pps(0, 0), slice(true, 0)}));
  const CodedPicture picture =
      pictures.convert(annex_b({sps(0, 8), pps(0, 0), from_hex("060601c480"), slice(false, 0)}));
  EXPECT_EQ(picture.verdict, PictureVerdict::kPicture);
  EXPECT_FALSE(picture.is_independent);
  EXPECT_EQ(types_in(picture.bytes), (std::vector<unsigned>{6, 1})) << "sets that are in the record leave here too";
}

TEST(H264Test, TheFormatIsJudgedAtEachIdr) {
  H264Pictures pictures;
  EXPECT_TRUE(pictures.convert(annex_b({sps(0, 8), pps(0, 0), slice(true, 0)})).has_new_format);
  EXPECT_FALSE(pictures.convert(annex_b({sps(0, 8), pps(0, 0), slice(true, 0)})).has_new_format);
  EXPECT_TRUE(pictures.convert(annex_b({sps(0, 9), pps(0, 0), slice(true, 0)})).has_new_format);
  EXPECT_EQ(std::get<PictureFormat>(pictures.format()->media).width, 144U);
  EXPECT_TRUE(pictures.convert(annex_b({pps(0, 0, 5), slice(true, 0)})).has_new_format) << "only the picture's set";
}

TEST(H264Test, TheRecordHoldsTheSequenceThatTheIdrRefersTo) {
  H264Pictures pictures;
  const Bytes unit = annex_b({sps(0, 8), sps(3, 9), pps(0, 0), pps(4, 3), pps(9, 3), slice(true, 9)});
  const CodedPicture picture = pictures.convert(unit);
  EXPECT_EQ(types_in(picture.bytes), std::vector<unsigned>{5});
  const H264Sps parsed = *parse_h264_sps(sps(3, 9));
  EXPECT_EQ(pictures.format()->record, write_avcc(parsed, sps(3, 9), {pps(4, 3), pps(9, 3)}));
  EXPECT_FALSE(pictures.convert(annex_b({slice(true, 4)})).has_new_format);
  EXPECT_TRUE(pictures.convert(annex_b({slice(true, 0)})).has_new_format);
}

TEST(H264Test, APicturesSetThatTheRecordLacksStaysInTheSample) {
  H264Pictures pictures;
  (void)pictures.convert(annex_b({sps(0, 8), pps(0, 0), slice(true, 0)}));
  EXPECT_EQ(types_in(pictures.convert(annex_b({pps(0, 0, 9), slice(false, 0)})).bytes), (std::vector<unsigned>{8, 1}));
  EXPECT_EQ(types_in(pictures.convert(annex_b({pps(0, 0), slice(false, 0)})).bytes), std::vector<unsigned>{1});
}

TEST(H264Test, ANewSequencesSetTakesItsPicturesSetsAlong) {
  H264Pictures pictures;
  (void)pictures.convert(annex_b({sps(0, 8), pps(0, 0), pps(1, 0), slice(true, 0)}));
  (void)pictures.convert(annex_b({sps(0, 9), pps(0, 0), slice(true, 0)}));
  EXPECT_EQ(pictures.format()->record, write_avcc(*parse_h264_sps(sps(0, 9)), sps(0, 9), {pps(0, 0)}));
}

TEST(H264Test, TwoFieldsMakeAFrame) {
  H264Pictures pictures;
  const CodedPicture top = pictures.convert(annex_b({sps(0, 8), pps(0, 0), slice(true, 0, 0, kTop)}));
  EXPECT_EQ(top.structure, PictureStructure::kTopField);
  EXPECT_TRUE(top.is_independent);
  const CodedPicture bottom = pictures.convert(annex_b({slice(false, 0, 0, kBottom)}));
  EXPECT_EQ(bottom.structure, PictureStructure::kBottomField);
  EXPECT_TRUE(is_second_field(top, bottom));
  const CodedPicture next = pictures.convert(annex_b({slice(false, 0, 1, kTop)}));
  EXPECT_EQ(next.frame_number, 1U);
  EXPECT_FALSE(is_second_field(bottom, next)) << "another frame";
  EXPECT_FALSE(is_second_field(top, top)) << "the same parity";
  EXPECT_FALSE(is_second_field(pictures.convert(annex_b({slice(false, 0, 1)})), bottom)) << "a frame";
}

TEST(H264Test, BothFieldsInOneAccessUnitAreAFrame) {
  H264Pictures pictures;
  const Bytes unit =
      annex_b({sps(0, 8), pps(0, 0), slice(true, 0, 0, kTop), slice(true, 0, 0, kTop), slice(false, 0, 0, kBottom)});
  const CodedPicture picture = pictures.convert(unit);
  EXPECT_EQ(picture.structure, PictureStructure::kFrame);
  EXPECT_TRUE(picture.is_independent);
  EXPECT_EQ(types_in(picture.bytes), (std::vector<unsigned>{5, 5, 1}));
}

TEST(H264Test, SetsTooLongAreNone) {
  H264Pictures pictures;
  Bytes long_pps = pps(0, 0);
  long_pps.resize(kParameterSetBytesMax + 1, std::byte{0x55});
  EXPECT_EQ(pictures.convert(annex_b({sps(0, 8), long_pps, slice(true, 0)})).verdict, PictureVerdict::kNoParameterSets);
}

TEST(H264Test, CutAtAnyByteNothingBreaks) {
  for (const std::string_view stream : {kH264HighIdr, kH264MbaffIdr}) {
    const Bytes whole = from_hex(stream);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      H264Pictures pictures;
      const CodedPicture picture = pictures.convert(copy(ByteSpan(whole).first(size)));
      if (picture.verdict == PictureVerdict::kPicture) {
        EXPECT_FALSE(types_in(picture.bytes).empty());
        EXPECT_TRUE(pictures.format());
      }
    }
  }
}

}  // namespace
}  // namespace fanlight::packager
