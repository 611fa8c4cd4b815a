#include <gtest/gtest.h>

#include "ts/adaptation_field.h"
#include "ts/clock33.h"
#include "ts/continuity.h"
#include "ts/pes.h"
#include "ts/program.h"
#include "ts/test_ts.h"

namespace fanlight::packager {
namespace {

using namespace test;

TEST(AdaptationFieldTest, StuffingIsWhatIsBehindTheFlaggedFields) {
  Bytes full(300);
  EXPECT_EQ(parse_adaptation_field(packet_of({}, full)).stuffing_bytes, 0u);
  for (const std::size_t bytes : {183u, 182u, 181u, 100u, 1u}) {
    Bytes some(bytes);
    EXPECT_EQ(parse_adaptation_field(packet_of({}, some)).stuffing_bytes, 184 - bytes - (bytes == 183 ? 0 : 1))
        << bytes;
  }
}

TEST(AdaptationFieldTest, AClockReferenceIsNoStuffing) {
  Bytes full(300);
  const AdaptationField field = parse_adaptation_field(packet_of({.has_pcr = true}, full));
  EXPECT_EQ(field.stuffing_bytes, 0u);
  EXPECT_FALSE(field.is_discontinuous);
  EXPECT_TRUE(field.has_clock);

  Bytes few(40);
  EXPECT_GT(parse_adaptation_field(packet_of({.has_pcr = true}, few)).stuffing_bytes, 0u);
}

TEST(AdaptationFieldTest, OneThatIsLongerThanItsPacketSaysNothing) {
  Bytes few(40);
  Bytes packet = packet_of({.is_discontinuous = true}, few);
  EXPECT_TRUE(parse_adaptation_field(packet).is_discontinuous);
  EXPECT_FALSE(parse_adaptation_field(packet).has_clock);
  packet[4] = std::byte{200};
  EXPECT_FALSE(parse_adaptation_field(packet).is_discontinuous);
  packet[4] = std::byte{3};
  packet[5] = std::byte{0x92};  // A PCR that does not fit.
  EXPECT_EQ(parse_adaptation_field(packet).stuffing_bytes, 0u);
}

TEST(Clock33Test, TheWrapGoesOn) {
  constexpr std::uint64_t kLast = (std::uint64_t{1} << 33) - 1;
  Clock33 clock;
  EXPECT_EQ(clock.unwrap(kLast - 89), static_cast<std::int64_t>(kLast - 89));
  EXPECT_EQ(clock.unwrap(10), static_cast<std::int64_t>(kLast + 11));
  EXPECT_EQ(clock.unwrap(kLast), static_cast<std::int64_t>(kLast));  // Another PID, a little behind.
  EXPECT_EQ(clock.unwrap(90'000), static_cast<std::int64_t>(kLast + 90'001));
}

TEST(ContinuityTest, OneTwinIsAllowed) {
  const Bytes payload(184), other(184, std::byte{1});
  Continuity continuity;
  EXPECT_EQ(continuity.judge(7, false, payload), Continuity::Judgement::kNext);
  EXPECT_EQ(continuity.judge(7, false, payload), Continuity::Judgement::kAgain);
  EXPECT_EQ(continuity.judge(7, false, payload), Continuity::Judgement::kLost);
  EXPECT_EQ(continuity.judge(8, false, other), Continuity::Judgement::kNext);
  EXPECT_EQ(continuity.judge(8, false, payload), Continuity::Judgement::kLost);  // The same number, other bytes.
}

TEST(ContinuityTest, AJumpIsALossUnlessItIsAnnounced) {
  const Bytes payload(184);
  Continuity continuity;
  EXPECT_EQ(continuity.judge(15, false, payload), Continuity::Judgement::kNext);
  EXPECT_EQ(continuity.judge(0, false, payload), Continuity::Judgement::kNext);
  EXPECT_EQ(continuity.judge(2, false, payload), Continuity::Judgement::kLost);
  EXPECT_EQ(continuity.judge(9, true, payload), Continuity::Judgement::kAnnounced);
}

TEST(PesTest, TimesComeOutAsTheyWentIn) {
  constexpr std::uint64_t kPts = 0x1'FFFF'FFFF, kDts = 0x1'2345'6789;
  const std::optional<PesHeader> header = parse_pes_header(pes_of(kPts, kDts, 20));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->pts, kPts);
  EXPECT_EQ(header->dts, kDts);
  EXPECT_EQ(header->header_bytes, 19u);
  EXPECT_EQ(header->packet_bytes, 0u);
  EXPECT_EQ(parse_pes_header(pes_of(1, 1, 20, true))->packet_bytes, 39u);
}

TEST(PesTest, APresentationTimeAloneIsBoth) {
  Bytes pes = bytes_of({0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5});
  append_timestamp(pes, 2, 1234);
  const std::optional<PesHeader> header = parse_pes_header(pes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->pts, 1234u);
  EXPECT_EQ(header->dts, 1234u);
}

TEST(PesTest, MalformedOnesAreNone) {
  const Bytes good = pes_of(1, 1, 20, true);
  for (const auto& [at, value] : {std::pair{2, 0}, {3, 0xBE}, {6, 0}, {7, 0x40}, {8, 3}, {9, 0x30}, {5, 5}}) {
    Bytes bad = good;
    bad[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
    EXPECT_FALSE(parse_pes_header(bad)) << at;
  }
  for (std::size_t length = 0; length < 19; ++length) EXPECT_FALSE(parse_pes_header(ByteSpan(good).first(length)));
}

TEST(ProgramTest, WhatAPlayerCanBeGivenIsTold) {
  const Bytes dvb_ac3 = bytes_of({0x6A, 1, 0}), german = bytes_of({0x0A, 4, 'D', 'E', 'U', 0});
  const std::optional<ProgramMap> map = parse_program_map(map_section(
      1, {{0x1B, 256}, {0x0F, 257, german}, {0x06, 258, dvb_ac3}, {0x06, 260}, {0x24, 261}, {0x87, 262}, {0x86, 263}}));
  ASSERT_TRUE(map);
  std::vector<Medium> media;
  for (const ProgramStream& stream : map->streams) media.push_back(stream.medium);
  EXPECT_EQ(media, (std::vector{Medium::kPictures, Medium::kSound, Medium::kSound, Medium::kNone, Medium::kPictures,
                                Medium::kSound, Medium::kNone}));
  EXPECT_EQ(map->streams[1].language, "deu");
  EXPECT_EQ(map->streams[2].descriptors, dvb_ac3);
}

TEST(ProgramTest, SoundForWhoDoesNotSeeIsTold) {
  const std::optional<ProgramMap> map =
      parse_program_map(map_section(1, {{0x0F, 257, bytes_of({0x0A, 4, 'd', 'e', 'u', 0})},
                                        {0x0F, 258, bytes_of({0x0A, 4, 'd', 'e', 'u', 3})},
                                        {0x0F, 259, bytes_of({0x0A, 3, 'd', 'e', 'u'})},
                                        {0x0F, 260, bytes_of({0x0A, 4, 'd', '1', 'u', 3})}}));
  ASSERT_TRUE(map);
  std::vector<bool> told;
  for (const ProgramStream& stream : map->streams) told.push_back(stream.describes_video);
  EXPECT_EQ(told, (std::vector{false, true, false, true}));
}

TEST(ProgramTest, ABrokenSectionIsNone) {
  const Bytes good = map_section(1, {{0x1B, 256, bytes_of({0x0A, 200, 'x'})}});
  ASSERT_TRUE(parse_program_map(good));
  EXPECT_EQ(parse_program_map(good)->streams[0].language, "");
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= std::byte{0x10};
    EXPECT_FALSE(parse_program_map(bad)) << at;
    EXPECT_FALSE(parse_program_map(ByteSpan(good).first(at))) << at;
  }
}

}  // namespace
}  // namespace fanlight::packager
