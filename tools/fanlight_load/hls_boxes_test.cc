#include "fanlight_load/hls_boxes.h"

#include <gtest/gtest.h>

#include "fanlight_load/hls_fixture.h"
#include "fanlight_load/hls_piece.h"

namespace fanlight::load {
namespace {

HlsFormat format() {
  const auto format = read_hls_init(hls_init());
  EXPECT_TRUE(format);
  return format ? HlsFormat{format->timescale, 1, 0} : HlsFormat{};
}

std::string trouble(std::vector<std::byte> bytes) {
  const auto read = read_hls_fragments(format(), bytes);
  return read ? "" : read.error().what;
}

TEST(HlsBoxesTest, AnInitSegmentTellsTheTimescale) {
  EXPECT_EQ(format().timescale, 30u);
  std::vector<std::byte> cut = hls_init();
  cut.pop_back();
  EXPECT_FALSE(read_hls_init(cut));
  EXPECT_FALSE(read_hls_init(hls_fragment(0, 1)));
}

TEST(HlsBoxesTest, AFragmentIsAStretchOfMediaTime) {
  const auto read = read_hls_fragments(format(), hls_fragment(600, 6));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->decode_time, 600u);
  EXPECT_EQ(read->duration, 6u);
  EXPECT_EQ(read->last_sample, 1u);
}

TEST(HlsBoxesTest, SeveralFragmentsGoOn) {
  std::vector<std::byte> two = hls_fragment(600, 6);
  const std::vector<std::byte> next = hls_fragment(606, 2), other = hls_fragment(607, 2);
  std::vector<std::byte> hole = two;
  two.insert(two.end(), next.begin(), next.end());
  hole.insert(hole.end(), other.begin(), other.end());
  EXPECT_EQ(trouble(two), "");
  EXPECT_EQ(trouble(hole), "fragments whose times do not go on");
}

TEST(HlsBoxesTest, SizesAddUp) {
  std::vector<std::byte> cut = hls_fragment(600, 6);
  cut.pop_back();
  EXPECT_EQ(trouble(cut), "box sizes do not add up");
  EXPECT_EQ(trouble(hls_fragment(600, 6, 5)), "samples of 30 bytes in an mdat of 24");
  EXPECT_EQ(trouble({}), "no moof");
}

TEST(HlsBoxesTest, NoCutOfAFragmentReadsPastIt) {
  const std::vector<std::byte> whole = hls_fragment(600, 6);
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_NE(trouble({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}), "") << size;
}

TEST(HlsPieceTest, WhoeverIsFurthestIsComparedWith) {
  const std::vector<std::byte> bytes = hls_fragment(600, 6);
  HlsPiece piece;
  EXPECT_TRUE(piece.is_length(bytes.size()));
  EXPECT_FALSE(piece.is_length(bytes.size() + 1));
  const ByteSpan all(bytes);
  EXPECT_TRUE(piece.take(0, all.first(10)));
  EXPECT_TRUE(piece.take(0, all.first(20))) << "another, who overtakes";
  EXPECT_TRUE(piece.take(10, all.subspan(10, 5)));
  EXPECT_FALSE(piece.is_whole());
  EXPECT_TRUE(piece.take(20, all.subspan(20)));
  EXPECT_TRUE(piece.is_whole());
  std::vector<std::byte> other = bytes;
  other[30] ^= std::byte{1};
  EXPECT_TRUE(piece.take(0, ByteSpan(other).first(30)));
  EXPECT_FALSE(piece.take(30, ByteSpan(other).subspan(30)));
  EXPECT_TRUE(std::ranges::equal(piece.bytes(), bytes)) << "the first stay";
}

}  // namespace
}  // namespace fanlight::load
