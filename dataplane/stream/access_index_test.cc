#include "stream/access_index.h"

#include <gtest/gtest.h>

#include "wire/test_ts.h"

namespace fanlight {
namespace {

using Point = AccessIndex::Point;

class AccessIndexTest : public ::testing::Test {
 protected:
  // The next position's packet.
  void add(std::initializer_list<Bytes> packets) { index.note({pos++}, ts_datagram(packets)); }
  void add_tables() {
    add({pat_packet()});
    add({pmt_packet()});
  }
  AccessIndex index;
  std::int64_t pos = 100;
};

TEST_F(AccessIndexTest, APointBeginsAtThePatBeforeIt) {
  add({filler_packet(), pat_packet(), filler_packet()});
  add({filler_packet(), pmt_packet()});
  EXPECT_FALSE(index.last());
  add({filler_packet(), idr_packet()});
  EXPECT_EQ(index.last(), (Point{{100}, {102}}));
  add({delta_packet()});
  EXPECT_EQ(index.last(), (Point{{100}, {102}}));
}

TEST_F(AccessIndexTest, TheNewestTablesBeforeThePictureCount) {
  add_tables();
  add({pat_packet(), pmt_packet()});
  add({pat_packet()});  // Its PMT comes behind the picture.
  add({idr_packet()});
  EXPECT_EQ(index.last(), (Point{{102}, {104}}));
}

TEST_F(AccessIndexTest, TheIndicatorIsEnough) {
  add({pat_packet(), table_packet(kTestMapPid, pmt_section({{0x02, kTestVideoPid}}))});
  add({ts_packet({.starts_unit = true})});
  EXPECT_FALSE(index.last());
  add({ts_packet({.starts_unit = true, .random_access = true})});
  EXPECT_EQ(index.last(), (Point{{100}, {101 + 1}}));
}

TEST_F(AccessIndexTest, AnIndicatorOnOtherPacketsIsNone) {
  add_tables();
  add({ts_packet({.pid = kTestAudioPid, .starts_unit = true, .random_access = true})});
  add({ts_packet({.random_access = true})});
  EXPECT_FALSE(index.last());
}

TEST_F(AccessIndexTest, ThePictureMayLiePacketsBehindTheHeader) {
  add_tables();
  add({ts_packet({.starts_unit = true}, pes("0000 0001 0605"))});
  for (int i = 0; i < 8; ++i) add({filler_packet()});
  add({ts_packet({}, from_hex("0000 0165"))});
  EXPECT_EQ(index.last(), (Point{{100}, {102}}));
}

TEST_F(AccessIndexTest, TablesBetweenAHeaderAndItsPictureAreTheNextOnes) {
  add_tables();
  add({ts_packet({.starts_unit = true}, pes("0000 0001 0605"))});
  add_tables();
  add({ts_packet({}, from_hex("0000 0165"))});
  EXPECT_EQ(index.last(), (Point{{100}, {102}}));
}

TEST_F(AccessIndexTest, AHoleEndsTheSearch) {
  add_tables();
  add({ts_packet({.starts_unit = true}, pes("0000 0001 0605"))});
  ++pos;
  add({ts_packet({}, from_hex("0000 0165"))});
  EXPECT_FALSE(index.last());
}

TEST_F(AccessIndexTest, AudioAloneCanStartAnywhere) {
  add({pat_packet(), table_packet(kTestMapPid, pmt_section({{0x0F, kTestAudioPid}}))});
  add({ts_packet({.pid = kTestAudioPid})});
  EXPECT_FALSE(index.last());
  add({ts_packet({.pid = kTestAudioPid, .starts_unit = true})});
  EXPECT_EQ(index.last(), (Point{{100}, {102}}));
}

TEST_F(AccessIndexTest, ScrambledVideoHasNone) {
  add_tables();
  add({ts_packet({.starts_unit = true, .random_access = true, .scrambled = true})});
  EXPECT_FALSE(index.last());
}

TEST_F(AccessIndexTest, OtherPayloadsHaveNone) {
  Bytes datagram = ts_datagram({pat_packet(), pmt_packet(), idr_packet()});
  datagram.push_back(std::byte{0x47});
  index.note({100}, datagram);
  EXPECT_FALSE(index.last());
}

TEST_F(AccessIndexTest, AMapLongerThanAPacketIsPutTogether) {
  Bytes section = pmt_section({{0x1B, kTestVideoPid}}, 300);
  section.insert(section.begin(), std::byte{0});
  add({pat_packet()});
  for (std::size_t at = 0; at < section.size(); at += 184)
    add({ts_packet({.pid = kTestMapPid, .starts_unit = at == 0},
                   ByteSpan(section).subspan(at, std::min<std::size_t>(184, section.size() - at)))});
  add({idr_packet()});
  EXPECT_EQ(index.last(), (Point{{100}, {103}}));
}

TEST_F(AccessIndexTest, ALatePacketBringsItsPointUnlessANewerIsKnown) {
  add_tables();
  const std::int64_t hole = pos++;
  add({delta_packet()});
  index.note({hole}, ts_datagram({ts_packet({.starts_unit = true, .random_access = true})}));
  EXPECT_EQ(index.last(), (Point{{100}, {102}}));
  const std::int64_t second_hole = pos++;
  add({idr_packet()});
  index.note({second_hole}, ts_datagram({ts_packet({.starts_unit = true, .random_access = true})}));
  EXPECT_EQ(index.last(), (Point{{100}, {105}}));
}

TEST_F(AccessIndexTest, AnotherPublishersStreamStartsFromNothing) {
  add_tables();
  add({idr_packet()});
  index.forget();
  EXPECT_FALSE(index.last());
  add({idr_packet()});
  EXPECT_FALSE(index.last()) << "its tables are not known";
}

}  // namespace
}  // namespace fanlight
