#include "stream/audience.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace fanlight {
namespace {

class AudienceTest : public ::testing::Test {
 protected:
  AudienceTest() {
    for (int i = 0; i < 5; ++i) {
      viewers.emplace_back(Viewer::Opening{}, srt::Sender::Options{});
      EXPECT_TRUE(audience.add(viewers.back()));
    }
  }
  // The rest of the pass.
  std::vector<std::size_t> rest() {
    std::vector<std::size_t> served;
    while (Viewer* viewer = audience.next()) served.push_back(index_of(viewer));
    return served;
  }
  std::size_t index_of(const Viewer* viewer) const {
    for (std::size_t i = 0; i < viewers.size(); ++i)
      if (&viewers[i] == viewer) return i;
    return SIZE_MAX;
  }
  std::deque<Viewer> viewers;
  AudienceRoom room{5};
  Audience audience{room, RoomEnd::From::kFront};
};

using Indices = std::vector<std::size_t>;

TEST_F(AudienceTest, APassGoesToEverybodyOnce) {
  audience.begin_pass();
  EXPECT_EQ(rest(), (Indices{0, 1, 2, 3, 4}));
  EXPECT_TRUE(audience.is_pass_done());
}

TEST_F(AudienceTest, AFullOneTakesNobodyIn) { EXPECT_FALSE(audience.add(viewers[0])); }

TEST_F(AudienceTest, TwoFillTheirRoomFromBothEnds) {
  Audience sealed{room, RoomEnd::From::kBack};
  EXPECT_FALSE(sealed.add(viewers[0]));
  audience.remove(viewers[1]);
  audience.remove(viewers[3]);
  for (int i = 0; i < 2; ++i) viewers.emplace_back(Viewer::Opening{}, srt::Sender::Options{});
  EXPECT_TRUE(sealed.add(viewers[5]));
  EXPECT_TRUE(sealed.add(viewers[6]));
  EXPECT_FALSE(audience.add(viewers[1]));
  sealed.begin_pass();
  EXPECT_EQ(sealed.next(), &viewers[5]);
  EXPECT_EQ(sealed.next(), &viewers[6]);
  EXPECT_EQ(sealed.next(), nullptr);
  audience.begin_pass();
  EXPECT_EQ(rest(), (Indices{0, 4, 2}));
  sealed.remove(viewers[5]);
  EXPECT_TRUE(audience.add(viewers[1]));
  EXPECT_EQ(&sealed.at(0), &viewers[6]);
}

TEST_F(AudienceTest, WhoLeavesAfterItsTurnCostsNobodyTheirs) {
  audience.begin_pass();
  ASSERT_NE(audience.next(), nullptr);
  ASSERT_NE(audience.next(), nullptr);
  audience.remove(viewers[0]);
  EXPECT_TRUE(audience.is_served(viewers[1]));
  EXPECT_FALSE(audience.is_served(viewers[4]));
  EXPECT_EQ(rest(), (Indices{4, 2, 3}));
}

TEST_F(AudienceTest, WhoLeavesBeforeItsTurnIsNotServed) {
  audience.begin_pass();
  ASSERT_NE(audience.next(), nullptr);
  audience.remove(viewers[2]);
  EXPECT_EQ(rest(), (Indices{1, 4, 3}));
}

TEST_F(AudienceTest, TheLastOfEitherHalfMayLeave) {
  audience.begin_pass();
  ASSERT_NE(audience.next(), nullptr);
  ASSERT_NE(audience.next(), nullptr);
  audience.remove(viewers[1]);
  audience.remove(viewers[4]);
  EXPECT_EQ(rest(), (Indices{3, 2}));
  audience.begin_pass();
  EXPECT_EQ(rest().size(), 3u);
}

TEST_F(AudienceTest, WhoHadAPartOfThePassGetsTheRestWhoeverLeaves) {
  constexpr std::size_t kPackets = 3;
  audience.begin_pass();
  audience.note_served(2 * kPackets + 1, kPackets);
  ASSERT_EQ(audience.waiting().front(), &viewers[2].envelope);
  audience.remove(viewers[0]);
  EXPECT_EQ(audience.waiting().front(), &viewers[2].envelope);
  EXPECT_EQ(audience.packets_done(), 1u);
  EXPECT_EQ(audience.waiting().size(), 3u);
  EXPECT_TRUE(audience.is_served(viewers[1]));
  audience.note_served(2, kPackets);
  EXPECT_EQ(audience.packets_done(), 0u);
  EXPECT_TRUE(audience.is_served(viewers[2]));
  EXPECT_EQ(audience.waiting().size(), 2u);
}

TEST_F(AudienceTest, WhatALeaverHadOfThePassIsNotTakenFromTheNext) {
  audience.begin_pass();
  audience.note_served(4, 3);
  audience.remove(viewers[1]);
  EXPECT_EQ(audience.packets_done(), 0u);
  EXPECT_EQ(audience.waiting().size(), 3u);
}

}  // namespace
}  // namespace fanlight
