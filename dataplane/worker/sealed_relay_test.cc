// Encrypted viewers in a relay: nothing clear reaches them, and a repair is what it was the first time.
#include <gtest/gtest.h>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

const Endpoint kPublisherAt = RelayFixture::caller(5000);
const Endpoint kViewerAt = RelayFixture::caller(6000);

class SealedRelayTest : public ::testing::Test, protected RelayFixture {
 protected:
  static std::unique_ptr<crypto::SessionCiphers> ciphers() {
    auto one = std::make_unique<crypto::SessionCiphers>();
    one->even.emplace(crypto::Key(std::vector<std::byte>(16, std::byte{5})), wire::Salt{});
    return one;
  }
  SealedRelayTest() {
    publisher = open(opening(Role::kPublisher, kPublisherAt, SocketId{50}));
    auto sealed = opening(Role::kViewer, kViewerAt, SocketId{60}, SeqNo{30});
    sealed.ciphers = ciphers();
    viewer = open(std::move(sealed));
    run_for(millis(6));
  }
  std::vector<Said> after(const Endpoint& from, const std::vector<std::byte>& datagram, Micros later = {}) {
    hear(from, datagram);
    return to(breathe(later), kViewerAt);
  }
  SocketId publisher;
  SocketId viewer;
};

TEST_F(SealedRelayTest, NothingClearGoesToASealedViewer) {
  const auto packet = data(publisher, kIsn);
  const auto said = after(kPublisherAt, packet);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].data()->key, wire::KeyFlag::kEven);
  const std::vector<std::byte> clear(packet.begin() + wire::kHeaderBytes, packet.end());
  ASSERT_EQ(said[0].content().size(), clear.size());
  EXPECT_FALSE(std::equal(clear.begin(), clear.end(), said[0].content().begin()));
  std::vector<std::byte> opened(clear.size());
  ASSERT_TRUE(ciphers()->even->apply(said[0].data()->seq, said[0].content(), opened));
  EXPECT_EQ(opened, clear);
}

TEST_F(SealedRelayTest, ARepairRepeatsTheCiphertext) {
  const auto first = after(kPublisherAt, data(publisher, kIsn));
  ASSERT_EQ(first.size(), 1u);
  const auto again = after(kViewerAt, nak(viewer, {{{30}, {30}}}), millis(100));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(again[0].data()->retransmitted);
  EXPECT_EQ(again[0].data()->key, first[0].data()->key);
  EXPECT_TRUE(std::equal(first[0].content().begin(), first[0].content().end(), again[0].content().begin()));
}

}  // namespace
}  // namespace fanlight
