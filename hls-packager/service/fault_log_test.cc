#include "service/fault_log.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

constexpr WallTime kWallStart{1'795'710'600'000'000};  // 2026-11-26T16:30:00Z
constexpr Instant kStart{1'000'000'000};

class FaultLogTest : public testing::Test {
 protected:
  void happen(InputFault fault, std::uint64_t count, std::string newest = {}) {
    FaultTally& tally = faults_[static_cast<std::size_t>(fault)];
    tally.count += count;
    tally.newest = std::move(newest);
  }
  // What is said `at` seconds from the start.
  std::vector<std::string> said(int at) {
    std::vector<std::string> texts;
    for (const FaultLog::Line& line : log_.look(faults_, kStart + seconds(at), kWallStart + seconds(at)))
      texts.push_back((line.is_over ? "over: " : "") + line.text);
    return texts;
  }
  InputFaults faults_{};
  FaultLog log_;
};
using Lines = std::vector<std::string>;

TEST_F(FaultLogTest, OfNothingNothingIsSaid) {
  for (int at = 0; at < 300; ++at) EXPECT_EQ(said(at), Lines{});
}

TEST_F(FaultLogTest, WhatBeginsIsSaidAtOnceAndThenOnceAMinute) {
  happen(InputFault::kLostPackets, 3);
  EXPECT_EQ(said(1),
            (Lines{"packets are missing: 3 jumps of continuity counters since 2026-11-26T16:30:01.000Z; look at the "
                   "link to the source; more SRT latency repairs more"}));
  std::size_t lines = 0;
  for (int at = 2; at < 181; ++at) {
    happen(InputFault::kLostPackets, 10);
    lines += said(at).size();
  }
  EXPECT_EQ(lines, 2u);
  EXPECT_EQ(said(181),
            (Lines{"packets are missing: 1793 jumps of continuity counters since 2026-11-26T16:30:01.000Z; look at "
                   "the link to the source; more SRT latency repairs more"}));
}

TEST_F(FaultLogTest, AChangeOfFormatSaysBeforeAndAfterAndHoldsForPicturesAndSound) {
  happen(InputFault::kFormatChange, 1, "PID 256, avc1.64001f (1280x720) after avc1.64001f (640x360)");
  EXPECT_EQ(
      said(0),
      (Lines{"a track has another format (PID 256, avc1.64001f (1280x720) after avc1.64001f (640x360)): 1 changes "
             "since 2026-11-26T16:30:00.000Z; have the encoder send one format throughout: pictures in another "
             "begin with their next IDR picture, and sound is silent up to the next segment"}));
}

TEST_F(FaultLogTest, WhatFallsBehindHasAWayOrAnEncoderThatIsSlow) {
  happen(InputFault::kBehindTime, 1, "0.350 s");
  EXPECT_EQ(said(0),
            (Lines{"the source's way takes longer than it did, or its encoder is slower than time (0.350 s): 1 "
                   "discontinuities since 2026-11-26T16:30:00.000Z; nothing, if its latency or its route was changed; "
                   "if it goes on, look at the network and at the encoder's load and clock"}));
}

TEST_F(FaultLogTest, WhatIsOverIsSaidOnce) {
  happen(InputFault::kScrambled, 5);
  EXPECT_EQ(said(0).size(), 1u);
  happen(InputFault::kScrambled, 2);
  EXPECT_EQ(said(10), Lines{});
  EXPECT_EQ(said(59), Lines{});
  EXPECT_EQ(said(60).size(), 1u) << "two are new since";
  EXPECT_EQ(said(69), Lines{});
  EXPECT_EQ(said(70), (Lines{"over: scrambled packets: none for a minute; 7 packets left out since "
                             "2026-11-26T16:30:00.000Z"}));
  EXPECT_EQ(said(71), Lines{});
  happen(InputFault::kScrambled, 1);
  EXPECT_EQ(said(72),
            (Lines{"scrambled packets: 1 packets left out since 2026-11-26T16:31:12.000Z; send the program in the "
                   "clear"}));
}

TEST_F(FaultLogTest, WhatHappenedOnceIsNeverOver) {
  happen(InputFault::kTrackGone, 1, "a0, mp4a.40.2");
  EXPECT_EQ(said(0), (Lines{"a track has gone, its playlist has ended (a0, mp4a.40.2): 1 tracks since "
                            "2026-11-26T16:30:00.000Z; look whether the encoder still sends it"}));
  EXPECT_EQ(said(100), Lines{});
}

TEST_F(FaultLogTest, KindsAreSaidApart) {
  happen(InputFault::kLostPackets, 1);
  EXPECT_EQ(said(0).size(), 1u);
  happen(InputFault::kBrokenUnit, 1);
  happen(InputFault::kTimeJump, 1);
  EXPECT_EQ(said(1).size(), 2u);
}

TEST_F(FaultLogTest, WhatAPortHasNoUseForIsToldByWhatItWas) {
  add_datagrams(faults_, {.not_rtp = 1, .not_ts = 2, .strangers = 4, .late = 8});
  EXPECT_EQ(faults_[static_cast<std::size_t>(InputFault::kForeignDatagram)].count, 7u) << "what is late is missed";
  const Lines lines = said(0);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("(1 no RTP, 2 no MPEG-TS, 4 of another sender): 7 left out"), std::string::npos) << lines[0];
}

TEST(InputFaultTest, EachHasItsOwnNameAndWords) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kInputFaults; ++i) {
    names.emplace_back(name_of(static_cast<InputFault>(i)));
    InputFaults faults{};
    faults[i].count = 1;
    FaultLog log;
    const std::vector<FaultLog::Line> lines = log.look(faults, kStart, kWallStart);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].text.find('?'), std::string::npos) << names.back();
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_EQ(std::ranges::find(names, "?"), names.end());
}

}  // namespace
}  // namespace fanlight::packager
