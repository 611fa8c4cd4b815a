#include "protect/sample_protector.h"

#include <gtest/gtest.h>

#include <array>

#include "cmaf/fragment.h"
#include "cmaf/init_segment.h"
#include "codec/h264.h"
#include "codec/h264_fixture.h"
#include "codec/h265.h"
#include "codec/h265_fixture.h"
#include "codec/nal_units.h"
#include "protect/test_decryptor.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

KeyRing two_keys() {
  return {.keys = *parse_keys("000102030405060708090a0b0c0d0e0f:2b7e151628aed2a6abf7158809cf4f3c\n"
                              "101112131415161718191a1b1c1d1e1f:3c4fcf098815f7aba6d2ae2816157e2b\n"),
          .rotate_segments = 1};
}

Bytes joined(std::span<const Sample> samples) {
  Bytes all;
  for (const Sample& one : samples) all.insert(all.end(), one.bytes.begin(), one.bytes.end());
  return all;
}

Sample sample(ByteSpan bytes) { return {.bytes = bytes, .decode_time = 0, .duration = 3'000}; }

// Both keys, through the boxes and back.
template <class Pictures>
void expect_round_trip(std::string_view idr, std::string_view next) {
  Pictures pictures;
  const CodedPicture first = pictures.convert(from_hex(idr));
  const Bytes first_bytes = copy(first.bytes), next_bytes = copy(pictures.convert(from_hex(next)).bytes);
  const KeyRing ring = two_keys();
  SampleProtector protector(*pictures.format());
  for (const std::size_t slot : {0u, 1u}) {
    std::array samples{sample(first_bytes), sample(next_bytes)};
    const Bytes clear = joined(samples);
    const FragmentProtection said = protector.protect(ring, slot, samples);
    EXPECT_NE(joined(samples), clear);
    const SharedBytes part = write_fragment({.protection = &said}, samples);
    const KeyMark key = ring.mark_of(0);
    TestDecryptor decryptor(write_init_segment(*pictures.format(), "und", &key).span(), ring);
    EXPECT_TRUE(decryptor.is_encrypted());
    EXPECT_EQ(decryptor.media_of(part.span()), clear);
    EXPECT_EQ(decryptor.key_id(), key_id_text(ring.keys[slot].id));
  }
  EXPECT_EQ(protector.slices_left_clear(), 0u);
}

TEST(SampleProtectorTest, PicturesComeBackFromWhatTheBoxesSay) {
  expect_round_trip<H264Pictures>(kH264BaseIdr, kH264BaseNext);
  expect_round_trip<H264Pictures>(kH264HighIdr, kH264HighNext);
  expect_round_trip<H264Pictures>(kH264MbaffIdr, kH264MbaffNext);
  expect_round_trip<H265Pictures>(kH265MainIdr, kH265MainNext);
  expect_round_trip<H265Pictures>(kH265Rext422Idr, kH265Rext422Next);
}

TEST(SampleProtectorTest, LengthsHeadersAndOtherUnitsAreInTheClear) {
  H264Pictures pictures;
  const Bytes bytes = copy(pictures.convert(from_hex(kH264MbaffIdr)).bytes);  // SEI in front of the slice.
  SampleProtector protector(*pictures.format());
  std::array samples{sample(bytes)};
  const FragmentProtection said = protector.protect(two_keys(), 0, samples);
  ASSERT_EQ(said.subsamples.size(), 1u);
  // 4 + 5 of SEI, 4 of a length, the slice's header.
  const std::size_t head = load_be32(bytes.data()) + 4 + 4 + 6;
  ASSERT_EQ(said.subsamples[0].front().clear, head);
  EXPECT_EQ(said.subsamples[0].front().covered % kCipherBlockBytes, 0u);
  EXPECT_GT(said.subsamples[0].front().covered + kCipherBlockBytes, bytes.size() - head);
  EXPECT_EQ(hex_of(samples[0].bytes.first(head)), hex_of(ByteSpan(bytes).first(head)));
  EXPECT_NE(hex_of(samples[0].bytes.subspan(head, 16)), hex_of(ByteSpan(bytes).subspan(head, 16)));
  ASSERT_LT(bytes.size(), head + 10 * 16);
  EXPECT_EQ(hex_of(samples[0].bytes.subspan(head + 16)), hex_of(ByteSpan(bytes).subspan(head + 16)));
}

TEST(SampleProtectorTest, SoundIsCoveredFromEndToEnd) {
  const TrackFormat format{.codec = Codec::kAac,
                           .name = "mp4a.40.2",
                           .record = from_hex("1190"),
                           .media = SoundFormat{.sample_rate = 48'000, .channels = 2, .samples_per_frame = 1024}};
  const KeyRing ring = two_keys();
  SampleProtector protector(format);
  const Bytes long_one(100, std::byte{7}), short_one(5, std::byte{8});
  for (const std::size_t slot : {0u, 1u}) {
    std::array samples{sample(long_one), sample(short_one)};
    const Bytes clear = joined(samples);
    const FragmentProtection said = protector.protect(ring, slot, samples);
    EXPECT_TRUE(said.subsamples.empty());
    EXPECT_EQ(hex_of(samples[0].bytes.last(4)), "07070707");  // No whole block.
    EXPECT_EQ(hex_of(samples[1].bytes), "0808080808");
    const KeyMark key = ring.mark_of(0);
    TestDecryptor decryptor(write_init_segment(format, "und", &key).span(), ring);
    EXPECT_EQ(decryptor.media_of(write_fragment({.protection = &said}, samples).span()), clear);
  }
}

class ManySlicesTest : public testing::Test {
 protected:
  ManySlicesTest() {
    H264Pictures pictures;
    const Bytes sample_bytes = copy(pictures.convert(from_hex(kH264BaseIdr)).bytes);
    slice_ = {sample_bytes.begin() + 4, sample_bytes.begin() + 4 + 200};
    format_ = *pictures.format();
  }
  std::size_t covered_of(const Bytes& bytes) {
    SampleProtector protector(format_);
    std::array samples{sample(bytes)};
    const FragmentProtection said = protector.protect(two_keys(), 0, samples);
    EXPECT_LE(said.subsamples[0].size(), kSubsamplesMax);
    std::size_t all = 0, covered = 0;
    for (const Subsample& one : said.subsamples[0]) {
      all += one.clear + std::size_t{one.covered};
      covered += one.covered > 0 ? 1 : 0;
    }
    EXPECT_EQ(all, bytes.size());
    left_clear_ = protector.slices_left_clear();
    return covered;
  }
  Bytes slice_;
  TrackFormat format_;
  std::uint64_t left_clear_ = 0;
};

// The size of what is said of a sample has eight bits.
TEST_F(ManySlicesTest, SlicesBeyondWhatCanBeSaidStayInTheClear) {
  for (const std::size_t slices : {41u, 42u, 60u, 500u}) {
    Bytes bytes;
    for (std::size_t i = 0; i < slices; ++i) append_unit(bytes, slice_);
    const std::size_t covered = covered_of(bytes);
    EXPECT_GE(covered, std::min<std::size_t>(slices, 39));
    EXPECT_EQ(covered + left_clear_, slices);
  }
}

TEST_F(ManySlicesTest, LongClearUnitsAreSeveralSubsamples) {
  Bytes bytes, sei(200'000, std::byte{1});
  sei[0] = std::byte{6};
  append_unit(bytes, sei);
  append_unit(bytes, slice_);
  EXPECT_EQ(covered_of(bytes), 1u);
}

TEST_F(ManySlicesTest, TooMuchToBeSaidInTheClearIsCovered) {
  Bytes bytes, sei(4'000'000, std::byte{1});
  sei[0] = std::byte{6};
  append_unit(bytes, slice_);
  append_unit(bytes, sei);
  EXPECT_EQ(covered_of(bytes), 1u);
}

TEST_F(ManySlicesTest, ASliceWhoseHeaderCannotBeReadStaysInTheClear) {
  Bytes bytes;
  append_unit(bytes, Bytes(64, std::byte{0x41}));
  append_unit(bytes, slice_);
  EXPECT_EQ(covered_of(bytes), 1u);
  EXPECT_EQ(left_clear_, 1u);
  // Lengths that lie: what is no unit is clear.
  EXPECT_EQ(covered_of(from_hex("ffffffff 65")), 0u);
  EXPECT_EQ(covered_of(from_hex("00")), 0u);
}

}  // namespace
}  // namespace fanlight::packager
