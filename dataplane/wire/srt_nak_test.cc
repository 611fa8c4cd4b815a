#include "wire/srt_nak.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

std::vector<SeqRange> read_all(ByteSpan content) {
  std::vector<SeqRange> ranges;
  LossReportReader reader(content);
  while (const auto range = reader.next()) ranges.push_back(*range);
  return ranges;
}

bool is_malformed_after(ByteSpan content) {
  LossReportReader reader(content);
  while (reader.next()) {
  }
  return reader.is_malformed();
}

TEST(LossReportReaderTest, AnswersSinglesAndRangesInOrder) {
  const Bytes content = from_hex("00000005 80000007 00000009 7fffffff");
  const std::vector<SeqRange> expected{{{5}, {5}}, {{7}, {9}}, {{0x7FFF'FFFF}, {0x7FFF'FFFF}}};
  EXPECT_EQ(read_all(content), expected);
  EXPECT_TRUE(is_well_formed_loss_report(content));
}

TEST(LossReportReaderTest, ARangeMayCrossTheWrap) {
  const Bytes content = from_hex("fffffffe 00000001");
  const std::vector<SeqRange> expected{{{0x7FFF'FFFE}, {1}}};
  EXPECT_EQ(read_all(content), expected);
  EXPECT_TRUE(is_well_formed_loss_report(content));
}

TEST(LossReportReaderTest, HalfARangeIsMalformedAfterWhatStoodBefore) {
  const Bytes content = from_hex("00000005 80000007");
  EXPECT_EQ(read_all(content).size(), 1u);
  EXPECT_TRUE(is_malformed_after(content));
  EXPECT_FALSE(is_well_formed_loss_report(content));
}

TEST(LossReportReaderTest, TheEndOfARangeIsNotAnotherStart) {
  EXPECT_TRUE(is_malformed_after(from_hex("80000007 80000009")));
}

TEST(LossReportReaderTest, FirstAfterLastIsMalformed) {
  EXPECT_TRUE(is_malformed_after(from_hex("80000009 00000007")));
  EXPECT_TRUE(is_malformed_after(from_hex("80000000 40000000")));
  EXPECT_FALSE(is_malformed_after(from_hex("80000000 3fffffff")));
  EXPECT_FALSE(is_malformed_after(from_hex("80000007 00000007")));
}

TEST(LossReportReaderTest, PartOfAWordIsMalformed) {
  EXPECT_TRUE(is_malformed_after(from_hex("00000005 0000")));
  EXPECT_TRUE(is_malformed_after(from_hex("80000005 000000")));
  EXPECT_TRUE(is_malformed_after(from_hex("00")));
}

TEST(LossReportReaderTest, AnEmptyReportSaysNothingAndIsNotWellFormed) {
  EXPECT_FALSE(is_malformed_after({}));
  EXPECT_FALSE(is_well_formed_loss_report({}));
}

TEST(LossReportReaderTest, StaysAtAMalformedWord) {
  const Bytes content = from_hex("80000009 00000007 00000005");
  LossReportReader reader(content);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.is_malformed());
}

TEST(LossReportWriterTest, WritesOneWordForOnePacketAndTwoForARange) {
  Bytes out(1500);
  LossReportWriter writer(out, {0x01020304}, SocketId{0x2121B801});
  EXPECT_EQ(writer.written(), 0u);
  EXPECT_TRUE(writer.add({{5}, {5}}));
  EXPECT_TRUE(writer.add({{0x7FFF'FFFF}, {1}}));
  EXPECT_EQ(copy(ByteSpan(out).first(writer.written())),
            from_hex("80030000 00000000 01020304 2121b801 00000005 ffffffff 00000001"));
}

TEST(LossReportWriterTest, ARangeThatDoesNotFitLeavesRoomForASingle) {
  Bytes out(kHeaderBytes + 8);
  LossReportWriter writer(out, {}, {});
  EXPECT_TRUE(writer.add({{1}, {1}}));
  EXPECT_FALSE(writer.add({{3}, {4}}));
  EXPECT_EQ(writer.written(), kHeaderBytes + 4);
  EXPECT_TRUE(writer.add({{3}, {3}}));
  EXPECT_EQ(writer.written(), out.size());
}

TEST(LossReportWriterTest, StopsAtTheWordsLibsrtTakes) {
  Bytes out(9000);
  LossReportWriter writer(out, {}, {});
  std::uint32_t added = 0;
  while (writer.add({{3 * added}, {3 * added + 1}})) ++added;
  EXPECT_EQ(added, kLossReportWordsMax / 2);
  EXPECT_EQ(writer.written(), kHeaderBytes + 4 * kLossReportWordsMax);
}

TEST(LossReportWriterTest, TakesNothingWithoutRoomForTheHeader) {
  Bytes out(kHeaderBytes - 1, std::byte{0xEE});
  LossReportWriter writer(out, {}, {});
  EXPECT_FALSE(writer.add({{1}, {1}}));
  EXPECT_EQ(writer.written(), 0u);
  EXPECT_EQ(out, Bytes(kHeaderBytes - 1, std::byte{0xEE}));
}

TEST(DropRequestTest, ReadsWhatItWrote) {
  const DropRequest request{.message = 77, .range = {{0x7FFF'FFF0}, {3}}};
  Bytes out(24);
  ASSERT_EQ(write_drop_request(out, request, {0x01020304}, SocketId{0x2121B801}), 24u);
  EXPECT_EQ(out, from_hex("80070000 0000004d 01020304 2121b801 7ffffff0 00000003"));
  EXPECT_EQ(parse_drop_request(*parse_control_header(out), ByteSpan(out).subspan(kHeaderBytes)), request);
  EXPECT_EQ(write_drop_request(MutableByteSpan(out).first(23), request, {}, {}), 0u);
}

TEST(DropRequestTest, ShortContentAndTopBitsAreMalformed) {
  const ControlHeader header{.type = ControlType::kDropRequest};
  EXPECT_TRUE(parse_drop_request(header, from_hex("00000001 00000002")));
  EXPECT_FALSE(parse_drop_request(header, from_hex("00000001 000000")));
  EXPECT_FALSE(parse_drop_request(header, from_hex("80000001 00000002")));
  EXPECT_FALSE(parse_drop_request(header, from_hex("00000001 80000002")));
}

}  // namespace
}  // namespace fanlight::wire
