// A receiver of RTP, its sender and its clock, for tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "engine/rtp/receiver.h"

namespace fanlight::rtp {

inline constexpr PacketPos kFirst{5000};
inline constexpr std::uint32_t kSource = 0xABCD;
inline constexpr std::uint32_t kOther = 0x1234;

// A receiver whose first packet takes position 5000.
class RtpReceiverTest : public ::testing::Test {
 protected:
  Receiver::Placement hear(std::uint32_t seq, Micros later = millis(1), std::uint32_t ssrc = kSource) {
    now = now + later;
    return receiver.handle_data(now, {.seq = static_cast<std::uint16_t>(seq),
                                      .timestamp = static_cast<std::uint32_t>(now.us * 9 / 100),
                                      .ssrc = ssrc});
  }
  void hear_run(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t seq = first; seq <= last; ++seq) ASSERT_EQ(hear(seq).verdict, Verdict::kAccepted) << seq;
  }
  Verdict hear_report(std::uint32_t ssrc = kSource) {
    std::array<std::byte, 64> out;
    const std::size_t bytes = wire::write_sender_report(out, {.ssrc = ssrc, .time = {0x1'2345, 0x6789'0000}});
    return receiver.handle_control(now, std::span(out).first(bytes));
  }
  Verdict hear_bye(std::uint32_t ssrc = kSource) {
    std::array<std::byte, 64> out;
    return receiver.handle_control(now, std::span(out).first(wire::write_bye(out, ssrc)));
  }
  // What it says by `later`; checked to be RTCP.
  std::vector<std::byte> speak(Micros later = {}) {
    now = now + later;
    receiver.handle_timeout(now);
    std::array<std::byte, 1472> scratch;
    const std::size_t bytes = receiver.poll_control(now, {}, scratch);
    EXPECT_EQ(receiver.poll_control(now, {}, scratch), 0u);
    EXPECT_GT(receiver.next_deadline().at, now) << "a deadline that is past makes the worker spin";
    EXPECT_TRUE(bytes == 0 || wire::is_well_formed_rtcp(std::span(scratch).first(bytes)));
    return {scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(bytes)};
  }
  std::optional<wire::ReportBlock> reported(Micros later) {
    const std::vector<std::byte> said = speak(later);
    return said.empty() ? std::nullopt : wire::find_report_block(*wire::RtcpReader(said).next(), kSource);
  }

  Instant now{1'000'000'000};
  Receiver receiver{{.first_pos = kFirst, .own_ssrc = 99}};
};

}  // namespace fanlight::rtp
