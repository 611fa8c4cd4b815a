#include "stream/history.h"

#include <gtest/gtest.h>

namespace fanlight {
namespace {

class HistoryTest : public ::testing::Test {
 protected:
  Verdict admit(std::int64_t pos) {
    PacketRef packet = pool.take();
    EXPECT_TRUE(packet && packet.resize(1));
    return history.admit({pos}, {pos}, {pos}, packet);
  }
  PacketPool pool{64, 64};
  History history{8};
};

TEST_F(HistoryTest, HoldsWhatItTookByPosition) {
  EXPECT_EQ(admit(0), Verdict::kAccepted);
  EXPECT_EQ(admit(1), Verdict::kAccepted);
  ASSERT_NE(history.find({1}), nullptr);
  EXPECT_EQ(history.find({1})->first_sent, Instant{1});
  EXPECT_EQ(history.find({2}), nullptr);
  EXPECT_EQ(history.next(), PacketPos{2});
}

TEST_F(HistoryTest, ANewPositionRetiresTheOneARingBehind) {
  for (std::int64_t pos = 0; pos < 9; ++pos) admit(pos);
  EXPECT_EQ(history.find({0}), nullptr);
  EXPECT_NE(history.find({1}), nullptr);
  EXPECT_EQ(history.held(), 8u);
  EXPECT_EQ(history.oldest(), PacketPos{1});
  EXPECT_EQ(history.last_retired(), Instant{0});
  EXPECT_EQ(pool.available(), pool.capacity() - 8);
}

TEST_F(HistoryTest, AHoleIsFilledLateOnceAndNotBehindTheRing) {
  admit(0);
  admit(2);
  EXPECT_EQ(admit(1), Verdict::kAcceptedLate);
  EXPECT_EQ(admit(1), Verdict::kDuplicate);
  admit(12);
  EXPECT_EQ(admit(4), Verdict::kTooLate);
  EXPECT_EQ(admit(5), Verdict::kAcceptedLate);
}

TEST_F(HistoryTest, AJumpLeavesNothingOfARingAgo) {
  for (std::int64_t pos = 0; pos < 8; ++pos) admit(pos);
  history.advance_to({1'000'000});
  EXPECT_EQ(history.held(), 0u);
  EXPECT_EQ(pool.available(), pool.capacity());
  EXPECT_EQ(admit(999'999), Verdict::kAcceptedLate);
}

TEST_F(HistoryTest, ARefusedPacketStaysWithItsOwner) {
  admit(0);
  PacketRef packet = pool.take();
  EXPECT_EQ(history.admit({}, {0}, {}, packet), Verdict::kDuplicate);
  EXPECT_TRUE(packet);
}

TEST_F(HistoryTest, GoingBackIsNotAdvancing) {
  admit(5);
  history.advance_to({2});
  EXPECT_EQ(history.next(), PacketPos{6});
  EXPECT_NE(history.find({5}), nullptr);
}

TEST_F(HistoryTest, ClearingGivesEverythingBack) {
  for (std::int64_t pos = 0; pos < 5; ++pos) admit(pos);
  history.clear();
  EXPECT_EQ(history.held(), 0u);
  EXPECT_EQ(pool.available(), pool.capacity());
}

}  // namespace
}  // namespace fanlight
