#include "net/udp_head.h"

#include <gtest/gtest.h>

#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

Bytes stamped(const UdpHead& head, ByteSpan payload, ChecksumMode mode = ChecksumMode::kSoftware) {
  Bytes out(64);
  out.resize(write_udp_head(out, head, static_cast<std::uint16_t>(payload.size()), PayloadSum{payload}, mode));
  return out;
}

Bytes datagram(const Endpoint& local, const Endpoint& remote) {
  const ByteSpan payload = std::as_bytes(std::span{kPayload});
  Bytes out = stamped(make_udp_head(local, remote), payload);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

TEST(UdpHeadTest, DatagramsMatchTheReferenceByteForByte) {
  EXPECT_EQ(datagram({kOurV4, 9000}, {kPeerV4, 40000}), from_hex(kSentV4));
  EXPECT_EQ(datagram({kOurV6, 9000}, {kPeerV6, 40000}), from_hex(kSentV6));
}

TEST(UdpHeadTest, TheHopLimitIsWhatWasAsked) {
  const Bytes four = stamped(make_udp_head({kOurV4, 9000}, {kPeerV4, 40000}, 3), Bytes(3));
  EXPECT_EQ(four[8], std::byte{3});
  EXPECT_TRUE(is_intact(sum_of(ByteSpan{four}.first(kIpv4Bytes))));
  EXPECT_EQ(stamped(make_udp_head({kOurV6, 9000}, {kPeerV6, 40000}, 255), Bytes(3))[7], std::byte{255});
}

TEST(UdpHeadTest, OneHeadServesPayloadsOfEverySize) {
  const UdpHead head = make_udp_head({kOurV4, 9000}, {kPeerV4, 40000});
  const Bytes first = stamped(head, Bytes(1'332, std::byte{0x47}));
  EXPECT_EQ(load_be16(first.data() + 2), 1'360);
  EXPECT_EQ(stamped(head, Bytes(3)), stamped(make_udp_head({kOurV4, 9000}, {kPeerV4, 40000}), Bytes(3)));
  EXPECT_TRUE(is_intact(sum_of(ByteSpan{first}.first(kIpv4Bytes))));
}

TEST(UdpHeadTest, AComputedZeroIsSentAsAllOnes) {
  const UdpHead head = make_udp_head({kOurV6, 9000}, {kPeerV6, 40000});
  Bytes payload(2);
  const Bytes before = stamped(head, payload);
  store_be16(payload.data(), load_be16(before.data() + 46));  // Makes the whole sum 0xFFFF.
  EXPECT_EQ(load_be16(stamped(head, payload).data() + 46), 0xFFFF);
}

// c000020a + c0000214 + 17 + length 17, folded; ports and payload are the device's to add.
TEST(UdpHeadTest, ADeviceGetsThePseudoHeadersSumAlone) {
  const UdpHead head = make_udp_head({kOurV4, 9000}, {kPeerV4, 40000});
  const Bytes out = stamped(head, std::as_bytes(std::span{kPayload}), ChecksumMode::kDevice);
  EXPECT_EQ(load_be16(out.data() + 26), 0x8441);
}

TEST(UdpHeadTest, NothingIsWrittenThatWouldNotFit) {
  const UdpHead head = make_udp_head({kOurV4, 9000}, {kPeerV4, 40000});
  Bytes small(kUdpHeadBytesV4 - 1);
  EXPECT_EQ(write_udp_head(small, head, 10, {}, ChecksumMode::kSoftware), 0u);
  Bytes out(64);
  EXPECT_EQ(write_udp_head(out, head, 65'508, {}, ChecksumMode::kSoftware), 0u);
  EXPECT_EQ(write_udp_head(out, head, 65'507, {}, ChecksumMode::kSoftware), kUdpHeadBytesV4);
  EXPECT_EQ(write_udp_head(out, make_udp_head({kOurV6, 1}, {kPeerV6, 2}), 65'528, {}, ChecksumMode::kSoftware), 0u);
}

}  // namespace
}  // namespace fanlight::net
