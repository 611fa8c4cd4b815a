// What a destination's receivers ask to have again: RFC 4585 and 4588.
#include <gtest/gtest.h>

#include "wire/rtp_feedback.h"
#include "wire/test_bytes.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kTo{IpAddress::v4(198, 51, 100, 1), 5'004};
const Endpoint kRtcp{IpAddress::v4(198, 51, 100, 1), 5'005};
const Endpoint kOther{IpAddress::v4(198, 51, 100, 2), 5'004};
const Endpoint kGroup{IpAddress::v4(239, 1, 2, 3), 5'004};
const Endpoint kStranger{IpAddress::v4(203, 0, 113, 1), 5'005};
const Endpoint kPublisher{IpAddress::v4(192, 0, 2, 7), 6'000};
constexpr std::uint32_t kReceiver = 0x9ABC'DEF0;
constexpr std::uint32_t kRandom = 0xFFFF'FFFC;  // The number of the first packet, in its low bits.
using Numbers = std::vector<std::uint16_t>;

class RelayRetransmissionTest : public ::testing::Test, protected RelayFixture {
 protected:
  void SetUp() override { publisher = open(opening(Role::kPublisher, kPublisher, SocketId{6'000})); }

  static command::OpenDestination opening_to(const Endpoint& remote) {
    command::OpenDestination open;
    open.request = RequestId{700};
    open.stream = kStream;
    open.terms = {.remote = remote, .nack = true};
    open.path = {.remote = remote, .local = {IpAddress::v4(192, 0, 2, 1), 9000}};
    open.random = kRandom;
    return open;
  }
  SocketId open_destination(command::OpenDestination opening) {
    say(opening);
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  std::vector<Said> publish(std::uint32_t number) {
    hear(kPublisher, data(publisher, SeqNo{kIsn.raw + number}));
    return breathe(millis(1));
  }
  std::vector<Said> publish_run(std::uint32_t packets, const Endpoint& whom = kTo) {
    std::vector<Said> said;
    for (std::uint32_t i = 0; i < packets; ++i)
      for (Said& one : to(publish(i), whom)) said.push_back(std::move(one));
    return said;
  }
  static std::vector<std::byte> nack(SocketId about, const Numbers& numbers) {
    std::vector<std::byte> bytes(kDatagramBytesMax);
    wire::NackWriter writer(bytes, kReceiver, about.raw());
    for (const std::uint16_t number : numbers) EXPECT_TRUE(writer.add(number));
    bytes.resize(writer.finish());
    return bytes;
  }
  // Of one datagram; what was said then is in `answers`.
  Verdict judged(const Endpoint& from, ByteSpan datagram, Micros later = {}) {
    hear(from, datagram);
    const std::vector<Verdict> verdicts = judge(answers, later);
    EXPECT_EQ(verdicts.size(), 1u);
    return verdicts.at(0);
  }
  static Numbers numbers(const std::vector<Said>& said, const Endpoint& whom = kTo) {
    Numbers numbers;
    for (const Said& one : to(said, whom)) numbers.push_back(wire::parse_rtp(one.bytes)->header.seq);
    return numbers;
  }
  std::uint64_t count_of(Counter counter) { return mailbox.counters.read(counter); }

  SocketId publisher;
  std::vector<Said> answers;
};

TEST_F(RelayRetransmissionTest, WhatIsAskedForIsSentAgainByteForByte) {
  const SocketId socket = open_destination(opening_to(kTo));
  const std::vector<Said> sent = publish_run(8);
  ASSERT_EQ(sent.size(), 8u);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD, 0xFFFF, 1})), Verdict::kControl);
  const std::vector<Said> again = to(answers, kTo);
  ASSERT_EQ(again.size(), 3u);
  EXPECT_EQ(again[0].bytes, sent[1].bytes);
  EXPECT_EQ(again[1].bytes, sent[3].bytes);
  EXPECT_EQ(again[2].bytes, sent[5].bytes);
  EXPECT_EQ(count_of(Counter::kRepairsSent), 3u);
  say(command::AskReport{1, socket});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stats.packets_retransmitted, 3u);
  EXPECT_EQ(told->stats.packets_sent, 11u);
  EXPECT_EQ(told->stats.bytes_sent, 11u * 188);
  EXPECT_EQ(told->stats.naks_received, 1u);
}

TEST_F(RelayRetransmissionTest, AsRtxItHasATypeASourceAndNumbersOfItsOwn) {
  command::OpenDestination opening = opening_to(kTo);
  opening.terms.rtx_payload_type = 97;
  const SocketId socket = open_destination(opening);
  const std::vector<Said> sent = publish_run(8);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFE, 2})), Verdict::kControl);
  const std::vector<Said> again = to(answers, kTo);
  ASSERT_EQ(again.size(), 2u);
  const auto first = *wire::parse_rtp(again[0].bytes);
  const auto second = *wire::parse_rtp(again[1].bytes);
  const wire::RtpHeader original = wire::parse_rtp(sent[2].bytes)->header;
  EXPECT_EQ(first.header.payload_type, 97);
  EXPECT_EQ(first.header.ssrc, rtx_ssrc_of(socket.raw(), false));
  EXPECT_EQ(first.header.timestamp, original.timestamp);
  EXPECT_EQ(static_cast<std::uint16_t>(second.header.seq - first.header.seq), 1);
  const ByteSpan payload = ByteSpan(again[0].bytes).subspan(first.payload_offset);
  EXPECT_EQ(wire::original_number(payload), 0xFFFE);
  EXPECT_EQ(copy(payload.subspan(2)), copy(ByteSpan(sent[2].bytes).subspan(12)));
  EXPECT_EQ(wire::original_number(ByteSpan(again[1].bytes).subspan(12)), 2);
}

TEST_F(RelayRetransmissionTest, WhatWasNotSentIsNotSentAgain) {
  const SocketId socket = open_destination(opening_to(kTo));
  publish_run(2);
  hear(kPublisher, data(publisher, SeqNo{kIsn.raw + 2}, 1'300));
  breathe(millis(1));
  ASSERT_EQ(count_of(Counter::kReleaseNotTs), 1u);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD, 0xFFFE})), Verdict::kControl);
  EXPECT_EQ(numbers(answers), (Numbers{0xFFFD}));
  EXPECT_EQ(count_of(Counter::kNakTooOld), 1u);
}

// Each leg answers its own receivers: under one SSRC their numbers would meet.
TEST_F(RelayRetransmissionTest, EachLegHasARetransmissionSourceOfItsOwn) {
  command::OpenDestination opening = opening_to(kTo);
  opening.terms.rtx_payload_type = 97;
  const SocketId one = open_destination(opening);
  opening = opening_to(kOther);
  opening.terms.rtx_payload_type = 97;
  opening.ssrc = one.raw();
  ASSERT_NE(open_destination(opening), SocketId{});
  publish_run(4);
  const auto source_of_repair = [&](const Endpoint& leg) {
    EXPECT_EQ(judged(leg, nack(one, {0xFFFD})), Verdict::kControl);
    const std::vector<Said> again = to(answers, leg);
    return again.size() == 1 ? wire::parse_rtp(again[0].bytes)->header.ssrc : 0;
  };
  EXPECT_EQ(source_of_repair(kTo), rtx_ssrc_of(one.raw(), false));
  EXPECT_EQ(source_of_repair(kOther), rtx_ssrc_of(one.raw(), true));
  // A report that begins with it is the second leg's all the same.
  std::vector<std::byte> report(32);
  (void)wire::write_receiver_report(report, 7, {.ssrc = rtx_ssrc_of(one.raw(), true)});
  EXPECT_NE(judged(kOther, report), Verdict::kWrongAddress);
}

TEST_F(RelayRetransmissionTest, AskedForTwiceWithinARoundTripItIsSentOnce) {
  const SocketId socket = open_destination(opening_to(kTo));
  publish_run(4);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD})), Verdict::kControl);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD}), millis(2)), Verdict::kControl);
  EXPECT_EQ(answers.size(), 0u);
  EXPECT_EQ(count_of(Counter::kNakRepeated), 1u);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD}), millis(5)), Verdict::kControl);
  EXPECT_EQ(numbers(answers), Numbers{0xFFFD});
}

TEST_F(RelayRetransmissionTest, WhatWasNotSentOrIsGoneIsCounted) {
  const SocketId socket = open_destination(opening_to(kTo));
  publish(0);
  publish(2);
  run_for(millis(200));  // Number 1 is given up.
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD, 0xFFFF})), Verdict::kControl);
  EXPECT_EQ(answers.size(), 0u);
  EXPECT_EQ(count_of(Counter::kNakTooOld), 1u);
  EXPECT_EQ(count_of(Counter::kNakStale), 1u) << "one that is still to come";
}

TEST_F(RelayRetransmissionTest, BeyondItsBudgetItGetsNothing) {
  const SocketId socket = open_destination(opening_to(kTo));
  publish_run(120);
  Numbers all;
  for (std::uint16_t i = 0; i < 119; ++i) all.push_back(static_cast<std::uint16_t>(kRandom + i));
  std::size_t sent = 0;
  for (int i = 0; i < 12; ++i) {
    (void)judged(kRtcp, nack(socket, all), millis(6));
    sent += to(answers, kTo).size() + to(run_for(millis(20)), kTo).size();
  }
  EXPECT_EQ(sent, 512u + 120 / 4) << "a burst, and a quarter of the stream's packets";
  EXPECT_GT(count_of(Counter::kRepairsLimited), 0u);
  // Who asks for what was never sent costs no repair, but each look counts.
  Verdict last = Verdict::kControl;
  for (int i = 0; i < 2'100 && last == Verdict::kControl; ++i)
    last = judged(kRtcp, nack(socket, {static_cast<std::uint16_t>(kRandom + 5'000)}), micros(10));
  EXPECT_EQ(last, Verdict::kNakLimited);
}

TEST_F(RelayRetransmissionTest, OnlyItsOwnAddressAsksAndOnlyWhereItIsOffered) {
  const SocketId socket = open_destination(opening_to(kTo));
  publish_run(4);
  EXPECT_EQ(judged(kStranger, nack(socket, {0xFFFD})), Verdict::kWrongAddress);
  command::OpenDestination plain = opening_to(kOther);
  plain.terms.nack = false;
  const SocketId other = open_destination(plain);
  publish(4);
  EXPECT_EQ(judged(kOther, nack(other, {0})), Verdict::kForeignSource);
  EXPECT_EQ(count_of(Counter::kRepairsSent), 0u);
}

TEST_F(RelayRetransmissionTest, InAGroupTwoThatMissTheSameAreServedByOne) {
  const SocketId socket = open_destination(opening_to(kGroup));
  publish_run(4, kGroup);
  hear(kStranger, nack(socket, {0xFFFD}));
  hear(kRtcp, nack(socket, {0xFFFD, 0xFFFE}));
  EXPECT_EQ(numbers(breathe(), kGroup), (Numbers{0xFFFD, 0xFFFE}));
}

TEST_F(RelayRetransmissionTest, WhatCameAfterTheWaitIsSentToWhoAsks) {
  command::OpenDestination opening = opening_to(kTo);
  const SocketId socket = open_destination(opening);
  publish(0);
  publish(2);
  EXPECT_EQ(judged(kRtcp, nack(socket, {0xFFFD})), Verdict::kControl) << "it waits itself";
  EXPECT_EQ(numbers(answers), Numbers{});
  EXPECT_EQ(numbers(publish(1)), (Numbers{0xFFFD, 0xFFFE}));
}

TEST_F(RelayRetransmissionTest, WhoShareASourceAreToldByTheirAddress) {
  command::OpenDestination first = opening_to(kTo);
  const SocketId one = open_destination(first);
  command::OpenDestination second = opening_to(kOther);
  second.ssrc = one.raw();
  const SocketId two = open_destination(second);
  ASSERT_NE(two, SocketId{});
  EXPECT_EQ(stream.viewers(), 1u) << "two ways to one";
  const std::vector<Said> said = publish(0);
  ASSERT_EQ(to(said, kTo).size(), 1u);
  EXPECT_EQ(to(said, kTo)[0].bytes, to(said, kOther)[0].bytes) << "legs are the same but for where they go";
  publish(1);
  EXPECT_EQ(judged(kOther, nack(one, {0xFFFC})), Verdict::kControl);
  EXPECT_EQ(numbers(answers, kOther), Numbers{0xFFFC});
  EXPECT_EQ(numbers(answers, kTo), Numbers{});
  EXPECT_EQ(judged(kRtcp, nack(one, {0xFFFD})), Verdict::kControl);
  EXPECT_EQ(numbers(answers, kTo), Numbers{0xFFFD});
}

}  // namespace
}  // namespace fanlight
