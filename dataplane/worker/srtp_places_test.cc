#include "worker/srtp_places.h"

#include <gtest/gtest.h>

#include <set>

#include "stream/stream_fixture.h"

namespace fanlight {
namespace {

class SrtpPlacesTest : public ::testing::Test, protected StreamFixture {
 protected:
  static crypto::SrtpMaster master() {
    return {crypto::SrtpSuite::kAesCm128HmacSha1Tag80, crypto::SecretBytes(Bytes(30, std::byte{1}))};
  }
  crypto::SrtpSendingKey key{master()};
  crypto::SrtpSendingKey other{master()};
};

TEST_F(SrtpPlacesTest, DestinationsOfAKeyAndTypeShareAGroup) {
  SrtpPlaces lent(0, {7, 8}, places);
  SrtpGroup* const group = lent.join(stream, key, 33);
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(lent.join(stream, key, 33), group);
  EXPECT_NE(lent.join(stream, key, 96), group) << "its header is another";
  EXPECT_NE(lent.join(stream, other, 33), group);
  Stream second(kSlots, kViewers, {});
  EXPECT_NE(lent.join(second, key, 33), group);
}

TEST_F(SrtpPlacesTest, TheLastMemberGivesItBack) {
  SrtpPlaces lent(0, {7, 8}, places);
  const std::size_t before = lent.free_groups();
  SrtpGroup* const group = lent.join(stream, key, 33);
  EXPECT_EQ(lent.join(stream, key, 33), group);
  lent.leave(stream, *group);
  EXPECT_NE(stream.release().srtp(), nullptr);
  lent.leave(stream, *group);
  EXPECT_EQ(stream.release().srtp(), nullptr);
  EXPECT_EQ(lent.free_groups(), before);
}

TEST_F(SrtpPlacesTest, AllKeysThatThereMayBeFindAPlace) {
  SrtpPlaces lent(0, {7, 8}, places);
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<crypto::SrtpSendingKey>> keys;
  for (std::size_t i = 0; i < kSrtpKeysMax; ++i) {
    if (i % kSrtpKeysPerStreamMax == 0) streams.push_back(std::make_unique<Stream>(kSlots, kViewers, StreamOptions{}));
    keys.push_back(std::make_unique<crypto::SrtpSendingKey>(master()));
    EXPECT_NE(lent.join(*streams.back(), *keys.back(), 33), nullptr) << i;
  }
}

// The newest: for some time yet its counter is what its receiver takes it for.
TEST_F(SrtpPlacesTest, WithoutAPlaceALatecomerJoinsTheNewestAndIsCounted) {
  SrtpPlaces lent(0, {7, 8}, places);
  SrtpGroup* newest = nullptr;
  const std::size_t most = SrtpOut::kGroupsMax - kSrtpKeysPerStreamMax;
  for (std::size_t i = 0; i < most; ++i) {
    newest = lent.join(stream, key, 33);
    ASSERT_NE(newest, nullptr);
    stream.advance_to(stream.history().next() + static_cast<std::int64_t>(SrtpGroup::kJoinEnd));
  }
  EXPECT_EQ(stream.release().srtp()->groups().size(), most);
  EXPECT_EQ(lent.take_late_joins(), 0u);
  EXPECT_EQ(lent.join(stream, key, 33), newest);
  EXPECT_EQ(lent.take_late_joins(), 1u);
  EXPECT_NE(lent.join(stream, other, 33), newest) << "another key finds its place";
}

// Who is sent nothing keeps its group only while there are enough for others.
TEST_F(SrtpPlacesTest, HalfOfThePlacesAreForThoseThatAreSentTo) {
  SrtpPlaces lent(0, {7, 8}, places);
  for (std::size_t i = 1; i < SrtpOut::kGroupsMax - kSrtpKeysPerStreamMax; ++i) {
    SrtpGroup* const group = lent.join(stream, key, 33);
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(lent.may_keep(stream, *group), i <= SrtpOut::kGroupsMax / 2) << i;
    stream.advance_to(stream.history().next() + static_cast<std::int64_t>(SrtpGroup::kJoinEnd));
  }
}

TEST_F(SrtpPlacesTest, NoWorkerOrOpeningHasAnothersSsrc) {
  std::set<std::uint32_t> sources;
  for (std::size_t worker = 0; worker < 4; ++worker) {
    SrtpPlaces lent(worker, {7, 8}, places);
    for (int i = 0; i < 100; ++i) {
      SrtpGroup* const group = lent.join(stream, key, 33);
      EXPECT_TRUE(sources.insert(group->ssrc()).second);
      lent.leave(stream, *group);
    }
  }
}

TEST_F(SrtpPlacesTest, AnotherProcessHasOtherSourcesAndBeginnings) {
  SrtpPlaces one(0, {7, 8}, places);
  SrtpPlaces two(0, {9, 10}, places);
  SrtpGroup* const ones = one.join(stream, key, 33);
  const std::uint32_t ssrc = ones->ssrc();
  const std::uint64_t start = ones->index_of(stream.history().next());
  one.leave(stream, *ones);
  SrtpGroup* const twos = two.join(stream, key, 33);
  EXPECT_NE(twos->ssrc(), ssrc);
  EXPECT_NE(twos->index_of(stream.history().next()), start);
}

}  // namespace
}  // namespace fanlight
