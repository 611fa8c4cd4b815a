#include "net/unreachable.h"

#include <gtest/gtest.h>

#include "net/ip_header.h"
#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

constexpr std::size_t kHead = 8;

Bytes message_of(std::string_view frame, bool is_v4) {
  const Bytes all = from_hex(frame);
  return {all.begin() + static_cast<std::ptrdiff_t>(kEthernetBytes + (is_v4 ? kIpv4Bytes : kIpv6Bytes)), all.end()};
}
Bytes with(Bytes bytes, std::size_t at, std::initializer_list<int> values) {
  for (const int value : values) bytes.at(at++) = std::byte(value);
  return bytes;
}
std::string payload_text(const Bytes& message, const QuotedDatagram& quoted) {
  const ByteSpan payload = ByteSpan{message}.subspan(quoted.payload_offset, quoted.payload_size);
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

TEST(UnreachableTest, TheQuotedDatagramIsRead) {
  for (const bool is_v4 : {true, false}) {
    const Bytes message = message_of(is_v4 ? kUnreachableV4 : kUnreachableV6, is_v4);
    ASSERT_TRUE(says_unreachable(message, is_v4));
    const QuotedDatagram quoted = parse_quoted_datagram(message, is_v4);
    EXPECT_EQ(quoted.verdict, Verdict::kUnreachable);
    EXPECT_EQ(quoted.source, (Endpoint{is_v4 ? kOurV4 : kOurV6, 9000}));
    EXPECT_EQ(quoted.destination, (Endpoint{is_v4 ? kPeerV4 : kPeerV6, 40000}));
    EXPECT_EQ(payload_text(message, quoted), kPayload);
  }
  const Bytes brief = message_of(kUnreachableV4Brief, true);
  EXPECT_EQ(parse_quoted_datagram(brief, true).verdict, Verdict::kUnreachable);
  EXPECT_EQ(parse_quoted_datagram(brief, true).payload_size, 0u);
}

TEST(UnreachableTest, OtherTypesSayOtherThings) {
  const Bytes four = message_of(kUnreachableV4, true);
  const Bytes six = message_of(kUnreachableV6, false);
  for (int code = 0; code < 256; ++code) {
    EXPECT_EQ(says_unreachable(with(four, 1, {code}), true), code != 4 && code <= 15) << code;
    EXPECT_TRUE(says_unreachable(with(six, 1, {code}), false)) << code;
  }
  for (int type = 0; type < 256; ++type) {
    EXPECT_EQ(says_unreachable(with(four, 0, {type}), true), type == 3) << type;
    EXPECT_EQ(says_unreachable(with(six, 0, {type}), false), type == 1) << type;
  }
  EXPECT_FALSE(says_unreachable(ByteSpan{four}.first(7), true));
}

// A quote may end anywhere behind the ports and lengths; nothing is read that is not there.
TEST(UnreachableTest, ACutQuoteHasWhatIsThere) {
  for (const bool is_v4 : {true, false}) {
    const Bytes message = message_of(is_v4 ? kUnreachableV4 : kUnreachableV6, is_v4);
    const std::size_t behind_udp = kHead + (is_v4 ? kIpv4Bytes : kIpv6Bytes) + kUdpBytes;
    for (std::size_t size = 0; size < message.size(); ++size) {
      const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      const QuotedDatagram quoted = parse_quoted_datagram(cut, is_v4);
      EXPECT_EQ(quoted.verdict, size < behind_udp ? Verdict::kMalformed : Verdict::kUnreachable) << size;
      if (size >= behind_udp) {
        EXPECT_EQ(payload_text(cut, quoted), kPayload.substr(0, size - behind_udp));
      }
    }
  }
}

// Padding (RFC 4884 §4.1), or what an Ethernet card added.
TEST(UnreachableTest, WhatStandsBehindTheDatagramIsNotItsPayload) {
  for (const bool is_v4 : {true, false}) {
    Bytes message = message_of(is_v4 ? kUnreachableV4 : kUnreachableV6, is_v4);
    message.resize(message.size() + 100, std::byte{0xEE});
    EXPECT_EQ(payload_text(message, parse_quoted_datagram(message, is_v4)), kPayload);
  }
}

TEST(UnreachableTest, OptionsOfTheQuotedHeaderAreSteppedOver) {
  Bytes message = message_of(kUnreachableV4, true);
  message = with(message, kHead, {0x46, 0, 0, 41});
  message.insert(message.begin() + kHead + kIpv4Bytes, 4, std::byte{1});
  const QuotedDatagram quoted = parse_quoted_datagram(message, true);
  EXPECT_EQ(quoted.destination, (Endpoint{kPeerV4, 40000}));
  EXPECT_EQ(payload_text(message, quoted), kPayload);
}

TEST(UnreachableTest, LengthsThatCannotBeAreMalformed) {
  const Bytes four = message_of(kUnreachableV4, true);
  const Bytes six = message_of(kUnreachableV6, false);
  for (const Bytes& wrong :
       {with(four, kHead, {0x65}), with(four, kHead, {0x44}), with(four, kHead, {0x4F}), with(four, kHead + 2, {0, 19}),
        with(four, kHead + 2, {0, 27}), with(four, kHead + kIpv4Bytes + 4, {0, 7})})
    EXPECT_EQ(parse_quoted_datagram(wrong, true).verdict, Verdict::kMalformed);
  for (const Bytes& wrong :
       {with(six, kHead, {0x45}), with(six, kHead + 4, {0, 7}), with(six, kHead + kIpv6Bytes + 4, {0, 7})})
    EXPECT_EQ(parse_quoted_datagram(wrong, false).verdict, Verdict::kMalformed);
}

TEST(UnreachableTest, WhatIsNoWholeUdpDatagramIsNoneOfOurs) {
  const Bytes four = message_of(kUnreachableV4, true);
  for (const Bytes& other :
       {with(four, kHead + 9, {6}), with(four, kHead + 6, {0x20, 0}), with(four, kHead + 6, {0, 1})})
    EXPECT_EQ(parse_quoted_datagram(other, true).verdict, Verdict::kIcmpOther);
  const Bytes six = message_of(kUnreachableV6, false);
  for (const int next : {6, 44, 60})
    EXPECT_EQ(parse_quoted_datagram(with(six, kHead + 6, {next}), false).verdict, Verdict::kIcmpOther);
}

}  // namespace
}  // namespace fanlight::net
