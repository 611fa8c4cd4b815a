// Feeds whose FEC is heard as well: what is lost between them and us is brought back.
#include <gtest/gtest.h>

#include "base/exclusive_or.h"
#include "wire/fec_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kSender{IpAddress::v4(198, 51, 100, 1), 40'000};
const Endpoint kFecSender{IpAddress::v4(198, 51, 100, 1), 40'001};
const Endpoint kFeed{IpAddress::v4(192, 0, 2, 1), 5'004};
const Endpoint kColumns{kFeed.ip, 5'006};
const Endpoint kRows{kFeed.ip, 5'008};
constexpr std::uint16_t kBase = 65'530;  // A matrix of five packets in a row lies across the wrap.

using Bytes = std::vector<std::byte>;

Bytes payload(std::size_t number) {
  Bytes bytes((1 + number % 3) * 188, std::byte(number * 7));
  for (std::size_t at = 0; at < bytes.size(); at += 188) bytes[at] = std::byte{0x47};
  return bytes;
}
wire::RtpHeader header(std::size_t number) {
  return {.seq = static_cast<std::uint16_t>(kBase + number),
          .timestamp = static_cast<std::uint32_t>(0xFFFF'FFF0 + number * 90),
          .ssrc = 0xABCD};
}
Bytes rtp(std::size_t number) {
  Bytes bytes(12);
  wire::write_rtp_header(std::span(bytes).first<12>(), header(number));
  const Bytes content = payload(number);
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}
// About `count` packets from `first` on, one in each `step`.
Bytes fec(std::size_t first, std::uint8_t step, std::uint8_t count) {
  wire::FecHeader about{.base = header(first).seq, .is_row = step == 1, .offset = step, .count = count};
  Bytes sum(3 * 188);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = first + i * step;
    about.length_recovery ^= static_cast<std::uint16_t>(payload(number).size());
    about.payload_type_recovery ^= 33;
    about.timestamp_recovery ^= header(number).timestamp;
    exclusive_or(sum, payload(number));
  }
  Bytes bytes(wire::kFecOverheadBytes);
  wire::write_rtp_header(std::span(bytes).first<12>(), {.payload_type = wire::kPayloadTypeFec});
  wire::write_fec_header(std::span(bytes).subspan<12, wire::kFecHeaderBytes>(), about);
  bytes.insert(bytes.end(), sum.begin(), sum.end());
  return bytes;
}

class RelayFecTest : public ::testing::Test, protected RelayFixture {
 protected:
  RelayFecTest() { open_feed(); }
  void open_feed(Micros latency = millis(120), std::optional<std::uint8_t> rtx_payload_type = {}) {
    say(command::OpenFeed{.request = RequestId{500},
                          .stream = kStream,
                          .terms = {.local = kFeed,
                                    .fec = true,
                                    .nack = rtx_payload_type.has_value(),
                                    .rtx_payload_type = rtx_payload_type},
                          .doors = {},
                          .latency = latency,
                          .own_ssrc = 42});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    feed = opened ? opened->socket : SocketId{};
  }
  void reopen_feed(Micros latency, std::optional<std::uint8_t> rtx_payload_type = {}) {
    say(command::CloseSession{feed, CloseReason::kKicked});
    run_for(millis(50));
    open_feed(latency, rtx_payload_type);
  }
  Verdict judged(const Endpoint& from, ByteSpan datagram, const Endpoint& local) {
    hear(from, datagram);
    burst.back().path.local = local;
    return judge(answers, millis(1)).at(0);
  }
  Verdict media(std::size_t number) { return judged(kSender, rtp(number), kFeed); }
  Verdict row(std::size_t first, std::uint8_t count = 5) { return judged(kFecSender, fec(first, 1, count), kRows); }
  void media_but(std::initializer_list<std::size_t> lost, std::size_t packets) {
    for (std::size_t number = 0; number < packets; ++number)
      if (std::ranges::find(lost, number) == lost.end()) {
        ASSERT_EQ(media(number), Verdict::kAccepted);
      }
  }
  // The payload held for a number of the source.
  Bytes held(std::size_t number) {
    const History::Slot* slot = stream.history().find(stream.history().oldest() + static_cast<std::int64_t>(number));
    return slot == nullptr ? Bytes{} : Bytes{slot->packet.bytes().begin(), slot->packet.bytes().end()};
  }
  std::uint64_t count(Counter counter) { return mailbox.counters.read(counter); }

  std::vector<Said> answers;
  SocketId feed;
};

TEST_F(RelayFecTest, WhatARowMissesComesBackByteForByte) {
  media_but({7}, 11);
  EXPECT_EQ(held(7), Bytes{});
  EXPECT_EQ(row(5), Verdict::kFec);
  EXPECT_EQ(held(7), payload(7));
  EXPECT_EQ(count(Counter::kFecRepaired), 1u);
  EXPECT_EQ(count(Counter::kFecWrong), 0u);
}

TEST_F(RelayFecTest, AViewerGetsItOnceAndLate) {
  ASSERT_NE(open(opening(Role::kViewer, caller(7'000), SocketId{7'000})), SocketId{});
  run_for(millis(20));
  std::vector<Said> said;
  for (std::size_t number = 0; number < 6; ++number) {
    if (number != 2) {
      ASSERT_EQ(media(number), Verdict::kAccepted);
    }
    for (Said& one : answers) said.push_back(std::move(one));
  }
  EXPECT_EQ(row(0), Verdict::kFec);
  for (Said& one : answers) said.push_back(std::move(one));
  std::vector<Bytes> got;
  for (const Said& one : to(said, caller(7'000)))
    if (one.data()) got.push_back({one.bytes.begin() + 16, one.bytes.end()});
  ASSERT_EQ(got.size(), 6u);
  EXPECT_EQ(got.back(), payload(2));
}

TEST_F(RelayFecTest, RowsAndColumnsTogether) {
  media_but({1, 2, 6, 13}, 26);
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(judged(kFecSender, fec(1, 5, 5), kColumns), Verdict::kFec);
  EXPECT_EQ(count(Counter::kFecRepaired), 0u) << "each misses two";
  EXPECT_EQ(row(5), Verdict::kFec);
  EXPECT_EQ(count(Counter::kFecRepaired), 3u);
  for (const std::size_t number : {1u, 2u, 6u}) EXPECT_EQ(held(number), payload(number));
  EXPECT_EQ(held(13), Bytes{});
}

TEST_F(RelayFecTest, WhatWasSentAgainHelpsLikeWhatCameAtFirst) {
  reopen_feed(millis(120), 97);
  media_but({1, 2}, 6);
  Bytes again = rtp(1);
  again.insert(again.begin() + 12, {again[2], again[3]});
  again[1] = std::byte{97};
  again[11] ^= std::byte{1};
  EXPECT_EQ(judged(kSender, again, kFeed), Verdict::kAcceptedLate);
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(held(2), payload(2));
  EXPECT_EQ(count(Counter::kFecRepaired), 1u);
}

TEST_F(RelayFecTest, WhatCameIsNotMadeAgain) {
  media_but({}, 6);
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(count(Counter::kFecRepaired) + count(Counter::kFecWrong), 0u);
}

TEST_F(RelayFecTest, WhatIsTooLateStaysLost) {
  media_but({2}, 6);
  run_for(millis(130));
  ASSERT_EQ(media(6), Verdict::kAccepted);
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(count(Counter::kFecRepaired), 0u);
  EXPECT_EQ(count(Counter::kPublisherGivenUp), 1u);
}

// A matrix of a slow stream is seconds long: its columns' FEC comes when its packets are as old.
TEST_F(RelayFecTest, WithinTheLatencyItMayComeSecondsLater) {
  reopen_feed(seconds(4));
  media_but({2, 7}, 11);
  run_for(seconds(3));
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(held(2), payload(2));
  Bytes wrong = fec(5, 1, 5);
  wrong.at(21) ^= std::byte{0x02};  // 1.5 s away.
  EXPECT_EQ(judged(kFecSender, wrong, kRows), Verdict::kFec);
  EXPECT_EQ(count(Counter::kFecRepaired), 1u);
  EXPECT_EQ(count(Counter::kFecWrong), 1u);
}

TEST_F(RelayFecTest, WhatFecLeadsToAndIsNoneOfTheFeedsPacketsIsDropped) {
  const auto lie = [&](std::size_t first, std::size_t at, std::uint8_t value) {
    Bytes bytes = fec(first, 1, 5);
    bytes.at(at) ^= std::byte{value};
    return judged(kFecSender, bytes, kRows);
  };
  media_but({2, 7, 12, 17}, 21);
  EXPECT_EQ(lie(0, 28, 1), Verdict::kFec);      // No sync byte.
  EXPECT_EQ(lie(5, 15, 1), Verdict::kFec);      // A length of no TS packets.
  EXPECT_EQ(lie(10, 16, 1), Verdict::kFec);     // Another payload type.
  EXPECT_EQ(lie(15, 20, 0x40), Verdict::kFec);  // Hours away.
  EXPECT_EQ(count(Counter::kFecWrong), 4u);
  EXPECT_EQ(count(Counter::kFecRepaired), 0u);
  EXPECT_EQ(stream.packets(), 17u);
}

TEST_F(RelayFecTest, NobodyElsesFecCounts) {
  const Endpoint other{IpAddress::v4(198, 51, 100, 2), 40'000};
  EXPECT_EQ(row(0), Verdict::kForeignSource) << "nothing was heard yet";
  media_but({2}, 6);
  EXPECT_EQ(judged(other, fec(0, 1, 5), kRows), Verdict::kForeignSource);
  EXPECT_EQ(judged(kFecSender, rtp(2), kRows), Verdict::kOutOfWindow) << "media at FEC's port";
  EXPECT_EQ(judged(kFecSender, Bytes(27), kRows), Verdict::kMalformed);
  EXPECT_EQ(judged(kFecSender, fec(0, 1, 5), kFeed), Verdict::kWrongPayloadType) << "FEC at the media's";
  EXPECT_EQ(count(Counter::kFecRepaired), 0u);
}

// The feed's end gives back what was held, and its place is there for the next.
TEST_F(RelayFecTest, TheFeedsEndLeavesNothingBehind) {
  media_but({1, 2}, 6);
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(received.available(), received.capacity() - 5);
  say(command::CloseSession{feed, CloseReason::kKicked});
  run_for(millis(50));
  EXPECT_EQ(received.available(), received.capacity() - 4);
  open_feed();
  EXPECT_NE(feed, SocketId{});
  media_but({2}, 6);
  EXPECT_EQ(row(0), Verdict::kFec);
  EXPECT_EQ(count(Counter::kFecRepaired), 1u);
}

}  // namespace
}  // namespace fanlight
