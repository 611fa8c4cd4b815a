#include <gtest/gtest.h>

#include "codec/h264_slice_header.h"
#include "codec/h265_slice_header.h"
#include "codec/slice_fixture.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

template <class Headers>
void expect_sizes(const SliceFixture& fixture) {
  Headers headers;
  for (const std::string_view set : fixture.sets) headers.take_set(from_hex(set));
  for (const SliceFixture::Slice& slice : fixture.slices) {
    if (slice.unit.empty()) continue;
    EXPECT_EQ(headers.size_of(from_hex(slice.unit)), slice.header) << slice.unit;
  }
}

TEST(SliceHeaderTest, H264SlicesOfEveryKind) {
  expect_sizes<H264SliceHeaders>(kH264Baseline);
  expect_sizes<H264SliceHeaders>(kH264Weighted);  // Predicted weights, marked references, several slices.
  expect_sizes<H264SliceHeaders>(kH264Interlaced);
}

TEST(SliceHeaderTest, H265SlicesOfEveryKind) {
  expect_sizes<H265SliceHeaders>(kH265Slices);
  expect_sizes<H265SliceHeaders>(kH265Weighted);   // 4:2:2 of ten bits, weighted both ways.
  expect_sizes<H265SliceHeaders>(kH265Wavefront);  // An entry point for each row of blocks.
}

// Cut anywhere within the header, nothing is told; behind it, the same.
template <class Headers>
void expect_no_size_when_cut(const SliceFixture& fixture) {
  Headers headers;
  for (const std::string_view set : fixture.sets) headers.take_set(from_hex(set));
  for (const SliceFixture::Slice& slice : fixture.slices) {
    const Bytes unit = from_hex(slice.unit);
    for (std::size_t size = 0; size < unit.size(); ++size) {
      const auto told = headers.size_of(ByteSpan(unit).first(size));
      if (size + 1 < slice.header) {
        EXPECT_FALSE(told) << slice.unit << " of " << size;
      } else if (size >= slice.header) {
        EXPECT_EQ(told, slice.header) << slice.unit << " of " << size;
      }
    }
  }
}

TEST(SliceHeaderTest, ACutHeaderHasNoSize) {
  expect_no_size_when_cut<H264SliceHeaders>(kH264Weighted);
  expect_no_size_when_cut<H265SliceHeaders>(kH265Weighted);
}

TEST(SliceHeaderTest, WithoutItsSetsASliceHasNoSize) {
  EXPECT_FALSE(H264SliceHeaders().size_of(from_hex(kH264Weighted.slices[0].unit)));
  EXPECT_FALSE(H265SliceHeaders().size_of(from_hex(kH265Weighted.slices[0].unit)));
}

TEST(SliceHeaderTest, OtherUnitsAreNoSlices) {
  H264SliceHeaders headers;
  for (const std::string_view set : kH264Weighted.sets) headers.take_set(from_hex(set));
  for (const std::string_view set : kH264Weighted.sets) EXPECT_FALSE(headers.size_of(from_hex(set)));
  EXPECT_FALSE(headers.size_of(from_hex("0605ffffffffffffff")));
  EXPECT_FALSE(headers.size_of({}));
}

TEST(SliceHeaderTest, ReferenceSetsArePredictedFromEarlierOnes) {
  // Two pictures before, both used; then predicted from it with a distance of -1: what is at -1, -2 is at -2, -3, and
  // the one between is -1.
  const Bytes bits_text = from_hex("7ffc");
  BitReader first(bits_text);
  std::vector<H265ReferenceSet> sets{parse_reference_set(first, {}, false)};
  EXPECT_EQ(sets[0].before, (std::vector<H265ReferenceSet::Picture>{{-1, true}, {-2, true}}));
  EXPECT_TRUE(sets[0].after.empty());
  sets.push_back(parse_reference_set(first, sets, false));
  EXPECT_EQ(sets[1].before, (std::vector<H265ReferenceSet::Picture>{{-1, true}, {-2, true}, {-3, true}}));
  EXPECT_TRUE(sets[1].after.empty());
  EXPECT_FALSE(first.failed());
}

}  // namespace
}  // namespace fanlight::packager
