#include "codec/frame_scanner.h"

#include "codec/frame_clock.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

// A made-up codec: fa, the length of the whole frame, and what is left of it.
constexpr std::size_t kHead = 2;
std::size_t measure(ByteSpan bytes) { return bytes[0] == std::byte{0xFA} ? std::to_integer<std::size_t>(bytes[1]) : 0; }

struct Polled {
  Bytes bytes;
  std::optional<std::int64_t> pts;
  friend bool operator==(const Polled&, const Polled&) = default;
};

class FrameScannerTest : public testing::Test {
 protected:
  std::vector<Polled> play(std::string_view hex, std::optional<std::int64_t> pts = std::nullopt) {
    scanner_.handle_pes(from_hex(hex), pts);
    std::vector<Polled> all;
    while (const auto frame = scanner_.poll_frame(measure)) all.push_back({copy(frame->bytes), frame->pts});
    return all;
  }
  FrameScanner scanner_{kHead};
};

TEST_F(FrameScannerTest, SeveralFramesShareAPacketAndItsPtsIsTheFirstOnes) {
  EXPECT_EQ(play("fa0311 fa0422 33", 900),
            (std::vector<Polled>{{from_hex("fa0311"), 900}, {from_hex("fa042233"), std::nullopt}}));
}

TEST_F(FrameScannerTest, AFrameIsTakenWithItsLastByte) {
  EXPECT_EQ(play("fa0411", 900), std::vector<Polled>{});
  EXPECT_EQ(play("22"), (std::vector<Polled>{{from_hex("fa041122"), 900}}));
}

TEST_F(FrameScannerTest, APtsBelongsToTheFirstFrameThatStartsInItsPacket) {
  EXPECT_EQ(play("fa0411", 900), std::vector<Polled>{});
  EXPECT_EQ(play("22 fa0311", 1000), (std::vector<Polled>{{from_hex("fa041122"), 900}, {from_hex("fa0311"), 1000}}));
}

TEST_F(FrameScannerTest, APtsOfAPacketInWhichNoFrameStartsIsNobodys) {
  EXPECT_EQ(play("fa0611", 900), std::vector<Polled>{});
  EXPECT_EQ(play("2233", 1000), std::vector<Polled>{});
  EXPECT_EQ(play("44"), (std::vector<Polled>{{from_hex("fa0611223344"), 900}}));
  EXPECT_EQ(play("fa0311"), (std::vector<Polled>{{from_hex("fa0311"), std::nullopt}}));
  EXPECT_EQ(play("", 1200), std::vector<Polled>{});
  EXPECT_EQ(play("fa0322", 1300), (std::vector<Polled>{{from_hex("fa0322"), 1300}}));
}

TEST_F(FrameScannerTest, AHeadMayLieAcrossTwoPackets) {
  EXPECT_EQ(play("fa0311 fa", 900), (std::vector<Polled>{{from_hex("fa0311"), 900}}));
  EXPECT_EQ(play("0322 fa0333", 1000),
            (std::vector<Polled>{{from_hex("fa0322"), std::nullopt}, {from_hex("fa0333"), 1000}}));
}

TEST_F(FrameScannerTest, GarbageIsPassedOverAndCounted) {
  EXPECT_EQ(play("0102 fa0311 99 fa0322"), (std::vector<Polled>{{from_hex("fa0322"), std::nullopt}}))
      << "out of step what follows has to be a frame";
  EXPECT_EQ(scanner_.garbage_bytes(), 6U);
  EXPECT_EQ(play("fa0311 99 fa0322").size(), 2U) << "in step it has not";
}

TEST_F(FrameScannerTest, ASyncWordByChanceDoesNotLeadAstray) {
  EXPECT_EQ(play("00 fa04 fa0311 fa0322"),
            (std::vector<Polled>{{from_hex("fa0311"), std::nullopt}, {from_hex("fa0322"), std::nullopt}}));
}

TEST_F(FrameScannerTest, AGapTakesTheFrameThatWasBegun) {
  (void)play("fa0311 fa0422", 900);
  scanner_.handle_gap();
  EXPECT_EQ(play("33 fa0355", 1000), (std::vector<Polled>{{from_hex("fa0355"), 1000}}));
  EXPECT_EQ(scanner_.garbage_bytes(), 4U);
}

TEST_F(FrameScannerTest, GarbageWithoutEndIsNotKept) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(play("00112233", i), std::vector<Polled>{});
  EXPECT_LT(scanner_.rest().size(), kHead);
  EXPECT_EQ(play("fa0311", 5000), (std::vector<Polled>{{from_hex("fa0311"), 5000}}));
}

TEST(FrameClockTest, LaterFramesAreLaterByTheirSamples) {
  FrameClock clock;
  SoundFrame frame{.samples = 1024};
  EXPECT_FALSE(clock.stamp(frame, std::nullopt, 44'100)) << "no PTS yet";
  ASSERT_TRUE(clock.stamp(frame, 90'000, 44'100));
  EXPECT_TRUE(frame.has_own_pts);
  // 441 frames of 1,024 samples are exactly 10.24 s: nothing is rounded twice.
  for (int i = 0; i < 441; ++i) ASSERT_TRUE(clock.stamp(frame, std::nullopt, 44'100));
  EXPECT_EQ(frame.pts_90k, 90'000 + 921'600);
  EXPECT_FALSE(frame.has_own_pts);
  ASSERT_TRUE(clock.stamp(frame, 77, 44'100));
  EXPECT_EQ(frame.pts_90k, 77) << "the stream's own goes before";
}

TEST(FrameClockTest, ANewRateBeginsWhereTheOldEnded) {
  FrameClock clock;
  SoundFrame frame{.samples = 48'000};
  ASSERT_TRUE(clock.stamp(frame, 0, 48'000));
  frame.samples = 32'000;
  ASSERT_TRUE(clock.stamp(frame, std::nullopt, 32'000));
  EXPECT_EQ(frame.pts_90k, 90'000);
  ASSERT_TRUE(clock.stamp(frame, std::nullopt, 32'000));
  EXPECT_EQ(frame.pts_90k, 180'000);
}

}  // namespace
}  // namespace fanlight::packager
