#include "origin/byte_range.h"

namespace fanlight::packager {
namespace {

std::optional<ByteRange> range_of(std::string_view field, std::uint64_t size) {
  const std::optional<RangeWish> wish = parse_range(field);
  return wish ? wish->of(size) : std::nullopt;
}

TEST(ByteRangeTest, OneRangeIsCutToWhatThereIs) {
  EXPECT_EQ(range_of("bytes=0-", 10), (ByteRange{0, 10}));
  EXPECT_EQ(range_of("Bytes=0-", 10), (ByteRange{0, 10}));
  EXPECT_EQ(range_of("bytes=3-5", 10), (ByteRange{3, 3}));
  EXPECT_EQ(range_of("bytes=9-9", 10), (ByteRange{9, 1}));
  EXPECT_EQ(range_of("bytes=3-99", 10), (ByteRange{3, 7}));
  EXPECT_EQ(range_of("bytes=-4", 10), (ByteRange{6, 4}));
  EXPECT_EQ(range_of("bytes=-40", 10), (ByteRange{0, 10}));
  EXPECT_EQ(range_of("bytes=0-18446744073709551616", 10), (ByteRange{0, 10}));
}

TEST(ByteRangeTest, WhatIsNotThereCannotBeHad) {
  for (const char* field : {"bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"}) {
    ASSERT_TRUE(parse_range(field)) << field;
    EXPECT_FALSE(range_of(field, 10)) << field;
  }
  EXPECT_FALSE(range_of("bytes=0-", 0));
  EXPECT_FALSE(range_of("bytes=-1", 0));
}

TEST(ByteRangeTest, WhatIsNotUnderstoodAsksForTheWhole) {
  for (const char* field : {"", "none", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=1-2,4-5", "bytes=a-b",
                            "items=0-1", "bytes=1", "bytes=+1-2", "bytes=1--2", "bytes= 1-2"})
    EXPECT_FALSE(parse_range(field)) << field;
}

}  // namespace
}  // namespace fanlight::packager
