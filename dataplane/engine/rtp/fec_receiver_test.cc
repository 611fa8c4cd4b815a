#include "engine/rtp/fec_receiver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fanlight::rtp {
namespace {

constexpr PacketPos kFirst{5000};
constexpr std::uint8_t kColumns = 4;

wire::FecPacket row(std::uint8_t columns = kColumns) {
  return {.fec = {.is_row = true, .offset = 1, .count = columns}};
}
wire::FecPacket column(std::uint8_t columns = kColumns, std::uint8_t rows = 4) {
  return {.fec = {.offset = columns, .count = rows}};
}

// A matrix of 4 by 4 begins at position 5000; packets are told by how far behind that they are.
class FecReceiverTest : public ::testing::Test {
 protected:
  FecReceiverTest() { fec.begin_run(kFirst); }
  void hear(std::int64_t n, bool is_bare = true) {
    fec.handle_data(kFirst + n, {.payload_type = 33, .timestamp = static_cast<std::uint32_t>(n * 1000)}, is_bare);
  }
  void hear_all_but(std::initializer_list<std::int64_t> lost, std::int64_t packets = 17) {
    for (std::int64_t n = 0; n < packets; ++n)
      if (std::ranges::find(lost, n) == lost.end()) hear(n);
  }
  FecReceiver::Held hear_fec(std::int64_t n, const wire::FecPacket& packet) {
    return fec.handle_fec(kFirst + n, packet);
  }
  // What is brought back, each noted as it comes.
  std::vector<std::int64_t> repaired(std::int64_t wanted = 0) {
    std::vector<std::int64_t> found;
    while (const auto repair = fec.poll_repair(kFirst + wanted)) {
      found.push_back(repair->missing - kFirst);
      fec.handle_data(repair->missing, repair->header, true);
    }
    return found;
  }
  FecReceiver fec;
};

using Missing = std::vector<std::int64_t>;

TEST_F(FecReceiverTest, ALineThatMissesOnePacketBringsItBack) {
  hear_all_but({2});
  const FecReceiver::Held held = hear_fec(0, row());
  EXPECT_EQ(held.verdict, Verdict::kFec);
  ASSERT_TRUE(held.slot);
  const auto repair = fec.poll_repair(kFirst);
  ASSERT_TRUE(repair);
  EXPECT_EQ(repair->slot, *held.slot);
  EXPECT_EQ(repair->missing, kFirst + 2);
  EXPECT_EQ(repair->line.last(), kFirst + 3);
  EXPECT_FALSE(fec.holds(*held.slot));
}

TEST_F(FecReceiverTest, ALineThatMissesNothingIsNotKept) {
  hear_all_but({});
  const FecReceiver::Held held = hear_fec(0, row());
  EXPECT_EQ(held.verdict, Verdict::kFec);
  EXPECT_FALSE(held.slot);
  EXPECT_EQ(fec.held(), 0u);
}

TEST_F(FecReceiverTest, TheHeaderIsTheExclusiveOrOfAll) {
  hear_all_but({1});
  wire::FecPacket packet = row(5);
  packet.rtp.marker = true;
  packet.fec.payload_type_recovery = 33;  // Of five.
  packet.fec.timestamp_recovery = 0 ^ 1000 ^ 2000 ^ 3000 ^ 4000;
  packet.fec.length_recovery = 1316;
  (void)hear_fec(0, packet);
  const auto repair = fec.poll_repair(kFirst);
  ASSERT_TRUE(repair);
  EXPECT_EQ(repair->header, (wire::RtpHeader{.marker = true, .payload_type = 33, .timestamp = 1000}));
  EXPECT_EQ(repair->neighbours.before, 0u);
  EXPECT_EQ(repair->neighbours.after, 2000u);
  EXPECT_EQ(repair->length_recovery, 1316);
}

// · x x ·    rows 0 and 1 miss two each; columns 1 and 2 as well as row 2 miss one or two
// · x · ·
// · · x ·
// · · · ·
TEST_F(FecReceiverTest, RowsHelpColumnsAndTheOtherWayRound) {
  hear_all_but({1, 2, 5, 10});
  EXPECT_TRUE(hear_fec(0, row()).slot);
  EXPECT_EQ(repaired(), Missing{});
  EXPECT_TRUE(hear_fec(1, column()).slot);
  EXPECT_TRUE(hear_fec(2, column()).slot);
  EXPECT_EQ(repaired(), Missing{}) << "each line misses two";
  (void)hear_fec(4, row());
  EXPECT_EQ(repaired(), (Missing{5, 1, 2, 10}));
  EXPECT_EQ(fec.held(), 0u);
}

TEST_F(FecReceiverTest, FourInARectangleStayLost) {
  hear_all_but({0, 1, 4, 5});
  for (const std::int64_t n : {0, 4}) (void)hear_fec(n, row());
  for (const std::int64_t n : {0, 1}) (void)hear_fec(n, column());
  EXPECT_EQ(repaired(), Missing{});
  EXPECT_EQ(fec.held(), 4u);
}

// GStreamer sends a row's FEC in front of the row's last packet.
TEST_F(FecReceiverTest, WhatIsAheadOfTheNewestIsNotMissedYet) {
  for (std::int64_t n = 0; n < 3; ++n) hear(n);
  EXPECT_TRUE(hear_fec(0, row()).slot);
  EXPECT_EQ(repaired(), Missing{});
  hear(3);
  EXPECT_EQ(repaired(), Missing{});
  EXPECT_EQ(fec.held(), 0u);
  hear_all_but({}, 7);
  (void)hear_fec(4, row());
  hear(8);
  EXPECT_EQ(repaired(), Missing{7});
}

TEST_F(FecReceiverTest, FecBeforeItsPacketsWaitsForThem) {
  EXPECT_EQ(hear_fec(0, column()).verdict, Verdict::kFec);
  hear_all_but({8});
  EXPECT_EQ(repaired(), Missing{8});
}

TEST_F(FecReceiverTest, WhatWasGivenUpIsNotBroughtBack) {
  hear_all_but({1, 6});
  (void)hear_fec(0, row());
  (void)hear_fec(4, row());
  EXPECT_EQ(repaired(2), Missing{6});
  EXPECT_EQ(fec.held(), 0u);
}

TEST_F(FecReceiverTest, NoLineReachesAcrossABeginning) {
  hear_all_but({2});
  (void)hear_fec(0, column());
  (void)hear_fec(0, row());
  fec.begin_run(kFirst + 16);
  EXPECT_EQ(fec.held(), 0u);
  EXPECT_EQ(hear_fec(15, row()).verdict, Verdict::kTooLate);
  EXPECT_EQ(hear_fec(16, row()).verdict, Verdict::kFec);
}

TEST_F(FecReceiverTest, AnotherKindOfFecIsNotUsed) {
  hear_all_but({2});
  const auto refused = [&](auto change) {
    wire::FecPacket packet = row();
    change(packet);
    const FecReceiver::Held held = hear_fec(0, packet);
    EXPECT_EQ(held.slot.has_value(), held.verdict == Verdict::kFec);
    return held.verdict == Verdict::kFecUnsupported;
  };
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.is_extended = false; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.is_reserved_set = true; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.mask = 1; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.type = 1; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.index = 1; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.count = 0; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.count = 21; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.offset = 0; }));
  EXPECT_TRUE(refused([](auto& packet) { packet.fec.offset = 2; })) << "a row of every second packet";
  EXPECT_TRUE(refused([](auto& packet) {
    packet.fec.is_row = false;
    packet.fec.offset = 21;
  }));
  EXPECT_TRUE(refused([](auto& packet) { packet.protects_additions = true; }));
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST_F(FecReceiverTest, WhatItsBytesAreMissingOfProtectsNothing) {
  hear(0, /*is_bare=*/false);
  hear(1);
  hear(4);
  EXPECT_EQ(hear_fec(0, row()).verdict, Verdict::kFecUnsupported);
  EXPECT_TRUE(hear_fec(2, row()).slot);
  hear(5, /*is_bare=*/false);
  EXPECT_EQ(repaired(), Missing{});
  EXPECT_EQ(fec.held(), 0u);
}

TEST_F(FecReceiverTest, WhatIsFarAwayIsNotKept) {
  for (std::int64_t n = 0; n < 2000; ++n)
    if (n % 4 != 0) hear(n);
  EXPECT_EQ(hear_fec(2000 - 1024 - 1, row()).verdict, Verdict::kTooLate);
  EXPECT_EQ(hear_fec(2000 - 1024, row()).verdict, Verdict::kFec);
  EXPECT_EQ(hear_fec(2000 + 509, row()).verdict, Verdict::kOutOfWindow);
  EXPECT_EQ(hear_fec(2000 + 508, row()).verdict, Verdict::kFec);
}

TEST_F(FecReceiverTest, TheOldestLineGivesWay) {
  hear(600);
  for (std::int64_t n = 0; n < 140; ++n) EXPECT_TRUE(hear_fec(n * 4, row()).slot);
  EXPECT_EQ(fec.held(), FecReceiver::kHeldMax);
  hear_all_but({41, 49}, 60);
  EXPECT_EQ(repaired(), Missing{49}) << "the first twelve are gone";
}

TEST_F(FecReceiverTest, APacketOfLongAgoIsNoNewOne) {
  hear(2000);
  hear(2000 - 1024);
  EXPECT_TRUE(hear_fec(1999, row()).slot);
  hear(2001);
  hear(2002);
  EXPECT_EQ(repaired(), Missing{1999});
}

}  // namespace
}  // namespace fanlight::rtp
