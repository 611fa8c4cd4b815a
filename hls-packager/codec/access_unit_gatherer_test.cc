#include "codec/access_unit_gatherer.h"

#include <gtest/gtest.h>

#include "codec/bits_fixture.h"
#include "codec/h264.h"

namespace fanlight::packager {
namespace {

TEST(AccessUnitGathererTest, OneIsWholeWithTheHeadOfTheNext) {
  AccessUnitGatherer gatherer(&H264Pictures::role_of, true);
  const Bytes one = from_hex("0000000165885a5a0000010cff80"), two = from_hex("000001419a5a");
  gatherer.append(one);
  EXPECT_FALSE(gatherer.next());
  gatherer.append(ByteSpan(two).first(5));
  EXPECT_FALSE(gatherer.next()) << "more slices may have come";
  gatherer.append(ByteSpan(two).subspan(5));
  const auto got = gatherer.next();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->bytes, one);
  EXPECT_EQ(got->at, 0u);
  EXPECT_EQ(gatherer.take_rest().bytes, two);
}

TEST(AccessUnitGathererTest, WhatIsInFrontOfAPictureIsOfIt) {
  AccessUnitGatherer gatherer(&H264Pictures::role_of, true);
  const Bytes one = from_hex("00000165885a5a"), two = from_hex("00000167640a5a00000106050280000001419a5a");
  gatherer.append(one);
  gatherer.append(two);
  const auto got = gatherer.next();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->bytes, one);
  EXPECT_FALSE(gatherer.next());
  EXPECT_EQ(gatherer.take_rest().bytes, two);
}

TEST(AccessUnitGathererTest, WhatComesBehindALossBeginsWithAnAccessUnit) {
  AccessUnitGatherer gatherer(&H264Pictures::role_of, true);
  gatherer.append(from_hex("00000165885a"));
  gatherer.drop();
  gatherer.append(from_hex("5a5a00000001413a5a5a00"));
  EXPECT_FALSE(gatherer.next());
  EXPECT_FALSE(gatherer.is_in_step());
  gatherer.append(from_hex("000109f0000001419a5a"));
  EXPECT_FALSE(gatherer.next());
  EXPECT_TRUE(gatherer.is_in_step());
  const auto rest = gatherer.take_rest();
  EXPECT_EQ(rest.bytes, from_hex("00000109f0000001419a5a"));
  EXPECT_EQ(rest.at, 16u);
}

TEST(AccessUnitGathererTest, WhatNeverBeginsTakesNoMemory) {
  AccessUnitGatherer gatherer(&H264Pictures::role_of, false);
  for (int i = 0; i < 100; ++i) {
    gatherer.append(from_hex("5a5a5a00000001413a5a"));
    EXPECT_FALSE(gatherer.next());
    EXPECT_LT(gatherer.size(), 16u);
  }
}

}  // namespace
}  // namespace fanlight::packager
