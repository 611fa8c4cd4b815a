#include "ts/splice.h"

#include <gtest/gtest.h>

#include "ts/demuxer.h"
#include "ts/test_splice.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

using namespace test;

std::optional<SpliceInfo> parse(const Bytes& section) {
  SpliceCounts counts;
  return parse_splice_info(section, counts);
}

// The two that SCTE 35 itself takes apart, in its chapter of examples.
TEST(SpliceTest, AWayOutThatIsInserted) {
  const Bytes section =
      from_hex("FC302F000000000000FFFFF014054800008F7FEFFE7369C02EFE0052CCF500000000000A0008435545490000013562DBA30A");
  const auto info = parse(section);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pts, 0x0'7369'C02EU);
  EXPECT_EQ(info->events, (std::vector<SpliceEvent>{{SpliceKind::kOut, 0x4800'008F, 0, 0x52'CCF5}}));
  EXPECT_EQ(info->section, section);
}

TEST(SpliceTest, AWayOutThatIsSegmented) {
  const auto info =
      parse(from_hex("FC3034000000000000FFFFF00506FE72BD0050001E021C435545494800008E7FCF0001A599B00808000000002CA0A18A"
                     "3402009AC9D17E"));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pts, 0x0'72BD'0050U);
  EXPECT_EQ(info->events, (std::vector<SpliceEvent>{{SpliceKind::kOut, 0x4800'008E, 0x34, 0x1A5'99B0}}));
}

TEST(SpliceTest, TheAdjustmentWraps) {
  EXPECT_EQ(parse(splice_insert({.pts = kTicks33 - 90'000}, 100'000))->pts, 10'000u);
  EXPECT_EQ(parse(splice_insert({.pts = 5}, 0))->pts, 5u);
}

TEST(SpliceTest, AtOnceHasNoTime) {
  const auto info = parse(splice_insert({.is_out = false}));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pts, std::nullopt);
  EXPECT_EQ(info->events[0].kind, SpliceKind::kIn);
}

TEST(SpliceTest, WhatIsCalledOff) {
  EXPECT_EQ(parse(splice_cancel(7))->events, (std::vector<SpliceEvent>{{SpliceKind::kCancel, 7}}));
}

TEST(SpliceTest, StartAndEndOfASegmentationAreOneType) {
  for (const int start : {0x22, 0x30, 0x32, 0x34, 0x36}) {
    const auto type = static_cast<std::uint8_t>(start);
    EXPECT_EQ(parse(time_signal(1, segmentation(3, start, 900)))->events,
              (std::vector<SpliceEvent>{{SpliceKind::kOut, 3, type, 900}}));
    EXPECT_EQ(parse(time_signal(1, segmentation(3, start + 1)))->events,
              (std::vector<SpliceEvent>{{SpliceKind::kIn, 3, type}}));
  }
  EXPECT_EQ(parse(time_signal(1, segmentation(3, 0x10)))->events[0].kind, SpliceKind::kOther);  // A program's start.
}

TEST(SpliceTest, OneSignalMaySaySeveralThings) {
  Bytes both = segmentation(3, 0x31);
  append(both, bytes_of({0, 4, 'C', 'U', 'E', 'I'}));  // An avail_descriptor.
  append(both, segmentation(4, 0x30));
  EXPECT_EQ(parse(time_signal(1, both))->events,
            (std::vector<SpliceEvent>{{SpliceKind::kIn, 3, 0x30}, {SpliceKind::kOut, 4, 0x30}}));
  EXPECT_EQ(parse(time_signal(1, {}))->events, (std::vector<SpliceEvent>{{SpliceKind::kOther}}));
}

TEST(SpliceTest, AnOldCommandDoesNotSayItsLength) {
  EXPECT_EQ(parse(splice_section({.command = 6, .body = splice_time(77), .length = 0xFFF}))->pts, 77u);
}

TEST(SpliceTest, ComponentsAreSplicedAsTheFirst) {
  Bytes body;
  append_32(body, 9);
  append(body, bytes_of({0x7F, 0x8F, 2, 1}));
  append(body, splice_time(1234));
  body.push_back(std::byte{2});
  append(body, splice_time(5678));
  append(body, bytes_of({0, 1, 0, 0}));
  EXPECT_EQ(parse(splice_section({.body = body}))->pts, 1234u);
}

TEST(SpliceTest, WhatCannotBeUsedIsCountedByItsReason) {
  SpliceCounts counts;
  const Bytes good = splice_insert({.pts = 5});
  EXPECT_TRUE(parse_splice_info(good, counts));
  Bytes torn = good;
  torn[12] ^= std::byte{1};
  EXPECT_FALSE(parse_splice_info(torn, counts));
  EXPECT_FALSE(parse_splice_info(splice_section({.body = bytes_of({1, 2, 3})}), counts));  // Cut short.
  EXPECT_FALSE(parse_splice_info(splice_section({.command = 6, .body = splice_time(1), .length = 900}), counts));
  EXPECT_FALSE(parse_splice_info({}, counts));
  EXPECT_FALSE(parse_splice_info(splice_section({.body = Bytes(20), .is_encrypted = true}), counts));
  EXPECT_FALSE(parse_splice_info(splice_section({.command = 0}), counts));  // A heartbeat.
  EXPECT_FALSE(parse_splice_info(splice_section({.body = Bytes(20), .version = 1}), counts));
  EXPECT_EQ(counts.commands, 1u);
  EXPECT_EQ(counts.malformed, 4u);
  EXPECT_EQ(counts.encrypted, 1u);
  EXPECT_EQ(counts.other, 2u);
}

constexpr std::uint16_t kVideo = 0x100, kCues = 0x1F0, kMap = 0x1000;

class SpliceDemuxTest : public testing::Test {
 protected:
  void feed_tables(const std::vector<Track>& tracks, int version = 0) {
    feed(table_packet(0, tables_, program_section(1, kMap)));
    feed(table_packet(kMap, tables_++, map_section(1, tracks, version)));
    unsigned counter = 0;
    feed(packets_of(0x1FFF, counter, Bytes(184 * 3)));  // Framing is sure of itself with four packets.
  }
  void feed(const Bytes& bytes) { demuxer_.handle(bytes, events_); }
  void feed_section(const Bytes& section) { feed(table_packet(kCues, cues_++, section)); }
  [[nodiscard]] std::vector<std::optional<std::int64_t>> times() const {
    std::vector<std::optional<std::int64_t>> found;
    for (const DemuxEvent& event : events_)
      if (const auto* command = std::get_if<SpliceCommand>(&event)) found.push_back(command->pts);
    return found;
  }
  static std::vector<Track> with_cues() { return {{0x1B, kVideo}, {0x86, kCues, kCueDescriptor}}; }

  Demuxer demuxer_{{}};
  std::vector<DemuxEvent> events_;
  unsigned tables_ = 0, cues_ = 0, video_ = 0;
};

TEST_F(SpliceDemuxTest, TimesAreUnwrappedWithTheProgram) {
  feed_tables(with_cues());
  feed(packets_of(kVideo, video_, pes_of(kTicks33 - 3000, kTicks33 - 3000, 100)));
  feed_section(splice_insert({.pts = 87'000}));
  feed_section(splice_insert({}));
  EXPECT_EQ(times(), (std::vector<std::optional<std::int64_t>>{static_cast<std::int64_t>(kTicks33) + 87'000, {}}));
  // And it has moved nothing: the next picture is near the last.
  events_.clear();
  feed(packets_of(kVideo, video_, pes_of(kTicks33 - 2000, kTicks33 - 2000, 100)));
  EXPECT_EQ(std::get<ElementaryUnit>(events_.front()).pts, static_cast<std::int64_t>(kTicks33) - 2000);
}

TEST_F(SpliceDemuxTest, WithoutTheRegistrationItIsSomethingElse) {
  feed_tables({{0x1B, kVideo}, {0x86, kCues}});
  feed_section(splice_insert({.pts = 87'000}));
  EXPECT_TRUE(times().empty());
  EXPECT_EQ(demuxer_.counts().splices.commands, 0u);
}

TEST_F(SpliceDemuxTest, TheProgramMayBeRegisteredAsAWhole) {
  Bytes body = bytes_of({0xE1, 0x00, 0xF0, 6});
  append(body, kCueDescriptor);
  append(body, bytes_of({0x1B, 0xE1, 0x00, 0xF0, 0, 0x86, 0xE1, 0xF0, 0xF0, 0}));
  const auto map = parse_program_map(section_of(2, 1, body));
  ASSERT_TRUE(map.has_value());
  ASSERT_EQ(map->streams.size(), 2u);
  EXPECT_EQ(map->streams[1].medium, Medium::kSplices);
}

TEST_F(SpliceDemuxTest, WhatTheMapDoesNotNameAnyMoreIsNotHeard) {
  feed_tables(with_cues());
  feed_section(splice_insert({.pts = 1}));
  feed_tables({{0x1B, kVideo}}, 1);
  feed_section(splice_insert({.pts = 2}));
  EXPECT_EQ(times().size(), 1u);
}

TEST_F(SpliceDemuxTest, OneWithAHoleIsNotPutTogether) {
  feed_tables(with_cues());
  const Bytes section = time_signal(5, [] {
    Bytes many;
    for (std::uint32_t i = 0; i < 9; ++i) append(many, segmentation(i, 0x30));
    return many;
  }());
  ASSERT_GT(section.size(), 184u);
  Bytes payload = bytes_of({0});
  append(payload, section);
  const Bytes packets = packets_of(kCues, cues_, payload);
  feed(packets);
  EXPECT_EQ(times().size(), 1u);
  cues_ += 1;
  feed(packets_of(kCues, cues_, payload));
  EXPECT_EQ(times().size(), 2u);  // The jump was in front of its first packet.
  Bytes holed = packets_of(kCues, cues_, payload);
  holed.erase(holed.begin() + 188, holed.begin() + 376);
  feed(holed);
  EXPECT_EQ(times().size(), 2u);
}

}  // namespace
}  // namespace fanlight::packager
