#include "net/frame.h"

#include <gtest/gtest.h>

#include "net/checksum.h"
#include "net/ip_header.h"
#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

constexpr std::size_t kAtIp = kEthernetBytes;
constexpr std::size_t kAtUdpV4 = kAtIp + kIpv4Bytes;
constexpr std::size_t kAtUdpV6 = kAtIp + kIpv6Bytes;

Verdict verdict_of(const Bytes& frame, const Interface& interface = our_interface()) {
  return judge_frame(interface, frame).verdict;
}

Bytes with(Bytes frame, std::size_t at, std::initializer_list<int> values) {
  for (const int value : values) frame.at(at++) = std::byte(value);
  return frame;
}

void fix_ipv4(Bytes& frame) {
  store_be16(frame.data() + kAtIp + 10, 0);
  store_be16(frame.data() + kAtIp + 10, checksum_of(sum_of(ByteSpan{frame}.subspan(kAtIp, kIpv4Bytes))));
}

// A change inside the IPv4 header that is not caught by its checksum.
Bytes with_ipv4(Bytes frame, std::size_t at, std::initializer_list<int> values) {
  frame = with(std::move(frame), kAtIp + at, values);
  fix_ipv4(frame);
  return frame;
}

Bytes with_address(Bytes frame, std::size_t at, const IpAddress& ip) {
  std::memcpy(frame.data() + at, ip.bytes.data(), 16);
  return frame;
}

std::string payload_text(const Bytes& frame, const FrameView& view) {
  const ByteSpan payload = view.payload_of(frame);
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

TEST(FrameTest, AUdpDatagramForUsIsAccepted) {
  for (const auto& [hex, ours, peers] : {std::tuple{kUdpV4, kOurV4, kPeerV4},
                                         {kUdpV6, kOurV6, kPeerV6},
                                         {kUdpV4Options, kOurV4, kPeerV4},
                                         {kUdpV6Extensions, kOurV6, kPeerV6}}) {
    const Bytes frame = from_hex(hex);
    const FrameView view = judge_frame(our_interface(), frame);
    EXPECT_EQ(view.verdict, Verdict::kAccepted) << hex;
    EXPECT_EQ(view.kind, FrameKind::kUdp);
    EXPECT_EQ(view.source_mac, kPeerMac);
    EXPECT_EQ(view.remote, (Endpoint{peers, 40000}));
    EXPECT_EQ(view.local, (Endpoint{ours, 9000}));
    EXPECT_EQ(payload_text(frame, view), kPayload);
  }
}

TEST(FrameTest, EthernetPaddingIsNotPayload) {
  for (const auto hex : {kUdpV4, kUdpV6}) {
    Bytes frame = from_hex(hex);
    frame.resize(frame.size() + 40, std::byte{0xEE});
    EXPECT_EQ(payload_text(frame, judge_frame(our_interface(), frame)), kPayload);
  }
}

TEST(FrameTest, ATruncatedFrameIsNeverAccepted) {
  for (const auto hex : {kUdpV4, kUdpV6, kUdpV4Options, kUdpV6Extensions, kArpRequest, kNs, kNa, kEchoV4, kEchoV6,
                         kUnreachableV4, kUnreachableV6, kUnreachableV4Brief}) {
    const Bytes frame = from_hex(hex);
    for (std::size_t size = 0; size < frame.size(); ++size)
      EXPECT_EQ(verdict_of(Bytes(frame.begin(), frame.begin() + size)), Verdict::kMalformed) << size;
  }
}

TEST(FrameTest, QuestionsAndAnswersAreNamed) {
  EXPECT_EQ(verdict_of(from_hex(kArpRequest)), Verdict::kArp);
  EXPECT_EQ(verdict_of(from_hex(kArpReply)), Verdict::kArp);
  EXPECT_EQ(verdict_of(from_hex(kNs)), Verdict::kNdp);
  EXPECT_EQ(verdict_of(from_hex(kNsDad)), Verdict::kNdp);
  EXPECT_EQ(verdict_of(from_hex(kNa)), Verdict::kNdp);
  EXPECT_EQ(verdict_of(from_hex(kEchoV4)), Verdict::kIcmpEcho);
  EXPECT_EQ(verdict_of(from_hex(kEchoV6)), Verdict::kIcmpEcho);
}

TEST(FrameTest, FramesForOthersAreNotForUs) {
  const Bytes frame = from_hex(kUdpV4);
  EXPECT_EQ(verdict_of(with(frame, 5, {0x99})), Verdict::kNotForUs);
  EXPECT_EQ(verdict_of(with(frame, 0, {0x01, 0, 0x5E, 0, 0, 1})), Verdict::kNotForUs);
  EXPECT_EQ(verdict_of(with_ipv4(frame, 19, {99})), Verdict::kNotForUs);
  EXPECT_EQ(verdict_of(with_ipv4(frame, 16, {255, 255, 255, 255})), Verdict::kNotForUs);
}

// RFC 1122 §3.3.6
TEST(FrameTest, AUnicastPacketInABroadcastFrameIsNotForUs) {
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), 0, {255, 255, 255, 255, 255, 255})), Verdict::kNotForUs);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV6), 0, {0x33, 0x33, 0, 0, 0, 1})), Verdict::kNotForUs);
}

TEST(FrameTest, AFamilyWithoutAnAddressIsNotSpoken) {
  Interface interface = our_interface();
  interface.ipv6 = {};
  EXPECT_EQ(verdict_of(from_hex(kUdpV6), interface), Verdict::kNotForUs);
  EXPECT_EQ(verdict_of(from_hex(kNs), interface), Verdict::kNotForUs);
  interface = our_interface();
  interface.ipv4 = {};
  EXPECT_EQ(verdict_of(from_hex(kUdpV4), interface), Verdict::kNotForUs);
}

TEST(FrameTest, OtherEtherTypesAreUnknown) {
  for (const auto& type : {std::pair{0x81, 0x00}, {0x88, 0xA8}, {0x88, 0xCC}, {0x00, 0x26}})
    EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), 12, {type.first, type.second})), Verdict::kUnknownEtherType);
}

TEST(FrameTest, AFrameFromAGroupIsMalformed) {
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), 6, {3})), Verdict::kMalformed);
}

TEST(FrameTest, FragmentsAreNamed) {
  EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 6, {0x20, 0})), Verdict::kFragment);
  EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 6, {0, 1})), Verdict::kFragment);
  EXPECT_EQ(verdict_of(from_hex(kFragmentV6)), Verdict::kFragment);
}

TEST(FrameTest, HeadersThatSayWhatTheyMustNotAreBad) {
  EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 0, {0x65})), Verdict::kBadIpHeader);
  EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 0, {0x44})), Verdict::kBadIpHeader);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV6), kAtIp, {0x45})), Verdict::kBadIpHeader);
  EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 2, {0, 19})), Verdict::kMalformed);
}

TEST(FrameTest, ASourceMustBeOneOtherHost) {
  for (const auto& ip : {IpAddress::v4(0, 0, 0, 0), IpAddress::v4(224, 0, 0, 1), IpAddress::v4(255, 255, 255, 255),
                         IpAddress::v4(127, 0, 0, 1), IpAddress::v4(192, 0, 2, 255), kOurV4})
    EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 12, {ip.bytes[12], ip.bytes[13], ip.bytes[14], ip.bytes[15]})),
              Verdict::kBadIpHeader)
        << ip.text();
  for (const auto& ip : {IpAddress{}, kAllNodes, *IpAddress::parse("::1"), kOurV6, our_interface().link_local()})
    EXPECT_EQ(verdict_of(with_address(from_hex(kUdpV6), kAtIp + 8, ip)), Verdict::kBadIpHeader) << ip.text();
}

TEST(FrameTest, AnIpv4MappedAddressOnTheWireIsBad) {
  EXPECT_EQ(verdict_of(with_address(from_hex(kUdpV6), kAtIp + 8, kPeerV4)), Verdict::kBadIpHeader);
  EXPECT_EQ(verdict_of(with_address(from_hex(kUdpV6), kAtIp + 24, kOurV4)), Verdict::kBadIpHeader);
}

TEST(FrameTest, BrokenChecksumsAreSeenUnlessTheDeviceLooks) {
  const Bytes ip = with(from_hex(kUdpV4), kAtIp + 8, {1});
  const Bytes payload_v4 = with(from_hex(kUdpV4), kAtUdpV4 + 9, {'X'});
  const Bytes payload_v6 = with(from_hex(kUdpV6), kAtUdpV6 + 9, {'X'});
  for (const Bytes& frame : {ip, payload_v4, payload_v6}) EXPECT_EQ(verdict_of(frame), Verdict::kBadChecksum);
  Interface trusting = our_interface();
  trusting.verify_ip_checksum = trusting.verify_udp_checksum = false;
  for (const Bytes& frame : {ip, payload_v4, payload_v6}) EXPECT_EQ(verdict_of(frame, trusting), Verdict::kAccepted);
}

TEST(FrameTest, OnlyIpv4MayLeaveTheUdpChecksumOut) {
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), kAtUdpV4 + 6, {0, 0})), Verdict::kAccepted);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV6), kAtUdpV6 + 6, {0, 0})), Verdict::kBadChecksum);
}

TEST(FrameTest, UdpLengthMustFitItsPacket) {
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), kAtUdpV4 + 4, {0, 18})), Verdict::kMalformed);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), kAtUdpV4 + 4, {0, 7})), Verdict::kMalformed);
}

TEST(FrameTest, PortsMustBeOursAndAnswerable) {
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), kAtUdpV4 + 2, {0x23, 0x2A})), Verdict::kUnknownUdpPort);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), kAtUdpV4 + 2, {0, 0})), Verdict::kUnknownUdpPort);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV4), kAtUdpV4, {0, 0})), Verdict::kMalformed);
}

TEST(FrameTest, RangeOfPortsIsHeardBesideTheListAndItsEndsBelongToIt) {
  Interface interface = test::our_interface();
  interface.udp_range_first = 20'000;
  interface.udp_range_last = 20'009;
  EXPECT_TRUE(interface.has_udp_port(20'000));
  EXPECT_TRUE(interface.has_udp_port(20'009));
  EXPECT_FALSE(interface.has_udp_port(19'999));
  EXPECT_FALSE(interface.has_udp_port(20'010));
  EXPECT_TRUE(interface.has_udp_port(interface.udp_ports[0]));
}

TEST(FrameTest, OtherProtocolsAndIcmpTypesAreCountedApart) {
  EXPECT_EQ(verdict_of(with_ipv4(from_hex(kUdpV4), 9, {6})), Verdict::kUnknownProtocol);
  EXPECT_EQ(verdict_of(with(from_hex(kUdpV6), kAtIp + 6, {59})), Verdict::kUnknownProtocol);
  Bytes reply = from_hex(kEchoV4Answer);
  reply = with_ipv4(with(with(reply, 0, {2, 0, 0, 0, 0xAA, 1}), 6, {2, 0, 0, 0, 0xBB, 2}), 12,
                    {192, 0, 2, 20, 192, 0, 2, 10});
  EXPECT_EQ(verdict_of(reply), Verdict::kIcmpOther);
  EXPECT_EQ(verdict_of(with(from_hex(kEchoV4), kAtUdpV4 + 8, {'X'})), Verdict::kBadChecksum);
}

// A change inside the ICMP message that is not caught by its checksum.
Bytes with_icmp(Bytes frame, std::size_t at, std::initializer_list<int> values) {
  const bool is_v4 = frame[kAtIp] >> 4 == std::byte{4};
  const std::size_t message = is_v4 ? kAtUdpV4 : kAtUdpV6;
  frame = with(std::move(frame), message + at, values);
  store_be16(frame.data() + message + 2, 0);
  const ByteSpan bytes = ByteSpan{frame}.subspan(message);
  std::uint64_t sum = sum_of(bytes);
  if (!is_v4)
    sum += pseudo_sum(load_ipv6(frame.data() + kAtIp + 8), load_ipv6(frame.data() + kAtIp + 24), kProtocolIcmpv6) +
           sum_of_field(static_cast<std::uint16_t>(bytes.size()));
  store_be16(frame.data() + message + 2, checksum_of(sum));
  return frame;
}

constexpr std::size_t kQuoted = 8;
constexpr std::size_t kQuotedUdpV4 = kQuoted + kIpv4Bytes;
constexpr std::size_t kQuotedUdpV6 = kQuoted + kIpv6Bytes;

TEST(FrameTest, WhatIcmpSaysOfADatagramOfOursIsThatDatagrams) {
  for (const auto& [hex, ours, peers] :
       {std::tuple{kUnreachableV4, kOurV4, kPeerV4}, {kUnreachableV6, kOurV6, kPeerV6}}) {
    const Bytes frame = from_hex(hex);
    const FrameView view = judge_frame(our_interface(), frame);
    EXPECT_EQ(view.verdict, Verdict::kUnreachable) << hex;
    EXPECT_EQ(view.kind, FrameKind::kUnreachable);
    EXPECT_EQ(view.remote, (Endpoint{peers, 40000}));
    EXPECT_EQ(view.local, (Endpoint{ours, 9000}));
    EXPECT_EQ(payload_text(frame, view), kPayload);
  }
  const FrameView brief = judge_frame(our_interface(), from_hex(kUnreachableV4Brief));
  EXPECT_EQ(brief.verdict, Verdict::kUnreachable) << "from a router on the way";
  EXPECT_EQ(brief.remote, (Endpoint{kPeerV4, 40000}));
  EXPECT_EQ(brief.payload_size, 0u);
}

TEST(FrameTest, WhatIcmpSaysOfOthersDatagramsIsNotHeard) {
  const Bytes four = from_hex(kUnreachableV4);
  const Bytes six = from_hex(kUnreachableV6);
  for (const Bytes& frame : {with_icmp(four, kQuoted + 15, {11}), with_icmp(four, kQuotedUdpV4, {0x23, 0x30}),
                             with_icmp(six, kQuoted + 23, {0x11}), with_icmp(six, kQuotedUdpV6, {0x23, 0x30})})
    EXPECT_EQ(verdict_of(frame), Verdict::kIcmpOther) << "not from us";
  for (const Bytes& frame :
       {with_icmp(four, kQuoted + 16, {239, 1, 2, 3}), with_icmp(four, kQuoted + 16, {192, 0, 2, 255}),
        with_icmp(four, kQuoted + 16, {192, 0, 2, 10}), with_icmp(four, kQuotedUdpV4 + 2, {0, 0}),
        with_icmp(six, kQuoted + 24, {0xFF, 2}),
        with_icmp(six, kQuoted + 24, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 20})})
    EXPECT_EQ(verdict_of(frame), Verdict::kIcmpOther) << "not to a host";
  EXPECT_EQ(verdict_of(with_icmp(four, 1, {4})), Verdict::kIcmpOther) << "too long";
  EXPECT_EQ(verdict_of(with_icmp(four, 0, {11})), Verdict::kIcmpOther) << "time exceeded";
}

// What it quotes is ours, and whom it is said to is not who sent that.
TEST(FrameTest, WhatIcmpSaysToAnotherAddressIsNotHeard) {
  Bytes six = from_hex(kUnreachableV6);
  const IpAddress link_local = our_interface().link_local();
  std::memcpy(six.data() + kAtIp + 24, link_local.bytes.data(), 16);
  EXPECT_EQ(verdict_of(with_icmp(six, 1, {4})), Verdict::kIcmpOther);
  std::memcpy(six.data() + kAtIp + 24, kAllNodes.bytes.data(), 16);
  std::memcpy(six.data() + kAtUdpV6 + kQuoted + 8, kAllNodes.bytes.data(), 16);
  six = with(six, 0, {0x33, 0x33, 0, 0, 0, 1});
  EXPECT_EQ(verdict_of(with_icmp(six, 1, {4})), Verdict::kIcmpOther);
}

TEST(FrameTest, WhatIcmpSaysMustBeWholeAndIntact) {
  for (const auto hex : {kUnreachableV4, kUnreachableV6}) {
    Bytes frame = from_hex(hex);
    frame.back() ^= std::byte{1};
    EXPECT_EQ(verdict_of(frame), Verdict::kBadChecksum);
    EXPECT_EQ(verdict_of(with_icmp(from_hex(hex), kQuoted, {0x15})), Verdict::kMalformed);
  }
}

TEST(FrameTest, ExtensionHeadersMustFitAndComeInOrder) {
  const Bytes frame = from_hex(kUdpV6Extensions);
  EXPECT_EQ(verdict_of(with(frame, kAtUdpV6 + 1, {200})), Verdict::kMalformed);
  EXPECT_EQ(verdict_of(with(frame, kAtUdpV6, {0})), Verdict::kMalformed);
}

// RFC 4861 §7.1: anything that a router has passed on is not a neighbour's word.
TEST(FrameTest, NeighbourMessagesFromAfarAreMalformed) {
  EXPECT_EQ(verdict_of(with(from_hex(kNs), kAtIp + 7, {254})), Verdict::kMalformed);
  EXPECT_EQ(verdict_of(with(from_hex(kNa), kAtUdpV6 + 20, {1})), Verdict::kBadChecksum);
}

TEST(FrameTest, ArpThatIsNotIpv4OverEthernetIsMalformed) {
  const Bytes frame = from_hex(kArpRequest);
  EXPECT_EQ(verdict_of(with(frame, kAtIp + 1, {6})), Verdict::kMalformed);
  EXPECT_EQ(verdict_of(with(frame, kAtIp + 7, {3})), Verdict::kMalformed);
  EXPECT_EQ(verdict_of(with(frame, kAtIp + 8, {1})), Verdict::kMalformed);
  EXPECT_EQ(verdict_of(with(frame, kAtIp + 14, {224})), Verdict::kMalformed);
}

}  // namespace
}  // namespace fanlight::net
