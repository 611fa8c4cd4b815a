#include "codec/h265.h"

#include "codec/bits_fixture.h"
#include "codec/h265_fixture.h"
#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

constexpr unsigned kTrailing = 1;
constexpr unsigned kBla = 16;
constexpr unsigned kIdrWithLeading = 19;
constexpr unsigned kIdr = 20;
constexpr unsigned kCra = 21;
constexpr unsigned kSei = 39;

std::vector<unsigned> types_in(ByteSpan sample) {
  std::vector<unsigned> types;
  while (sample.size() > 4) {
    const std::size_t length = load_be32(sample.data());
    if (length == 0 || length > sample.size() - 4) return {};
    types.push_back(std::to_integer<unsigned>(sample[4]) >> 1 & 0x3F);
    sample = sample.subspan(4 + length);
  }
  return sample.empty() ? types : std::vector<unsigned>{};
}

std::vector<Bytes> sets_of(std::string_view access_unit_hex) {
  const Bytes access_unit = from_hex(access_unit_hex);
  std::vector<Bytes> sets;
  NalUnits units(access_unit);
  while (const auto unit = units.next()) {
    const unsigned type = std::to_integer<unsigned>((*unit)[0]) >> 1 & 0x3F;
    if (type >= 32 && type <= 34) sets.push_back(copy(*unit));
  }
  return sets;
}

Bytes slice(unsigned type, std::uint32_t pps_id = 0, unsigned layer = 0) {
  TestBits bits;
  bits.bits(0, 1).bits(type, 6).bits(layer, 6).bits(1, 3).bits(1, 1);
  if (type >= 16 && type <= 23) bits.bits(0, 1);
  return escaped(bits.ue(pps_id).bits(0x5A5A, 16).finish());
}

Bytes sei() { return from_hex("4e01 04 03 b50031 80"); }

struct Golden {
  std::string_view idr;
  std::string_view next;
  std::string_view record;
  std::string name;
};

// The record is, byte for byte, what ffmpeg's mp4 muxer wrote of the same stream.
TEST(H265Test, RecordsAreWhatFfmpegWrites) {
  for (const Golden& golden : {Golden{kH265MainIdr, kH265MainNext, kH265MainRecord, "hvc1.1.6.L120.90"},
                               Golden{kH265Main10Idr, kH265Main10Next, kH265Main10Record, "hvc1.2.4.L63.90"},
                               Golden{kH265Rext422Idr, kH265Rext422Next, kH265Rext422Record, "hvc1.4.10.L60.9D.8"},
                               Golden{kH265Rext444Idr, kH265Rext444Next, kH265Rext444Record, "hvc1.4.10.L60.9E.8"}}) {
    H265Pictures pictures;
    const CodedPicture idr = pictures.convert(from_hex(golden.idr));
    ASSERT_EQ(idr.verdict, PictureVerdict::kPicture) << golden.name;
    EXPECT_TRUE(idr.is_independent);
    EXPECT_TRUE(idr.has_new_format);
    EXPECT_EQ(types_in(idr.bytes), std::vector<unsigned>{kIdr});
    ASSERT_TRUE(pictures.format());
    EXPECT_EQ(pictures.format()->record, from_hex(golden.record)) << golden.name;
    EXPECT_EQ(pictures.format()->name, golden.name);
    const CodedPicture next = pictures.convert(from_hex(golden.next));
    EXPECT_EQ(next.verdict, PictureVerdict::kPicture);
    EXPECT_FALSE(next.is_independent);
    EXPECT_EQ(types_in(next.bytes), std::vector<unsigned>{kTrailing});
  }
}

TEST(H265Test, OnlyAnIdrIsIndependent) {
  H265Pictures pictures;
  (void)pictures.convert(from_hex(kH265MainIdr));
  EXPECT_TRUE(pictures.convert(annex_b({slice(kIdrWithLeading)})).is_independent);
  EXPECT_TRUE(pictures.convert(annex_b({slice(kIdr)})).is_independent);
  for (const unsigned type : {kCra, kBla, kTrailing}) {
    const CodedPicture picture = pictures.convert(annex_b({slice(type)}));
    EXPECT_EQ(picture.verdict, PictureVerdict::kPicture);
    EXPECT_FALSE(picture.is_independent);
  }
}

TEST(H265Test, ASampleHasSlicesAndSeiOfTheBaseLayerAlone) {
  H265Pictures pictures;
  (void)pictures.convert(from_hex(kH265MainIdr));
  const CodedPicture picture =
      pictures.convert(annex_b({from_hex("460150"), sei(), slice(kTrailing), slice(kTrailing, 0, 1),
                                from_hex("4c01ff80"), from_hex("4801"), from_hex("4a01"), from_hex("50015a")}));
  EXPECT_EQ(types_in(picture.bytes), (std::vector<unsigned>{kSei, kTrailing, 40}));
}

TEST(H265Test, NothingIsAPictureBeforeAnIdrWithItsSets) {
  const std::vector<Bytes> sets = sets_of(kH265MainIdr);
  H265Pictures pictures;
  EXPECT_EQ(pictures.convert(annex_b({slice(kIdr)})).verdict, PictureVerdict::kNoParameterSets);
  EXPECT_EQ(pictures.convert(annex_b({sets[1], sets[2], slice(kIdr)})).verdict, PictureVerdict::kNoParameterSets);
  EXPECT_EQ(pictures.convert(annex_b({sets[0]})).verdict, PictureVerdict::kNoSlice);
  EXPECT_EQ(pictures.convert(annex_b({slice(kCra)})).verdict, PictureVerdict::kNoParameterSets);
  EXPECT_TRUE(pictures.convert(annex_b({slice(kIdr)})).has_new_format);
  EXPECT_EQ(pictures.convert(annex_b({from_hex("4001"), from_hex("28")})).verdict, PictureVerdict::kNoSlice);
  EXPECT_EQ(pictures.convert(annex_b({from_hex("2801")})).verdict, PictureVerdict::kMalformed);
}

TEST(H265Test, TheFormatIsJudgedAtEachIdr) {
  H265Pictures pictures;
  EXPECT_TRUE(pictures.convert(from_hex(kH265MainIdr)).has_new_format);
  EXPECT_FALSE(pictures.convert(from_hex(kH265MainIdr)).has_new_format);
  EXPECT_TRUE(pictures.convert(from_hex(kH265Main10Idr)).has_new_format);
  EXPECT_EQ(pictures.format()->record, from_hex(kH265Main10Record)) << "no set of the stream before is left";
  EXPECT_EQ(std::get<PictureFormat>(pictures.format()->media).width, 322U);
}

TEST(H265Test, APicturesSetThatTheRecordLacksStaysInTheSample) {
  H265Pictures pictures;
  (void)pictures.convert(from_hex(kH265MainIdr));
  const std::vector<Bytes> sets = sets_of(kH265MainIdr);
  EXPECT_EQ(types_in(pictures.convert(annex_b({sets[0], sets[1], sets[2], slice(kTrailing)})).bytes),
            std::vector<unsigned>{kTrailing});
  Bytes other = sets[2];
  other.back() ^= std::byte{0x10};
  EXPECT_EQ(types_in(pictures.convert(annex_b({other, slice(kTrailing)})).bytes),
            (std::vector<unsigned>{34, kTrailing}));
}

TEST(H265Test, TheRecordSaysHowPicturesAreSegmented) {
  H265Sps sps;
  sps.spatial_segmentation_min = 77;
  const std::vector<std::byte> record = write_hvcc(sps, 3, {});
  EXPECT_EQ(copy(ByteSpan(record).subspan(13, 3)), from_hex("f04d ff"));
}

TEST(H265Test, CutAtAnyByteNothingBreaks) {
  const Bytes whole = from_hex(kH265MainIdr);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    H265Pictures pictures;
    const CodedPicture picture = pictures.convert(copy(ByteSpan(whole).first(size)));
    if (picture.verdict == PictureVerdict::kPicture) {
      EXPECT_FALSE(types_in(picture.bytes).empty());
      EXPECT_TRUE(pictures.format());
    }
  }
}

}  // namespace
}  // namespace fanlight::packager
