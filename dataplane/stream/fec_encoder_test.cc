#include "stream/fec_encoder.h"

#include <gtest/gtest.h>

#include <vector>

#include "wire/fec_header.h"
#include "wire/test_bytes.h"

namespace fanlight {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kRandom = 0xFFFA;

// A matrix of 4 columns by 5 rows begins at position 0, whose number is 65530.
class FecEncoderTest : public ::testing::Test {
 protected:
  PacketPool pool{256, 1500};
  FecEncoder encoder{{.columns = 4, .rows = 5, .has_rows = true, .random = kRandom}};

  static Bytes payload(std::int64_t pos, std::size_t bytes = 188) { return Bytes(bytes, std::byte(pos * 7 + 1)); }
  FreshPacket packet(std::int64_t pos, const Bytes& content) {
    PacketRef buffer = pool.take();
    EXPECT_TRUE(buffer && buffer.resize(content.size()));
    std::ranges::copy(content, buffer.bytes().begin());
    return {.payload = std::move(buffer),
            .pos = {pos},
            .time = {},
            .ticks = static_cast<std::uint32_t>(pos * 100),
            .word = rtp_word(pos == 2)};
  }
  // One pass for each packet; where it was after which position.
  struct Made {
    std::int64_t after = 0;
    wire::FecHeader header{};
    Bytes payload{};
    bool marker = false;
    std::int64_t number = 0;
    std::uint32_t ticks = 0;
  };
  std::vector<Made> made(FecEncoder::Kind kind, std::int64_t first, std::int64_t last,
                         std::vector<std::int64_t> holes = {}, std::size_t bytes = 188) {
    std::vector<Made> all;
    for (std::int64_t pos = first; pos <= last; ++pos) {
      if (std::ranges::find(holes, pos) != holes.end()) continue;
      std::vector<FreshPacket> pass;
      pass.push_back(packet(pos, payload(pos, bytes)));
      encoder.protect(pass, {pos + 1}, pool);
      for (const FreshPacket& one : encoder.made(kind)) {
        Bytes whole(wire::kRtpHeaderBytes);
        wire::write_rtp_header(std::span(whole).first<12>(), {});
        whole.insert(whole.end(), one.payload.bytes().begin(), one.payload.bytes().end());
        all.push_back({pos, wire::parse_fec(whole)->fec, Bytes(whole.begin() + wire::kFecOverheadBytes, whole.end()),
                       one.word != 0, one.pos.value, one.ticks});
      }
    }
    return all;
  }
  static std::vector<std::int64_t> afters(const std::vector<Made>& all) {
    std::vector<std::int64_t> found;
    for (const Made& one : all) found.push_back(one.after);
    return found;
  }
  static std::uint32_t stamp(std::int64_t pos) {
    return static_cast<std::uint32_t>(pos * 100) + tick_offset_of({kRandom});
  }
};

using Positions = std::vector<std::int64_t>;

TEST_F(FecEncoderTest, ARowIsMadeWithItsLastPacket) {
  const std::vector<Made> rows = made(FecEncoder::Kind::kRow, 0, 8);
  ASSERT_EQ(afters(rows), (Positions{3, 7}));
  EXPECT_EQ(rows[0].header, (wire::FecHeader{.base = 65'530,
                                             .timestamp_recovery = stamp(0) ^ stamp(1) ^ stamp(2) ^ stamp(3),
                                             .is_row = true,
                                             .offset = 1,
                                             .count = 4}));
  EXPECT_EQ(rows[0].payload, Bytes(188, std::byte{1 ^ 8 ^ 15 ^ 22}));
  EXPECT_TRUE(rows[0].marker);
  EXPECT_EQ(rows[1].header.base, 65'534);
  EXPECT_FALSE(rows[1].marker);
  EXPECT_EQ(rows[1].number, rows[0].number + 1);
  EXPECT_EQ(rows[1].ticks, 700u) << "of the newest packet";
}

// One after each five packets of the next matrix.
TEST_F(FecEncoderTest, ColumnsAreSpreadOverTheNextMatrix) {
  const std::vector<Made> columns = made(FecEncoder::Kind::kColumn, 0, 59);
  ASSERT_EQ(afters(columns), (Positions{20, 25, 30, 35, 40, 45, 50, 55}));
  EXPECT_EQ(columns[1].header,
            (wire::FecHeader{.base = 65'531,
                             .length_recovery = 188,
                             .payload_type_recovery = 33,
                             .timestamp_recovery = stamp(1) ^ stamp(5) ^ stamp(9) ^ stamp(13) ^ stamp(17),
                             .offset = 4,
                             .count = 5}));
  EXPECT_EQ(columns[1].payload, Bytes(188, std::byte(8 ^ 36 ^ 64 ^ 92 ^ 120)));
  EXPECT_EQ(columns[4].header.base, static_cast<std::uint16_t>(65'530 + 20)) << "behind the wrap";
}

TEST_F(FecEncoderTest, PayloadsOfSeveralLengthsAreFilledWithZeros) {
  std::vector<FreshPacket> pass;
  for (const auto& [pos, bytes] : {std::pair(0, 2), std::pair(1, 4), std::pair(2, 1), std::pair(3, 3)})
    pass.push_back(packet(pos, payload(pos, static_cast<std::size_t>(bytes))));
  encoder.protect(pass, {4}, pool);
  ASSERT_EQ(encoder.made(FecEncoder::Kind::kRow).size(), 1u);
  const ByteSpan sum = encoder.made(FecEncoder::Kind::kRow)[0].payload.bytes();
  EXPECT_EQ(copy(sum.subspan(wire::kFecHeaderBytes)),
            (Bytes{std::byte{1 ^ 8 ^ 15 ^ 22}, std::byte{1 ^ 8 ^ 22}, std::byte{8 ^ 22}, std::byte{8}}));
  EXPECT_EQ(load_be16(sum.data() + 2), 2 ^ 4 ^ 1 ^ 3);
}

TEST_F(FecEncoderTest, ALineWithAHoleIsLeftOut) {
  EXPECT_EQ(afters(made(FecEncoder::Kind::kRow, 0, 40, {5})), (Positions{3, 11, 15, 19, 23, 27, 31, 35, 39}));
  EXPECT_EQ(encoder.take_skipped(), 2u) << "a row and a column";
  encoder.reset();
  EXPECT_EQ(afters(made(FecEncoder::Kind::kColumn, 0, 39, {5})), (Positions{20, 30, 35}));
}

TEST_F(FecEncoderTest, AHoleAtTheEndOfAPassIsOne) {
  std::vector<FreshPacket> pass;
  for (std::int64_t pos = 0; pos < 3; ++pos) pass.push_back(packet(pos, payload(pos)));
  encoder.protect(pass, {4}, pool);  // Position 3 was given up.
  EXPECT_TRUE(encoder.made(FecEncoder::Kind::kRow).empty());
  EXPECT_EQ(encoder.take_skipped(), 1u);
}

TEST_F(FecEncoderTest, WhatBeginsInTheMiddleWaitsForTheNextLine) {
  EXPECT_EQ(afters(made(FecEncoder::Kind::kRow, 6, 16)), (Positions{11, 15}));
  encoder.reset();
  EXPECT_EQ(afters(made(FecEncoder::Kind::kColumn, 6, 60)), (Positions{40, 45, 50, 55, 60}));
  EXPECT_EQ(encoder.take_skipped(), 0u) << "nothing is missing there";
}

TEST_F(FecEncoderTest, AJumpBeginsAnew) {
  (void)made(FecEncoder::Kind::kRow, 0, 9);
  EXPECT_EQ(afters(made(FecEncoder::Kind::kRow, 1'001, 1'008)), (Positions{1'007}));
}

TEST_F(FecEncoderTest, APayloadThatLeavesNoRoomIsNotProtected) {
  EXPECT_EQ(made(FecEncoder::Kind::kRow, 0, 3, {}, 1'444).size(), 1u);
  EXPECT_EQ(made(FecEncoder::Kind::kRow, 4, 7, {}, 1'445).size(), 0u);
  EXPECT_EQ(encoder.take_skipped(), 1u);
}

TEST_F(FecEncoderTest, WithoutABufferThereIsNoFec) {
  PacketPool dry{1, 1500};
  std::vector<FreshPacket> pass;
  for (std::int64_t pos = 0; pos < 40; ++pos) pass.push_back(packet(pos, payload(pos)));
  encoder.protect(pass, {40}, dry);
  EXPECT_EQ(encoder.made(FecEncoder::Kind::kRow).size(), 1u);
  EXPECT_EQ(encoder.take_skipped(), 9u + 4u);
  encoder.reset();  // Before its buffers' pool goes.
}

TEST_F(FecEncoderTest, AllBuffersComeBack) {
  (void)made(FecEncoder::Kind::kRow, 0, 333, {7, 100});
  EXPECT_LE(pool.capacity() - pool.available(), 2u * 4 + 1 + 2) << "two matrices' columns, a row, and what was made";
  encoder.reset();
  EXPECT_EQ(pool.available(), pool.capacity());
}

TEST_F(FecEncoderTest, OneDimensionHasNoRows) {
  encoder = FecEncoder{{.columns = 4, .rows = 5, .has_rows = false, .random = kRandom}};
  EXPECT_TRUE(made(FecEncoder::Kind::kRow, 0, 30).empty());
  encoder.reset();
  EXPECT_EQ(made(FecEncoder::Kind::kColumn, 40, 79).size(), 4u);
}

}  // namespace
}  // namespace fanlight
