#include "ingest/rtp_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

namespace fanlight::packager {
namespace {

class RtpOrderTest : public testing::Test {
 protected:
  // What may go on after that, a letter a packet.
  std::string take(std::uint16_t seq, char payload, std::uint32_t ssrc = 1) {
    const std::byte byte{static_cast<unsigned char>(payload)};
    late_ += order_.handle(now_, ssrc, seq, ByteSpan(&byte, 1)) ? 0 : 1;
    return polled();
  }
  std::string wait(Micros span) {
    now_ = now_ + span;
    order_.handle_timeout(now_);
    return polled();
  }
  std::string polled() {
    std::string text;
    while (const auto one = order_.poll()) text += static_cast<char>(std::to_integer<unsigned char>(one->front()));
    all_ += text;
    return text;
  }

  RtpOrder order_;
  Instant now_{};
  std::string all_;  // That went on so far.
  int late_ = 0;
};

TEST_F(RtpOrderTest, WhatIsInOrderPassesAtOnce) {
  EXPECT_EQ(take(65'534, 'a'), "a");
  EXPECT_EQ(take(65'535, 'b'), "b");
  EXPECT_EQ(take(0, 'c'), "c");
  EXPECT_FALSE(order_.is_holding());
}

TEST_F(RtpOrderTest, NeighboursThatChangedPlacesChangeBack) {
  EXPECT_EQ(take(65'535, 'a'), "a");
  EXPECT_EQ(take(1, 'c'), "");
  EXPECT_EQ(take(0, 'b'), "bc");
  EXPECT_EQ(take(4, 'f'), "");
  EXPECT_EQ(take(3, 'e'), "");
  EXPECT_EQ(take(2, 'd'), "def");
  EXPECT_EQ(late_, 0);
}

TEST_F(RtpOrderTest, WhatIsLostIsWaitedForForFourPackets) {
  EXPECT_EQ(take(1, 'a'), "a");
  for (std::uint16_t seq = 3; seq < 7; ++seq) EXPECT_EQ(take(seq, 'b'), "");
  EXPECT_EQ(take(7, 'c'), "bbbbc");
  EXPECT_EQ(take(2, 'x'), "");
  EXPECT_EQ(take(8, 'd'), "d");
  EXPECT_EQ(late_, 1);
}

TEST_F(RtpOrderTest, AndForTwentyMilliseconds) {
  EXPECT_EQ(take(1, 'a'), "a");
  EXPECT_EQ(take(3, 'c'), "");
  EXPECT_EQ(take(5, 'e'), "");
  EXPECT_EQ(wait(millis(19)), "");
  EXPECT_EQ(wait(millis(1)), "c") << "the second gap has its own time";
  EXPECT_EQ(wait(millis(19)), "");
  EXPECT_EQ(wait(millis(1)), "e");
  EXPECT_FALSE(order_.is_holding());
  EXPECT_EQ(wait(millis(100)), "");
}

TEST_F(RtpOrderTest, WhatComesTwiceIsLeftOut) {
  take(1, 'a'), take(1, 'x'), take(3, 'c'), take(3, 'x'), take(2, 'b'), take(3, 'x');
  EXPECT_EQ(all_, "abc");
  EXPECT_EQ(late_, 3);
}

TEST_F(RtpOrderTest, AnotherSourceBeginsAnewBehindWhatWasHeld) {
  take(1, 'a'), take(3, 'b'), take(900, 'c', 2), take(901, 'd', 2);
  EXPECT_EQ(all_, "abcd");
  take(2, 'e'), take(3, 'f');
  EXPECT_EQ(all_, "abcdef") << "and the first again";
}

TEST_F(RtpOrderTest, FarFromWhereItWasItBeginsAnew) {
  take(100, 'a'), take(102, 'b'), take(140, 'c'), take(141, 'd'), take(41'000, 'e'), take(41'001, 'f');
  EXPECT_EQ(all_, "abcdef");
  EXPECT_EQ(late_, 0);
}

TEST_F(RtpOrderTest, SwappedNeighboursOfALongStreamAreNoLoss) {
  std::mt19937 random(1);
  std::vector<std::uint16_t> sent(100'000);
  std::iota(sent.begin(), sent.end(), std::uint16_t{60'000});
  std::vector<std::uint16_t> came = sent;
  for (std::size_t i = 2; i < came.size(); i += 2)
    if (random() % 10 == 0) std::swap(came[i - 1], came[i]);
  std::vector<std::uint16_t> taken;
  for (const std::uint16_t seq : came) {
    const std::array bytes{std::byte(seq >> 8), std::byte(seq & 0xFF)};
    EXPECT_TRUE(order_.handle(now_, 1, seq, bytes));
    while (const auto one = order_.poll())
      taken.push_back(
          static_cast<std::uint16_t>(std::to_integer<int>((*one)[0]) << 8 | std::to_integer<int>((*one)[1])));
  }
  EXPECT_EQ(taken, sent);
}

}  // namespace
}  // namespace fanlight::packager
