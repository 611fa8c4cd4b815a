#include "fanlight_load/tickets.h"

#include <gtest/gtest.h>

namespace fanlight::load {
namespace {

using link_proxy::Ticket;

class TicketsTest : public testing::Test {
 protected:
  Ticket data(std::uint32_t seq, bool is_repeated = false) {
    wire::write_data_header(bytes_, {.seq = {seq & kSeqMask}, .retransmitted = is_repeated});
    return tickets_.ticket_of(bytes_);
  }
  Ticket control(wire::ControlType type) {
    wire::write_control_header(bytes_, {.type = type});
    return tickets_.ticket_of(bytes_);
  }
  std::array<std::byte, wire::kHeaderBytes> bytes_{};
  Tickets tickets_;
};

TEST_F(TicketsTest, DataCountsFromTheFirstOneAcrossTheWrap) {
  EXPECT_EQ(data(0x7FFF'FFFE).number, 0);
  EXPECT_EQ(data(0x7FFF'FFFF).number, 1);
  EXPECT_EQ(data(1).number, 3);
  EXPECT_EQ(data(0).number, 2);
  EXPECT_EQ(data(1'000).lane, 0u);
}

TEST_F(TicketsTest, EachSendingOfAPacketHasALaneOfItsOwn) {
  for (std::uint32_t seq = 100; seq < 110; ++seq) static_cast<void>(data(seq));
  EXPECT_EQ(data(105, true).lane, 1u);
  EXPECT_EQ(data(103, true).lane, 1u);
  const Ticket again = data(105, true);
  EXPECT_EQ(again.lane, 2u);
  EXPECT_EQ(again.number, 5);
}

TEST_F(TicketsTest, RepeatedPacketsAreForgottenWithTheFlowWindowBehindThem) {
  static_cast<void>(data(0));
  EXPECT_EQ(data(0, true).lane, 1u);
  static_cast<void>(data(8'192));
  EXPECT_EQ(data(0, true).lane, 2u);
  static_cast<void>(data(8'193));
  EXPECT_EQ(data(0, true).lane, 1u);
}

TEST_F(TicketsTest, ControlPacketsAreNumberedWithinTheirType) {
  EXPECT_EQ(control(wire::ControlType::kAck).number, 0);
  EXPECT_EQ(control(wire::ControlType::kAck).number, 1);
  const Ticket nak = control(wire::ControlType::kNak);
  EXPECT_EQ(nak.number, 0);
  EXPECT_NE(nak.lane, control(wire::ControlType::kAck).lane);
  EXPECT_NE(nak.lane, data(1).lane);
}

TEST_F(TicketsTest, WhateverElseThereIsHasTicketsToo) {
  const Ticket user = control(wire::ControlType::kUser);
  EXPECT_EQ(control(static_cast<wire::ControlType>(0x7000)).number, user.number + 1);
  EXPECT_EQ(tickets_.ticket_of(std::span(bytes_).first(3)).number, user.number + 2);
  EXPECT_EQ(tickets_.ticket_of({}).lane, user.lane);
}

}  // namespace
}  // namespace fanlight::load
