#include "ts/demuxer.h"

#include <gtest/gtest.h>

#include "ts/test_ts.h"

namespace fanlight::packager {
namespace {

using namespace test;

constexpr std::uint16_t kVideo = 0x100, kAudio = 0x101, kMap = 0x1000;

class DemuxerTest : public testing::Test {
 protected:
  void feed(const Bytes& bytes) { demuxer_.handle(bytes, events_); }
  void feed_tables(const std::vector<Track>& tracks, int version = 0) {
    feed(table_packet(0, table_counter_, program_section(1, kMap)));
    feed(table_packet(kMap, table_counter_++, map_section(1, tracks, version)));
  }
  void feed_unit(std::uint16_t pid, const Bytes& pes) { feed(packets_of(pid, pid == kVideo ? video_ : audio_, pes)); }
  // Framing is sure of itself with four packets.
  void feed_start(const std::vector<Track>& tracks = {{0x1B, kVideo}, {0x0F, kAudio}}) {
    feed_tables(tracks);
    Bytes filler(184 * 3);
    unsigned counter = 0;
    feed(packets_of(0x1FFF, counter, filler));
  }
  std::vector<ElementaryUnit> units() {
    std::vector<ElementaryUnit> found;
    for (DemuxEvent& event : events_)
      if (auto* unit = std::get_if<ElementaryUnit>(&event)) found.push_back(std::move(*unit));
    events_.clear();
    return found;
  }
  template <class Event>
  [[nodiscard]] std::size_t count_of() const {
    return static_cast<std::size_t>(std::count_if(
        events_.begin(), events_.end(), [](const DemuxEvent& e) { return std::holds_alternative<Event>(e); }));
  }

  Demuxer demuxer_{{}};
  std::vector<DemuxEvent> events_;
  unsigned video_ = 0, audio_ = 0, table_counter_ = 0;
};

TEST_F(DemuxerTest, APictureIsThereWithItsLastPacket) {
  feed_start();
  feed_unit(kVideo, pes_of(9000, 6000, 1000));
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].pid, kVideo);
  EXPECT_EQ(got[0].pts, 9000);
  EXPECT_EQ(got[0].dts, 6000);
  const Bytes sent = pes_of(9000, 6000, 1000);
  EXPECT_TRUE(
      std::equal(got[0].packet.content().begin(), got[0].packet.content().end(), sent.begin() + 19, sent.end()));
}

TEST_F(DemuxerTest, OneThatFillsItsPacketsEndsWithTheNext) {
  feed_start();
  feed_unit(kVideo, pes_of(9000, 9000, 2 * 184 - 19));
  EXPECT_TRUE(units().empty());
  feed_unit(kVideo, pes_of(12'000, 12'000, 100));
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].packet.content().size(), 2u * 184 - 19);
  EXPECT_EQ(got[1].packet.content().size(), 100u);
  EXPECT_FALSE(got[0].packet.is_after_loss || got[1].packet.is_after_loss);
}

TEST_F(DemuxerTest, WhoStuffsInTheMiddleIsNotBelievedASecondTime) {
  feed_start();
  const auto stuffed_in_the_middle = [&](std::uint64_t pts) {
    Bytes pes = pes_of(pts, pts, 600);
    Bytes first(pes.begin(), pes.begin() + 100), rest(pes.begin() + 100, pes.end());
    feed(packet_of({.pid = kVideo, .counter = video_++, .starts = true}, first));
    while (!rest.empty()) feed(packet_of({.pid = kVideo, .counter = video_++}, rest));
  };
  stuffed_in_the_middle(3000);
  EXPECT_EQ(units().size(), 1u);  // Its first part, too early.
  EXPECT_EQ(demuxer_.counts().pes.split, 1u);
  stuffed_in_the_middle(6000);
  EXPECT_TRUE(units().empty());
  stuffed_in_the_middle(9000);
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].packet.content().size(), 600u);
  EXPECT_TRUE(got[0].packet.is_after_loss);
  EXPECT_EQ(demuxer_.counts().pes.split, 1u);
}

TEST_F(DemuxerTest, SoundEndsWhereItSaid) {
  feed_start();
  feed_unit(kAudio, pes_of(9000, 9000, 700, true));
  ASSERT_EQ(units().size(), 1u);
  Bytes longer = pes_of(9000, 9000, 700, true);
  longer.resize(longer.size() + 30, std::byte{0x55});  // Behind its end.
  feed_unit(kAudio, longer);
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].packet.content().size(), 700u);
}

// By a hundred bytes, or because it has more than the field can say.
TEST_F(DemuxerTest, APictureThatIsLongerThanItSaysIsNotCut) {
  for (const std::size_t missing : {30u, 400u}) {
    demuxer_ = Demuxer{{}};
    video_ = audio_ = table_counter_ = 0;
    feed_start();
    const auto too_long = [&](std::uint64_t pts) {
      Bytes pes = pes_of(pts, pts, 700 - missing, true);
      pes.resize(pes.size() + missing, std::byte{0x55});
      feed_unit(kVideo, pes);
    };
    too_long(3000);
    (void)units();
    too_long(6000);
    too_long(9000);
    feed_unit(kVideo, pes_of(12'000, 12'000, 50));
    const std::vector<ElementaryUnit> got = units();
    ASSERT_EQ(got.size(), 3u) << missing;
    EXPECT_EQ(got[0].packet.content().size(), 700u) << missing;
    EXPECT_EQ(got[1].packet.content().size(), 700u) << missing;
    EXPECT_EQ(demuxer_.counts().pes.split, 1u) << missing;
  }
}

// By a header, or so: every one would be torn.
TEST_F(DemuxerTest, WhatIsALittleShorterThanItSaysIsWhole) {
  for (const std::uint16_t pid : {kVideo, kAudio}) {
    for (const std::size_t missing : {1u, 8u, 32u, 33u}) {
      demuxer_ = Demuxer{{}};
      video_ = audio_ = table_counter_ = 0;
      feed_start();
      for (std::uint64_t i = 1; i <= 4; ++i) {
        Bytes pes = pes_of(i * 3000, i * 3000, 700 + missing, true);
        pes.erase(pes.end() - static_cast<std::ptrdiff_t>(missing), pes.end());
        feed_unit(pid, pes);
      }
      const std::vector<ElementaryUnit> got = units();
      ASSERT_EQ(got.size(), missing > 32 ? 0u : pid == kVideo ? 4u : 3u) << "pictures end with their stuffing";
      for (const ElementaryUnit& unit : got) EXPECT_EQ(unit.packet.content().size(), 700u) << missing;
      EXPECT_EQ(demuxer_.counts().pes.split, missing > 32 ? 0u : 1u) << missing;
    }
  }
}

TEST_F(DemuxerTest, ALossDropsTheUnitAndTheNextOneTells) {
  feed_start();
  Bytes unit = packets_of(kVideo, video_, pes_of(3000, 3000, 1000));
  unit.erase(unit.begin() + 2 * 188, unit.begin() + 3 * 188);
  feed(unit);
  EXPECT_TRUE(units().empty());
  EXPECT_EQ(demuxer_.counts().lost, 1u);
  EXPECT_EQ(demuxer_.counts().pes.torn, 1u);
  feed_unit(kVideo, pes_of(6000, 6000, 50));
  feed_unit(kVideo, pes_of(9000, 9000, 50));
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_TRUE(got[0].packet.is_after_loss);
  EXPECT_FALSE(got[1].packet.is_after_loss);
}

TEST_F(DemuxerTest, APacketSentTwiceCountsOnce) {
  feed_start();
  const Bytes unit = packets_of(kVideo, video_, pes_of(3000, 3000, 400));
  for (std::size_t at = 0; at < unit.size(); at += 188)
    for (int twice = 0; twice < 2; ++twice)
      feed({unit.begin() + static_cast<long>(at), unit.begin() + static_cast<long>(at) + 188});
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].packet.content().size(), 400u);
  EXPECT_EQ(demuxer_.counts().lost, 0u);
  EXPECT_EQ(demuxer_.counts().sent_twice, 3u);
}

TEST_F(DemuxerTest, ScrambledAndBrokenPacketsAreCounted) {
  feed_start();
  Bytes payload(184);
  feed(packet_of({.pid = kVideo, .starts = true, .scrambling = 2}, payload));
  payload.resize(184);
  Bytes marked = packet_of({.pid = kVideo, .starts = true}, payload);
  marked[1] |= std::byte{0x80};
  feed(marked);
  EXPECT_TRUE(units().empty());
  EXPECT_EQ(demuxer_.counts().scrambled, 1u);
  EXPECT_EQ(demuxer_.counts().transport_errors, 1u);
}

TEST_F(DemuxerTest, ANewMapIsToldAndTracksThatStayGoOn) {
  feed_start();
  EXPECT_EQ(count_of<ProgramMap>(), 1u);
  feed_tables({{0x1B, kVideo}, {0x0F, kAudio}});  // The same again.
  EXPECT_EQ(count_of<ProgramMap>(), 1u);

  Bytes unit = packets_of(kVideo, video_, pes_of(3000, 3000, 400));
  feed({unit.begin(), unit.begin() + 188});
  feed_tables({{0x1B, kVideo}, {0x0F, kAudio}, {0x0F, 0x102}}, 1);
  EXPECT_EQ(count_of<ProgramMap>(), 2u);
  feed({unit.begin() + 188, unit.end()});
  EXPECT_EQ(units().size(), 1u);
}

TEST_F(DemuxerTest, TablesThatAreSaidAheadOfTheirTimeAreNotBroken) {  // ISO/IEC 13818-1 §2.4.4.9
  const auto for_later = [](Bytes section) {
    section.resize(section.size() - 4);
    section[5] &= ~std::byte{1};  // current_next_indicator
    return with_crc(std::move(section));
  };
  feed_start();
  Bytes map = for_later(map_section(1, {{0x1B, kVideo}, {0x0F, kAudio}, {0x0F, 0x102}}, 1));
  feed(table_packet(0, table_counter_, for_later(program_section(1, kMap + 1))));
  feed(table_packet(kMap, table_counter_++, map));
  EXPECT_EQ(count_of<ProgramMap>(), 1u);
  EXPECT_EQ(demuxer_.counts().broken_sections, 0u);
  map[12] ^= std::byte{1};
  feed(table_packet(kMap, table_counter_++, map));
  EXPECT_EQ(demuxer_.counts().broken_sections, 1u);
}

TEST_F(DemuxerTest, OfTracksThatGoWhatMayBeWholeIsHandedOver) {
  feed_start();
  feed_unit(kVideo, pes_of(9000, 9000, 2 * 184 - 19));
  EXPECT_TRUE(units().empty());  // Where it ends the next would tell.
  feed_tables({{0x1B, 0x110}, {0x0F, 0x111}}, 1);
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].pid, kVideo);
}

TEST_F(DemuxerTest, TheFirstProgramWithPicturesIsChosen) {
  Bytes places = bytes_of({0, 1, 0xE0 | 0x10, 0, 0, 2, 0xE0 | 0x10, 1});
  feed(table_packet(0, 0, section_of(0, 1, places)));
  feed(table_packet(kMap, 0, map_section(1, {{0x0F, kAudio}})));
  feed(table_packet(kMap + 1, 0, map_section(2, {{0x24, kVideo}})));
  feed(Bytes(table_packet(0x1FFF, 0, Bytes(4))));
  ASSERT_EQ(count_of<ProgramMap>(), 1u);
  EXPECT_EQ(std::get<ProgramMap>(events_[0]).number, 2);
}

TEST_F(DemuxerTest, AnotherClockIsToldWithThePacketThatSaysSo) {  // H-82, ISO/IEC 13818-1 §2.4.3.5
  feed_start();
  events_.clear();
  const auto feed_field = [&](std::uint16_t pid, bool has_pcr) {
    Bytes none;
    feed(packet_of({.pid = pid, .counter = 15, .is_discontinuous = true, .has_pcr = has_pcr}, none));
  };
  feed_field(kVideo, true);
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<NewTimeBase>(events_[0]));
  feed_field(kVideo, false);  // The counter may jump, no more.
  feed_field(kAudio, true);   // Not the program's.
  EXPECT_EQ(events_.size(), 1u);
}

TEST_F(DemuxerTest, TheEndHandsOverWhatMayBeWhole) {
  feed_start();
  feed_unit(kVideo, pes_of(9000, 9000, 2 * 184 - 19));
  Bytes cut = packets_of(kAudio, audio_, pes_of(9000, 9000, 700, true));
  feed({cut.begin(), cut.begin() + 188});
  demuxer_.finish(events_);
  const std::vector<ElementaryUnit> got = units();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].pid, kVideo);
  EXPECT_EQ(demuxer_.counts().pes.torn, 1u);
}

// One section of several: a program each, whose map has the next PID.
Bytes program_list(std::uint16_t first, std::uint16_t count, int number, int last, int version = 0) {
  Bytes body;
  for (std::uint16_t i = first; i < first + count; ++i) {
    const int pid = kMap + i - 1;
    append(body, bytes_of({i >> 8, i & 0xFF, 0xE0 | pid >> 8, pid & 0xFF}));
  }
  Bytes section = section_of(0, 1, body, version);
  section[6] = static_cast<std::byte>(number);
  section[7] = static_cast<std::byte>(last);
  section.resize(section.size() - 4);
  return with_crc(std::move(section));
}

class ProgramsTest : public DemuxerTest {
 protected:
  void feed_list(const Bytes& section) {
    Bytes whole = bytes_of({0});
    append(whole, section);
    whole.resize((whole.size() + 183) / 184 * 184, std::byte{0xFF});
    feed(packets_of(0, table_counter_, whole));
  }
  void feed_map(std::uint16_t program, const std::vector<Track>& tracks = {{0x1B, kVideo}}) {
    feed(table_packet(static_cast<std::uint16_t>(kMap + program - 1), map_counter_++, map_section(program, tracks)));
  }
  [[nodiscard]] std::vector<int> chosen() const {
    std::vector<int> numbers;
    for (const DemuxEvent& event : events_)
      if (const auto* map = std::get_if<ProgramMap>(&event)) numbers.push_back(map->number);
    return numbers;
  }
  unsigned map_counter_ = 0;
};

TEST_F(ProgramsTest, TheFirstIsTheListsAndNotTheOneThatComesFirst) {
  feed_list(program_list(1, 2, 0, 0));
  for (int i = 0; i < 5; ++i) feed_map(2);
  EXPECT_TRUE(chosen().empty());
  feed_map(1);
  feed_map(2);
  EXPECT_EQ(chosen(), std::vector{1});
}

TEST_F(ProgramsTest, OneWhoseMapNeverComesIsNotWaitedForForEver) {
  feed_list(program_list(1, 3, 0, 0));
  for (int i = 0; i < 20; ++i) feed_map(2), feed_map(3);
  EXPECT_EQ(chosen(), std::vector{2});
}

TEST_F(ProgramsTest, TheListMayHaveSeveralSections) {
  for (int i = 0; i < 3; ++i) {
    feed_list(program_list(1, 1, 0, 1));
    feed_map(2);
    feed_list(program_list(2, 1, 1, 1));
    feed_map(2);
    feed_map(1, {{0x0F, kAudio}});
  }
  EXPECT_EQ(chosen(), std::vector{2});
  feed_unit(kVideo, pes_of(9000, 9000, 100));
  EXPECT_EQ(units().size(), 1u);
  // Another version, of one section and without it.
  feed_list(program_list(1, 1, 0, 0, 1));
  feed_map(1, {{0x0F, kAudio}});
  EXPECT_EQ(chosen(), std::vector{1});
}

TEST_F(ProgramsTest, TheOneThatIsWantedMayBeTheLastOfMany) {
  demuxer_ = Demuxer({.program = 600});
  for (int i = 0; i < 3; ++i) feed_list(program_list(static_cast<std::uint16_t>(1 + i * 200), 200, i, 2));
  feed_map(600);
  EXPECT_EQ(chosen(), std::vector{600});
}

TEST_F(DemuxerTest, NobodyCanMakeAUnitGrowForEver) {
  feed_start();
  Bytes endless = pes_of(9000, 9000, PesAssembler::kPesBytesMax / 184 * 184 - 19);
  feed_unit(kVideo, endless);
  Bytes more(184 * 40);
  while (!more.empty()) feed(packet_of({.pid = kVideo, .counter = video_++}, more));
  EXPECT_EQ(demuxer_.counts().pes.too_large, 1u);
  EXPECT_TRUE(units().empty());
}

}  // namespace
}  // namespace fanlight::packager
