#include "net/interface.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/checksum.h"
#include "net/frame.h"
#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

TEST(InterfaceTest, AGroupsMacAddressFollowsFromIt) {
  EXPECT_EQ(group_mac_of(IpAddress::v4(239, 129, 2, 3)), (MacAddress{1, 0, 0x5E, 1, 2, 3})) << "23 bits of it";
  EXPECT_EQ(group_mac_of(*IpAddress::parse("ff15::1:2:3")), (MacAddress{0x33, 0x33, 0, 2, 0, 3}));
}

TEST(InterfaceTest, GroupsAreJoinedOnceAndWhileThereIsRoom) {
  Interface us = our_interface();
  for (std::size_t i = 0; i < Interface::kGroupsMax; ++i)
    EXPECT_TRUE(us.join(IpAddress::v4(239, 0, 0, static_cast<std::uint8_t>(Interface::kGroupsMax - i))));
  EXPECT_TRUE(us.join(IpAddress::v4(239, 0, 0, 7))) << "again";
  EXPECT_FALSE(us.join(IpAddress::v4(239, 0, 1, 7)));
  EXPECT_TRUE(us.has_joined(IpAddress::v4(239, 0, 0, 1)));
  EXPECT_FALSE(us.has_joined(IpAddress::v4(239, 0, 1, 7)));
}

// kUdpV4 and kUdpV6 to a group; the sum of UDP left out or, IPv6, made anew.
Bytes datagram_to(const IpAddress& group, const MacAddress& mac) {
  Bytes frame = from_hex(group.is_v4() ? kUdpV4 : kUdpV6);
  std::memcpy(frame.data(), mac.data(), mac.size());
  if (group.is_v4()) {
    std::memcpy(frame.data() + 30, group.bytes.data() + 12, 4);
    store_be16(frame.data() + 24, 0);
    store_be16(frame.data() + 24, checksum_of(sum_of(ByteSpan{frame}.subspan(14, 20))));
    store_be16(frame.data() + 40, 0);
    return frame;
  }
  std::memcpy(frame.data() + 38, group.bytes.data(), 16);
  store_be16(frame.data() + 60, 0);
  const ByteSpan udp = ByteSpan{frame}.subspan(54);
  store_be16(frame.data() + 60, checksum_of(pseudo_sum(kPeerV6, group, 17) +
                                            sum_of_field(static_cast<std::uint16_t>(udp.size())) + sum_of(udp)));
  return frame;
}

TEST(InterfaceTest, ADatagramToAJoinedGroupIsOurs) {
  Interface us = our_interface();
  for (const IpAddress& group : {IpAddress::v4(239, 1, 2, 3), *IpAddress::parse("ff15::7:1")}) {
    const Bytes frame = datagram_to(group, group_mac_of(group));
    EXPECT_EQ(judge_frame(us, frame).verdict, Verdict::kNotForUs) << "not joined";
    ASSERT_TRUE(us.join(group));
    const FrameView view = judge_frame(us, frame);
    EXPECT_EQ(view.verdict, Verdict::kAccepted);
    EXPECT_EQ(view.local, (Endpoint{group, 9000}));
    EXPECT_EQ(judge_frame(us, datagram_to(group, kOurMac)).verdict, Verdict::kNotForUs) << "in a frame to us alone";
  }
}

TEST(InterfaceTest, AnotherGroupOfTheSameMacAddressIsNotOurs) {
  Interface us = our_interface();
  ASSERT_TRUE(us.join(IpAddress::v4(239, 1, 2, 3)));
  const IpAddress twin = IpAddress::v4(224, 129, 2, 3);
  EXPECT_EQ(judge_frame(us, datagram_to(twin, group_mac_of(twin))).verdict, Verdict::kNotForUs);
  EXPECT_EQ(judge_frame(us, datagram_to(kAllSystems, group_mac_of(kAllSystems))).verdict, Verdict::kNotForUs)
      << "that one is for questions";
}

TEST(InterfaceTest, EveryGroupsMacAddressIsListenedTo) {
  Interface us = our_interface();
  std::vector<MacAddress> macs;
  for (std::size_t i = 0; i < Interface::kGroupsMax; ++i) {
    const auto low = static_cast<std::uint8_t>(i * 91);
    const IpAddress group =
        i % 2 == 0 ? IpAddress::v4(239, 1, static_cast<std::uint8_t>(i), low)
                   : IpAddress{{0xFF, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(i), low}};
    EXPECT_FALSE(us.listens_to(group_mac_of(group)));
    ASSERT_TRUE(us.join(group));
    macs.push_back(group_mac_of(group));
    for (const MacAddress& mac : macs) ASSERT_TRUE(us.listens_to(mac));
  }
  EXPECT_FALSE(us.join(IpAddress::v4(239, 9, 9, 9)));
  EXPECT_TRUE(std::ranges::all_of(us.group_macs(), [&](const MacAddress& mac) { return us.listens_to(mac); }));
}

TEST(InterfaceTest, AnEchoRequestToAGroupIsNotAnswered) {
  Interface us = our_interface();
  const IpAddress group = IpAddress::v4(239, 1, 2, 3);
  ASSERT_TRUE(us.join(group));
  Bytes frame = datagram_to(group, group_mac_of(group));
  frame[23] = std::byte{1};
  store_be16(frame.data() + 24, 0);
  store_be16(frame.data() + 24, checksum_of(sum_of(ByteSpan{frame}.subspan(14, 20))));
  EXPECT_EQ(judge_frame(us, frame).verdict, Verdict::kNotForUs);
}

}  // namespace
}  // namespace fanlight::net
