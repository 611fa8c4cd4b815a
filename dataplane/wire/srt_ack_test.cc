#include "wire/srt_ack.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

const Bytes kContent = from_hex("12345678 000186a0 0000c350 00002000 00000064 000003e8 0001e240 deadbeef");
const AckRtt kRtt{.rtt = {100'000}, .variance = {50'000}, .window_packets = 8192};
const AckRates kRates{.receive_speed = PacketsPerSecond{100},
                      .capacity = PacketsPerSecond{1000},
                      .receive_rate = BytesPerSecond{123'456}};

Ack ack_of(std::optional<AckRtt> rtt, std::optional<AckRates> rates) {
  return {.first_missing = {0x12345678}, .rtt = rtt, .rates = rates};
}

TEST(AckTest, ItsSizeTellsWhatItCarries) {
  const auto parse_first = [](std::size_t size) { return parse_ack(ByteSpan(kContent).first(size)); };
  EXPECT_EQ(parse_first(4), ack_of({}, {}));
  EXPECT_EQ(parse_first(16), ack_of(kRtt, {}));
  EXPECT_EQ(parse_first(24), ack_of(kRtt, {}));
  EXPECT_EQ(parse_first(28), ack_of(kRtt, kRates));
  EXPECT_EQ(parse_first(32), ack_of(kRtt, kRates));
}

TEST(AckTest, SizesBetweenAreTruncated) {
  for (const std::size_t size : {0u, 3u, 5u, 8u, 12u, 15u, 17u, 20u, 25u, 27u})
    EXPECT_FALSE(parse_ack(ByteSpan(kContent).first(size))) << size;
}

TEST(AckTest, ASetTopBitIsMalformed) {
  EXPECT_FALSE(parse_ack(from_hex("80000000")));
  EXPECT_TRUE(parse_ack(from_hex("7fffffff")));
}

TEST(AckTest, WritesEachForm) {
  Bytes out(64);
  const auto write = [&](const Ack& ack, std::uint32_t number) {
    const std::size_t size = write_ack(out, ack, number, {0x01020304}, SocketId{0x2121B801});
    return copy(ByteSpan(out).first(size));
  };
  EXPECT_EQ(write(ack_of({}, {}), 0), from_hex("80020000 00000000 01020304 2121b801 12345678"));
  EXPECT_EQ(write(ack_of(kRtt, {}), 7),
            from_hex("80020000 00000007 01020304 2121b801 12345678 000186a0 0000c350 00002000"));
  EXPECT_EQ(write(ack_of(kRtt, kRates), 8), from_hex("80020000 00000008 01020304 2121b801 12345678 000186a0 0000c350 "
                                                     "00002000 00000064 000003e8 0001e240"));
}

TEST(AckTest, SpansOutsideTheWireRangeTravelAsTheNearest) {
  Bytes out(64);
  const Ack ack = ack_of(AckRtt{.rtt = {-1}, .variance = {std::int64_t{1} << 40}}, {});
  const std::size_t size = write_ack(out, ack, 1, {}, {});
  const auto read = parse_ack(ByteSpan(out).first(size).subspan(kHeaderBytes));
  ASSERT_TRUE(read && read->rtt);
  EXPECT_EQ(read->rtt->rtt, Micros{0});
  EXPECT_EQ(read->rtt->variance, Micros{0xFFFF'FFFF});
}

TEST(AckTest, DoesNotWriteHalfAPacket) {
  Bytes out(43, std::byte{0xEE});
  EXPECT_EQ(write_ack(out, ack_of(kRtt, kRates), 1, {}, {}), 0u);
  EXPECT_EQ(out, Bytes(43, std::byte{0xEE}));
}

}  // namespace
}  // namespace fanlight::wire
