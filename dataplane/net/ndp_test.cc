#include "net/ndp.h"

#include <gtest/gtest.h>

#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

// The ICMPv6 message of kNs: 24 bytes, then one option with the asker's MAC address.
Bytes solicitation() {
  const Bytes frame = from_hex(kNs);
  return {frame.begin() + 54, frame.end()};
}

TEST(NdpTest, ASolicitationNamesItsTargetAndItsAsker) {
  const auto message = parse_ndp(solicitation());
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is_solicitation);
  EXPECT_EQ(message->target, kOurV6);
  EXPECT_EQ(message->link_address, kPeerMac);
}

TEST(NdpTest, UnknownOptionsAreSteppedOver) {
  Bytes message = solicitation();
  const Bytes nonce = from_hex("0e01112233445566");
  message.insert(message.begin() + 24, nonce.begin(), nonce.end());
  EXPECT_EQ(parse_ndp(message)->link_address, kPeerMac);
}

TEST(NdpTest, OptionsThatAreEmptyOrTooLongAreMalformed) {
  for (const int type : {1, 14})
    for (const int length : {0, 2, 255}) {
      Bytes message = solicitation();
      message[24] = std::byte(type);
      message[25] = std::byte(length);
      EXPECT_FALSE(parse_ndp(message)) << type << ' ' << length;
    }
}

TEST(NdpTest, ATargetMustBeAnIpv6Host) {
  for (const IpAddress& target : {kAllNodes, kPeerV4}) {
    Bytes message = solicitation();
    std::memcpy(message.data() + 8, target.bytes.data(), 16);
    EXPECT_FALSE(parse_ndp(message));
  }
}

}  // namespace
}  // namespace fanlight::net
