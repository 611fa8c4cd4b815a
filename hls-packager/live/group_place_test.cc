#include "live/group_place.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

// Segments of a second; 8 was cut short in front of a discontinuity, 9 is the newest.
GroupPlace place() {
  constexpr std::int64_t kSecond = kMediaClock;
  return {.newest = {{7, {100 * kSecond, 1}}, {8, {101 * kSecond, 1}}, {9, {101 * kSecond + 45'000, 2}}},
          .step = kSecond,
          .clock = {}};
}

std::optional<std::uint64_t> number_at(std::int64_t at) {
  const std::optional<NumberedPlace> found = segment_at(place(), at);
  return found ? std::optional(found->msn) : std::nullopt;
}

TEST(GroupPlaceTest, SegmentsThatAreKnownAreFoundByWhereTheyBegin) {
  EXPECT_EQ(number_at(100 * kMediaClock), 7u);
  EXPECT_EQ(number_at(101 * kMediaClock + kGroupSlack), 8u);
  EXPECT_EQ(segment_at(place(), 101 * kMediaClock + 45'000)->place.discontinuities, 2u);
}

TEST(GroupPlaceTest, ThoseToComeAreWhereTheyWillBe) {
  EXPECT_EQ(number_at(102 * kMediaClock + 45'000), 10u);
  EXPECT_EQ(number_at(104 * kMediaClock + 45'000 - kGroupSlack), 12u);
  EXPECT_EQ(segment_at(place(), 102 * kMediaClock + 45'000)->place.discontinuities, 2u);
}

TEST(GroupPlaceTest, ElsewhereNoneBegins) {
  for (const std::int64_t at : {99 * kMediaClock, 100 * kMediaClock + 45'000, 102 * kMediaClock,
                                101 * kMediaClock + 45'000 + kGroupSlack + 1, 200 * kMediaClock + 45'000})
    EXPECT_EQ(number_at(at), std::nullopt) << at;
}

}  // namespace
}  // namespace fanlight::packager
