#include "net/neighbours.h"

#include <gtest/gtest.h>

#include <set>

#include "net/arp.h"
#include "net/ndp.h"
#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

constexpr Instant kStart{1'000'000'000};
constexpr int kPlaces = Neighbours::kCapacity;
constexpr MacAddress kNewMac = {2, 0, 0, 0, 0xCC, 3};

class NeighboursTest : public testing::Test {
 protected:
  void hear(const Bytes& frame) { neighbours_.handle_frame(now_, frame, judge_frame(our_interface(), frame)); }
  void hear_arp(const ArpPacket& arp, const MacAddress& destination = kOurMac) {
    Bytes frame(64);
    frame.resize(write_arp_frame(frame, destination, arp));
    hear(frame);
  }
  void hear_reply(const IpAddress& ip, const MacAddress& mac) {
    hear_arp({.is_request = false, .sender_mac = mac, .sender = ip, .target_mac = kOurMac, .target = kOurV4});
  }
  void hear_gratuitous(const IpAddress& ip, const MacAddress& mac) {
    hear_arp({.sender_mac = mac, .sender = ip, .target = ip}, kMacBroadcast);
  }
  Bytes ask() {
    Bytes out(128);
    out.resize(neighbours_.poll_request(now_, out));
    return out;
  }
  void pass(Micros span) { now_ = now_ + span; }
  std::uint16_t pinned(const IpAddress& ip) {
    const std::uint16_t index = neighbours_.resolve(now_, ip).value();
    neighbours_.pin(now_, index);
    return index;
  }
  // Pinned, asked for and answered.
  std::uint16_t known(const IpAddress& ip) {
    const std::uint16_t index = pinned(ip);
    EXPECT_FALSE(ask().empty());
    hear_reply(ip, kPeerMac);
    return index;
  }
  // Whoever it asks for answers.
  void answer(Neighbours& neighbours, const Interface& interface, const Bytes& question) {
    const ArpPacket asked = *parse_arp(ByteSpan(question).subspan(14));
    Bytes frame(64);
    frame.resize(write_arp_frame(frame, kOurMac,
                                 {.is_request = false,
                                  .sender_mac = kPeerMac,
                                  .sender = asked.target,
                                  .target_mac = kOurMac,
                                  .target = kOurV4}));
    neighbours.handle_frame(now_, frame, judge_frame(interface, frame));
  }
  static bool is_broadcast(const Bytes& frame) { return !frame.empty() && load_mac(frame.data()) == kMacBroadcast; }
  static bool is_to(const Bytes& frame, const MacAddress& mac) {
    return !frame.empty() && load_mac(frame.data()) == mac;
  }

  Instant now_ = kStart;
  Neighbours neighbours_{our_interface()};
};

TEST_F(NeighboursTest, AQuestionToAllIsAskedAndItsAnswerTaken) {
  const auto index = neighbours_.resolve(now_, kPeerV4);
  ASSERT_TRUE(index);
  EXPECT_FALSE(neighbours_.is_resolved(*index));
  EXPECT_EQ(ask(), from_hex(kArpQuestion));
  hear(from_hex(kArpReply));
  EXPECT_TRUE(neighbours_.is_resolved(*index));
  EXPECT_EQ(neighbours_.mac(*index), kPeerMac);
}

TEST_F(NeighboursTest, TheSameInIpv6) {
  const auto index = neighbours_.resolve(now_, kPeerV6);
  EXPECT_EQ(ask(), from_hex(kNsQuestion));
  hear(from_hex(kNa));
  EXPECT_TRUE(neighbours_.is_resolved(*index));
  EXPECT_EQ(neighbours_.mac(*index), kPeerMac);
}

TEST_F(NeighboursTest, StrangersBehindTheGatewayShareOneEntry) {
  const auto first = neighbours_.resolve(now_, IpAddress::v4(198, 51, 100, 1));
  const auto second = neighbours_.resolve(now_, IpAddress::v4(203, 0, 113, 7));
  EXPECT_EQ(first, second);
  EXPECT_EQ(neighbours_.address(*first), our_interface().ipv4_gateway);
  const auto v6 = neighbours_.resolve(now_, *IpAddress::parse("2001:db8:1::1"));
  EXPECT_EQ(neighbours_.address(*v6), our_interface().ipv6_gateway);
  const auto local = neighbours_.resolve(now_, *IpAddress::parse("fe80::99"));
  EXPECT_EQ(neighbours_.address(*local), *IpAddress::parse("fe80::99"));
}

TEST_F(NeighboursTest, ThereIsNoWayToGroupsOrOurselves) {
  for (const char* text :
       {"192.0.2.10", "192.0.2.255", "255.255.255.255", "239.1.2.3", "ff02::1", "::", "2001:db8::10"})
    EXPECT_FALSE(neighbours_.resolve(now_, *IpAddress::parse(text))) << text;
  Interface lonely = our_interface();
  lonely.ipv4_gateway = {};
  EXPECT_FALSE(Neighbours{lonely}.resolve(now_, IpAddress::v4(198, 51, 100, 1)));
}

TEST_F(NeighboursTest, AnUnansweredQuestionIsRepeatedOnceASecond) {
  pinned(kPeerV4);
  int asked = 0;
  for (int i = 0; i < 50; ++i, pass(millis(100))) asked += is_broadcast(ask());
  EXPECT_EQ(asked, 5);
}

TEST_F(NeighboursTest, WhoseAddressIsAskedForThreeTimesInVainIsSilentUntilItAnswers) {
  const std::uint16_t index = pinned(kPeerV4);
  for (int i = 0; i < 3; ++i, pass(seconds(1))) {
    EXPECT_TRUE(is_broadcast(ask()));
    EXPECT_FALSE(neighbours_.is_silent(index)) << i;
  }
  EXPECT_FALSE(neighbours_.is_silent(index)) << "it has a second for the last one, too";
  EXPECT_TRUE(is_broadcast(ask()));
  EXPECT_TRUE(neighbours_.is_silent(index));
  for (int i = 0; i < 300; ++i, pass(seconds(1))) (void)ask();
  EXPECT_TRUE(neighbours_.is_silent(index));
  hear_reply(kPeerV4, kPeerMac);
  EXPECT_FALSE(neighbours_.is_silent(index));
  EXPECT_FALSE(neighbours_.is_silent(Neighbours::kCapacity));
}

// Its MAC address was right half a minute ago, and may just have become another's.
TEST_F(NeighboursTest, WhoFallsSilentIsAskedForToAllBeforeItIsSilent) {
  const std::uint16_t index = known(kPeerV4);
  pass(seconds(30));
  for (int i = 0; i < 6; ++i, pass(seconds(1))) {
    EXPECT_EQ(is_broadcast(ask()), i >= 3);
    EXPECT_FALSE(neighbours_.is_silent(index)) << i;
  }
  (void)ask();
  EXPECT_TRUE(neighbours_.is_silent(index));
}

TEST_F(NeighboursTest, WhoWasNotWantedForAWhileIsAskedAnewBeforeItIsSilent) {
  const std::uint16_t index = neighbours_.resolve(now_, kPeerV4).value();
  for (int i = 0; i < 40; ++i, pass(seconds(1))) (void)ask();
  EXPECT_EQ(neighbours_.resolve(now_, kPeerV4), index);
  for (int i = 0; i < 3; ++i, pass(seconds(1))) {
    EXPECT_TRUE(is_broadcast(ask()));
    EXPECT_FALSE(neighbours_.is_silent(index)) << i;
  }
  (void)ask();
  EXPECT_TRUE(neighbours_.is_silent(index));
}

TEST_F(NeighboursTest, QuestionsStopWhenNobodyWantsTheAnswer) {
  EXPECT_TRUE(neighbours_.resolve(now_, kPeerV4));
  for (int i = 0; i < 40; ++i, pass(seconds(1))) (void)ask();
  EXPECT_EQ(neighbours_.next_request_at(), Instant::never());
  EXPECT_TRUE(neighbours_.resolve(now_, kPeerV4));
  EXPECT_TRUE(is_broadcast(ask()));
}

TEST_F(NeighboursTest, AnEntryInUseIsCheckedEvery30Seconds) {
  const std::uint16_t index = known(kPeerV4);
  pass(seconds(30) - micros(1));
  EXPECT_TRUE(ask().empty());
  EXPECT_EQ(neighbours_.next_request_at(), now_ + micros(1));
  pass(micros(1));
  EXPECT_TRUE(is_to(ask(), kPeerMac));
  EXPECT_TRUE(neighbours_.is_resolved(index));
  hear_reply(kPeerV4, kPeerMac);
  EXPECT_TRUE(ask().empty());
  EXPECT_EQ(neighbours_.next_request_at(), now_ + seconds(30));
}

TEST_F(NeighboursTest, ThreeSilentProbesMakeItIncomplete) {
  const std::uint16_t index = known(kPeerV4);
  pass(seconds(30));
  for (int probe = 0; probe < 3; ++probe, pass(seconds(1))) {
    EXPECT_TRUE(is_to(ask(), kPeerMac)) << probe;
    EXPECT_TRUE(neighbours_.is_resolved(index));
  }
  EXPECT_TRUE(is_broadcast(ask()));
  EXPECT_FALSE(neighbours_.is_resolved(index));
  EXPECT_EQ(neighbours_.mac(index), MacAddress{});
  hear_reply(kPeerV4, kNewMac);
  EXPECT_EQ(neighbours_.mac(index), kNewMac);
}

TEST_F(NeighboursTest, AnEntryOutOfUseGoesStaleAndIsCheckedWhenWanted) {
  const std::uint16_t index = known(kPeerV4);
  neighbours_.unpin(now_, index);
  pass(seconds(31));
  EXPECT_TRUE(ask().empty());
  EXPECT_TRUE(neighbours_.is_resolved(index));
  EXPECT_EQ(neighbours_.resolve(now_, kPeerV4), index);
  for (int probe = 0; probe < 3; ++probe, pass(seconds(1))) EXPECT_TRUE(is_to(ask(), kPeerMac)) << probe;
  EXPECT_TRUE(is_broadcast(ask()));
}

TEST_F(NeighboursTest, AChangedMacIsFollowedAndThenChecked) {
  const IpAddress gateway = our_interface().ipv4_gateway;
  const std::uint16_t index = known(gateway);
  pass(seconds(5));
  hear_gratuitous(gateway, kNewMac);
  EXPECT_EQ(neighbours_.mac(index), kNewMac);
  EXPECT_TRUE(is_to(ask(), kNewMac));
}

TEST_F(NeighboursTest, AFloodOfChangesIsCheckedOnceASecond) {
  const std::uint16_t index = known(kPeerV4);
  int asked = 0;
  for (int i = 0; i < 30; ++i, pass(millis(100))) {
    hear_gratuitous(kPeerV4, i % 2 == 0 ? kNewMac : kPeerMac);
    asked += !ask().empty();
  }
  EXPECT_LE(asked, 3);
  EXPECT_TRUE(neighbours_.is_resolved(index));
}

TEST_F(NeighboursTest, AnAdvertisementWithoutOverrideOnlyRaisesDoubt) {
  const std::uint16_t index = pinned(kPeerV6);
  (void)ask();
  hear(from_hex(kNa));
  pass(seconds(2));
  EXPECT_TRUE(ask().empty());
  Bytes frame(128);
  frame.resize(
      write_ndp_frame(frame, {kNewMac, kOurMac, kPeerV6, kOurV6},
                      {.is_solicitation = false, .is_override = false, .target = kPeerV6, .link_address = kNewMac}));
  hear(frame);
  EXPECT_EQ(neighbours_.mac(index), kPeerMac);
  EXPECT_TRUE(is_to(ask(), kPeerMac));
}

TEST_F(NeighboursTest, WhoAsksForUsIsRememberedWhoAnswersUnaskedIsNot) {
  hear_reply(IpAddress::v4(192, 0, 2, 30), kNewMac);
  hear_gratuitous(IpAddress::v4(192, 0, 2, 31), kNewMac);
  hear(from_hex(kArpRequest));
  const auto stranger = neighbours_.resolve(now_, IpAddress::v4(192, 0, 2, 30));
  const auto other = neighbours_.resolve(now_, IpAddress::v4(192, 0, 2, 31));
  const auto asker = neighbours_.resolve(now_, kPeerV4);
  EXPECT_FALSE(neighbours_.is_resolved(*stranger));
  EXPECT_FALSE(neighbours_.is_resolved(*other));
  EXPECT_TRUE(neighbours_.is_resolved(*asker));
}

TEST_F(NeighboursTest, TheLeastRecentlyUsedUnpinnedEntryMakesRoom) {
  const auto host = [](int i) { return IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(i)); };
  Interface wide = our_interface();
  wide.ipv4_prefix = 16;
  Neighbours neighbours{wide};
  const auto wide_host = [](int i) {
    return IpAddress::v4(192, 0, static_cast<std::uint8_t>(100 + i / 200), static_cast<std::uint8_t>(1 + i % 200));
  };
  const auto first = neighbours.resolve(now_, host(50)).value();
  neighbours.pin(now_, first);
  for (int i = 1; i < kPlaces; ++i, pass(millis(1))) ASSERT_TRUE(neighbours.resolve(now_, wide_host(i)));
  const auto used_again = neighbours.resolve(now_, wide_host(1)).value();
  pass(millis(1));
  const auto newcomer = neighbours.resolve(now_, wide_host(kPlaces + 44)).value();
  EXPECT_NE(newcomer, first);
  EXPECT_NE(newcomer, used_again);
  EXPECT_EQ(neighbours.address(first), host(50));
  EXPECT_EQ(neighbours.address(used_again), wide_host(1));
}

TEST_F(NeighboursTest, AFullTableOfPinsTakesNobodyIn) {
  Interface wide = our_interface();
  wide.ipv4_prefix = 8;
  Neighbours neighbours{wide};
  const auto host = [](int i) {
    return IpAddress::v4(192, 1, static_cast<std::uint8_t>(i / 200), static_cast<std::uint8_t>(1 + i % 200));
  };
  for (int i = 0; i < kPlaces; ++i) neighbours.pin(now_, neighbours.resolve(now_, host(i)).value());
  EXPECT_FALSE(neighbours.resolve(now_, host(kPlaces)));
  neighbours.unpin(now_, 17);
  EXPECT_EQ(neighbours.resolve(now_, host(kPlaces)), 17);
}

// All of them are sent to in turn: each would take the place of one whose answer is on its way, and few were served.
TEST_F(NeighboursTest, OfMoreHostsThanPlacesAsManyAreServedAsThereArePlaces) {
  Interface wide = our_interface();
  wide.ipv4_prefix = 8;
  Neighbours neighbours{wide};
  const auto host = [](int i) {
    return IpAddress::v4(192, 1, static_cast<std::uint8_t>(i / 200), static_cast<std::uint8_t>(1 + i % 200));
  };
  std::set<std::uint16_t> pinned;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < kPlaces + 100; ++i) {
      const auto index = neighbours.resolve(now_, host(i));
      if (index && neighbours.is_resolved(*index) && pinned.insert(*index).second) neighbours.pin(now_, *index);
    }
    std::vector<Bytes> questions;
    Bytes out(128);
    while (neighbours.poll_request(now_, out) != 0) questions.push_back(out);
    pass(millis(200));
    for (const Bytes& question : questions) answer(neighbours, wide, question);
  }
  EXPECT_EQ(pinned.size(), Neighbours::kCapacity);
}

TEST_F(NeighboursTest, ChurnDoesNotMakeMoreQuestionsThanTheRate) {
  Interface wide = our_interface();
  wide.ipv4_prefix = 8;
  Neighbours neighbours{wide};
  Bytes out(128);
  std::uint32_t asked = 0;
  for (int i = 0; i < 2'000; ++i, now_ = now_ + micros(100)) {
    (void)neighbours.resolve(
        now_, IpAddress::v4(192, 7, static_cast<std::uint8_t>(i / 200), static_cast<std::uint8_t>(1 + i % 200)));
    while (neighbours.poll_request(now_, out) != 0) ++asked;
  }
  EXPECT_LE(asked, Neighbours::kAsksPerInterval);
}

}  // namespace
}  // namespace fanlight::net
