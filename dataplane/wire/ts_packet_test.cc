#include "wire/ts_packet.h"

#include <gtest/gtest.h>

#include "wire/test_ts.h"

namespace fanlight::wire {
namespace {

TEST(TsPacketTest, FieldsAreWhereTheyAreDrawn) {
  const Bytes bytes = ts_packet({.pid = 0x1ABC, .starts_unit = true, .random_access = true}, from_hex("0102"));
  const auto packet = parse_ts_packet(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->pid, 0x1ABC);
  EXPECT_TRUE(packet->starts_unit);
  EXPECT_TRUE(packet->random_access);
  EXPECT_FALSE(packet->scrambled);
  EXPECT_EQ(packet->payload.size(), kTsPacketBytes - 6);
  EXPECT_EQ(packet->payload[1], std::byte{2});
  EXPECT_TRUE(parse_ts_packet(ts_packet({.scrambled = true}))->scrambled);
}

TEST(TsPacketTest, AnAdaptationFieldLongerThanThePacketIsRefused) {
  Bytes bytes = ts_packet({.random_access = true});
  bytes[4] = std::byte{183};
  EXPECT_TRUE(parse_ts_packet(bytes));
  EXPECT_TRUE(parse_ts_packet(bytes)->payload.empty());
  bytes[4] = std::byte{184};
  EXPECT_FALSE(parse_ts_packet(bytes));
}

TEST(TsPacketTest, ADatagramIsATransportStreamWhenEveryPacketBeginsWithASyncByte) {
  Bytes datagram = ts_datagram({filler_packet(), filler_packet()});
  EXPECT_TRUE(is_transport_stream(datagram));
  datagram[188] = std::byte{0x46};
  EXPECT_FALSE(is_transport_stream(datagram));
  EXPECT_FALSE(is_transport_stream({}));
  EXPECT_FALSE(is_transport_stream(ByteSpan(datagram).first(187)));
}

// A PAT and a PMT of ffmpeg 5.1's muxer.
TEST(TsTableTest, TablesOfAStrangerAreRead) {
  const Bytes pat = from_hex("00B0 0D00 01C1 0000 0001 F000 2AB1 04B2");
  const auto program = parse_pat(pat);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->number, 1);
  EXPECT_EQ(program->map_pid, 0x1000);
  const Bytes pmt = from_hex("02B0 1200 01C1 0000 E100 F000 1BE1 00F0 0015 BD4D 56");
  const auto map = parse_pmt(pmt);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->program, 1);
  EXPECT_EQ(map->pid, 0x100);
  EXPECT_TRUE(map->has_video);
  EXPECT_EQ(map->codec, TsCodec::kH264);
}

TEST(TsTableTest, TheNetworkTableIsNoProgram) { EXPECT_EQ(parse_pat(pat_section(0x123))->map_pid, 0x123); }

TEST(TsTableTest, VideoIsPreferredAndAudioAloneIsTaken) {
  EXPECT_EQ(parse_pmt(pmt_h264())->pid, kTestVideoPid);
  const auto audio = parse_pmt(pmt_section({{0x06, 0x99}, {0x0F, kTestAudioPid}, {0x03, 0x102}}));
  ASSERT_TRUE(audio);
  EXPECT_FALSE(audio->has_video);
  EXPECT_EQ(audio->pid, kTestAudioPid);
  EXPECT_FALSE(parse_pmt(pmt_section({{0x06, 0x99}})));
  EXPECT_EQ(parse_pmt(pmt_section({{0x24, kTestVideoPid}}))->codec, TsCodec::kH265);
}

TEST(TsTableTest, WhatIsDamagedTruncatedOrNotInForceIsRefused) {
  const Bytes good = pat_section();
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x10};
    EXPECT_FALSE(parse_pat(bad)) << "byte " << i;
    EXPECT_FALSE(parse_pat(ByteSpan(good).first(i)));
  }
  EXPECT_FALSE(parse_pmt(good));
}

TEST(PesTest, TheContentBeginsBehindTheHeader) {
  EXPECT_EQ(copy(pes_content(pes("0000 0109"))), from_hex("0000 0109"));
  EXPECT_TRUE(pes_content(from_hex("0000 02E0 0000 8080 00 AA")).empty());
  EXPECT_TRUE(pes_content(from_hex("0000 01E0 0000 8080 05 AA")).empty());
}

}  // namespace
}  // namespace fanlight::wire
