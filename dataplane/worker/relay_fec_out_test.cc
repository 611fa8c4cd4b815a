// Destinations that get FEC as well: legs of their own, sent what is made once for all of a stream.
#include <gtest/gtest.h>

#include <map>

#include "base/exclusive_or.h"
#include "wire/fec_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kPublisher{IpAddress::v4(192, 0, 2, 7), 6'000};
constexpr std::uint32_t kRandom = 0xFFFF'FFF0;

class RelayFecOutTest : public ::testing::Test, protected RelayFixture {
 protected:
  RelayFecOutTest()
      : RelayFixture(256, 1, nullptr,
                     {.latency_max = seconds(2), .fec = {.columns = 4, .rows = 4, .random = kRandom}}) {}
  void SetUp() override { publisher = open(opening(Role::kPublisher, kPublisher, SocketId{6'000})); }

  static Endpoint at(std::uint16_t where) { return {IpAddress::v4(198, 51, 100, 1), where}; }
  SocketId open_leg(std::uint16_t where, DestinationPart leg, std::uint32_t random) {
    say(command::OpenDestination{.request = RequestId{++requests},
                                 .stream = kStream,
                                 .terms = {.remote = at(where),
                                           .payload_type = std::uint8_t(leg == DestinationPart::kMedia ? 33 : 96),
                                           .leg = leg},
                                 .path = {.remote = at(where), .local = {IpAddress::v4(192, 0, 2, 1), 9000}},
                                 .random = random});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  // Media, columns and rows from that port on.
  void open_all(std::uint16_t first) {
    ASSERT_NE(open_leg(first, DestinationPart::kMedia, kRandom), SocketId{});
    ASSERT_NE(open_leg(static_cast<std::uint16_t>(first + 2), DestinationPart::kFecColumns, 7), SocketId{});
    ASSERT_NE(open_leg(static_cast<std::uint16_t>(first + 4), DestinationPart::kFecRows, 7), SocketId{});
  }
  void publish(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t number = first; number <= last; ++number) {
      hear(kPublisher, data(publisher, SeqNo{kIsn.raw + number}));
      for (Said& one : breathe(millis(1))) said.push_back(std::move(one));
    }
  }
  std::vector<Said> rtp_to(std::uint16_t where) {
    std::vector<Said> found;
    for (Said& one : to(said, at(where)))
      if (!wire::is_rtcp(one.bytes)) found.push_back(std::move(one));
    return found;
  }
  std::uint64_t count(Counter counter) { return mailbox.counters.read(counter); }

  SocketId publisher;
  std::uint64_t requests = 700;
  std::vector<Said> said;
};

TEST_F(RelayFecOutTest, ColumnsAndRowsGoToTheirPorts) {
  open_all(5'004);
  publish(0, 47);
  EXPECT_EQ(rtp_to(5'004).size(), 48u);
  EXPECT_EQ(rtp_to(5'006).size(), 8u) << "of the two matrices that are followed by another";
  EXPECT_EQ(rtp_to(5'008).size(), 12u);
  EXPECT_EQ(count(Counter::kFecMade), 20u);
  EXPECT_EQ(count(Counter::kFecSkipped), 0u);
}

// As a receiver would do it: any packet of a line is the exclusive or of the others and the FEC.
TEST_F(RelayFecOutTest, EachLineIsTheExclusiveOrOfWhatWasSent) {
  open_all(5'004);
  publish(0, 47);
  std::map<std::uint16_t, std::vector<std::byte>> media;
  for (const Said& one : rtp_to(5'004)) media[wire::parse_rtp(one.bytes)->header.seq] = one.bytes;
  std::size_t lines = 0;
  for (const std::uint16_t where : {std::uint16_t{5'006}, std::uint16_t{5'008}}) {
    std::uint16_t number = 7;
    for (const Said& one : rtp_to(where)) {
      const auto fec = wire::parse_fec(one.bytes);
      ASSERT_TRUE(fec);
      EXPECT_EQ(fec->rtp.payload_type, 96);
      EXPECT_EQ(fec->rtp.seq, number++);
      ++lines;
      std::vector<std::byte> sum(one.bytes.begin() + wire::kFecOverheadBytes, one.bytes.end());
      std::uint32_t timestamps = fec->fec.timestamp_recovery;
      for (std::size_t i = 0; i < fec->fec.count; ++i) {
        const auto found = media.find(static_cast<std::uint16_t>(fec->fec.base + i * fec->fec.offset));
        ASSERT_NE(found, media.end());
        exclusive_or(sum, ByteSpan(found->second).subspan(12));
        timestamps ^= wire::parse_rtp(found->second)->header.timestamp;
      }
      EXPECT_EQ(sum, std::vector<std::byte>(188));
      EXPECT_EQ(timestamps, 0u);
    }
  }
  EXPECT_EQ(lines, 20u);
}

TEST_F(RelayFecOutTest, ItIsMadeOnceAndTheSameForAll) {
  open_all(5'004);
  open_all(6'004);
  publish(0, 47);
  EXPECT_EQ(count(Counter::kFecMade), 20u);
  for (const int back : {0, 2, 4}) {
    std::vector<Said> one = rtp_to(static_cast<std::uint16_t>(5'004 + back));
    std::vector<Said> other = rtp_to(static_cast<std::uint16_t>(6'004 + back));
    ASSERT_EQ(one.size(), other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      for (Said* packet : {&one[i], &other[i]}) std::fill_n(packet->bytes.begin() + 8, 4, std::byte{});  // SSRC
      EXPECT_EQ(one[i].bytes, other[i].bytes);
    }
  }
}

TEST_F(RelayFecOutTest, WhereNobodyWantsItNoneIsMade) {
  ASSERT_NE(open_leg(5'004, DestinationPart::kMedia, kRandom), SocketId{});
  publish(0, 40);
  EXPECT_EQ(count(Counter::kFecMade), 0u);
}

TEST_F(RelayFecOutTest, AnUnreachableLegIsPausedAloneAndLeavesNothingBehind) {
  open_all(5'004);
  publish(0, 20);
  EXPECT_LT(copies.available(), copies.capacity());
  for (const std::uint16_t where : {std::uint16_t{5'006}, std::uint16_t{5'008}}) {
    hear(at(where), {});
    burst.back().undelivered = io::Undelivered::kUnreachable;
    (void)judge(said);
  }
  const std::size_t media = rtp_to(5'004).size();
  publish(21, 40);
  EXPECT_EQ(rtp_to(5'004).size(), media + 20);
  EXPECT_EQ(copies.available(), copies.capacity());
}

}  // namespace
}  // namespace fanlight
