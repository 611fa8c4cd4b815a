#include "wire/srt_header.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

const DataHeader kData{.seq = {0x12345678},
                       .boundary = Boundary::kWhole,
                       .in_order = false,
                       .key = KeyFlag::kEven,
                       .retransmitted = false,
                       .message = 1,
                       .time = {0x01020304},
                       .destination = SocketId{0x11223344}};
const Bytes kDataBytes = from_hex("12345678 c8000001 01020304 11223344");

TEST(DataHeaderTest, ReadsAndWritesTheVector) {
  EXPECT_EQ(parse_data_header(kDataBytes), kData);
  std::array<std::byte, kHeaderBytes> out;
  write_data_header(out, kData);
  EXPECT_EQ(copy(out), kDataBytes);
}

TEST(DataHeaderTest, EveryFieldHasItsOwnBits) {
  for (const Boundary boundary : {Boundary::kMiddle, Boundary::kLast, Boundary::kFirst, Boundary::kWhole})
    for (const KeyFlag key : {KeyFlag::kClear, KeyFlag::kEven, KeyFlag::kOdd, KeyFlag::kBoth})
      for (const int flags : {0, 1, 2, 3}) {
        DataHeader header = kData;
        header.boundary = boundary;
        header.key = key;
        header.in_order = (flags & 1) != 0;
        header.retransmitted = (flags & 2) != 0;
        header.message = kMessageNumberMask;
        std::array<std::byte, kHeaderBytes> out;
        write_data_header(out, header);
        EXPECT_EQ(parse_data_header(out), header);
      }
}

TEST(DataHeaderTest, NumbersTooWideDoNotReachTheirNeighbours) {
  DataHeader header = kData;
  header.seq.raw = 0xFFFF'FFFF;
  header.message = 0xFFFF'FFFF;
  std::array<std::byte, kHeaderBytes> out;
  write_data_header(out, header);
  EXPECT_EQ(copy(out), from_hex("7fffffff cbffffff 01020304 11223344"));
}

TEST(ControlHeaderTest, ReadsAndWritesATypeWithSubtype) {
  const ControlHeader header{.type = ControlType::kUser,
                             .subtype = kUserKeyRequest,
                             .info = 0xA1B2C3D4,
                             .time = {0x1671},
                             .destination = SocketId{0x2121B801}};
  std::array<std::byte, kHeaderBytes> out;
  write_control_header(out, header);
  EXPECT_EQ(copy(out), from_hex("ffff0003 a1b2c3d4 00001671 2121b801"));
  EXPECT_EQ(parse_control_header(out), header);
}

TEST(ControlHeaderTest, AnUnnamedTypeIsReadAsItIs) {
  const auto header = parse_control_header(from_hex("82340000 00000000 00000000 00000000"));
  ASSERT_TRUE(header);
  EXPECT_EQ(static_cast<int>(header->type), 0x0234);
}

TEST(HeaderTest, TheFirstBitTellsTheKinds) {
  const Bytes control = from_hex("80010000 00000000 00000000 11223344");
  EXPECT_TRUE(is_control(control));
  EXPECT_FALSE(is_control(kDataBytes));
  EXPECT_FALSE(parse_data_header(control));
  EXPECT_FALSE(parse_control_header(kDataBytes));
  EXPECT_EQ(peek_destination(control), SocketId{0x11223344});
  EXPECT_EQ(peek_destination(kDataBytes), SocketId{0x11223344});
}

TEST(HeaderTest, FifteenBytesAreNothing) {
  const Bytes control = from_hex("80010000 00000000 00000000 11223344");
  EXPECT_FALSE(is_control(ByteSpan(control).first(15)));
  EXPECT_FALSE(parse_control_header(ByteSpan(control).first(15)));
  EXPECT_FALSE(parse_data_header(ByteSpan(kDataBytes).first(15)));
  EXPECT_FALSE(peek_destination(ByteSpan(kDataBytes).first(15)));
  EXPECT_FALSE(peek_destination({}));
}

TEST(BareControlTest, CarriesFourBytesOfPadding) {
  Bytes out(64, std::byte{0xEE});
  const ControlHeader ackack{
      .type = ControlType::kAckAck, .info = 9, .time = {0x01020304}, .destination = SocketId{0x2121B801}};
  ASSERT_EQ(write_bare_control(out, ackack), 20u);
  EXPECT_EQ(copy(ByteSpan(out).first(20)), from_hex("80060000 00000009 01020304 2121b801 00000000"));
  EXPECT_EQ(out[20], std::byte{0xEE});
  EXPECT_EQ(write_bare_control(MutableByteSpan(out).first(19), ackack), 0u);
}

}  // namespace
}  // namespace fanlight::wire
