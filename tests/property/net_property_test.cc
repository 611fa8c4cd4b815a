// net/ against naive models: checksums however the bytes are cut, datagrams from our writer to our judge.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "net/checksum.h"
#include "net/frame.h"
#include "net/test_frames.h"
#include "net/udp_head.h"

namespace fanlight::net {
namespace {

using test::Bytes;

// RFC 1071 as it is said in one sentence: 16 bits at a time, end-around carry, complement.
std::uint16_t naive_checksum(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
    if (sum > 0xFFFF) sum -= 0xFFFF;
  }
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::uint8_t> any_bytes(std::size_t size_max) {
  const auto size = *rc::gen::inRange<std::size_t>(0, size_max + 1);
  return *rc::gen::container<std::vector<std::uint8_t>>(size, rc::gen::arbitrary<std::uint8_t>());
}

ByteSpan bytes_of(const std::vector<std::uint8_t>& bytes) { return std::as_bytes(std::span{bytes}); }

RC_GTEST_PROP(ChecksumProperty, AgreesWithTheNaiveModel, ()) {
  const auto bytes = any_bytes(2'000);
  RC_ASSERT(checksum_of(sum_of(bytes_of(bytes))) == naive_checksum(bytes));
}

RC_GTEST_PROP(ChecksumProperty, AnySplitIntoSegmentsGivesTheSameSum, ()) {
  const auto bytes = any_bytes(2'000);
  PayloadSum sum;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, std::min<std::size_t>(bytes.size() - at, 40) + 1);
    sum = sum + PayloadSum{bytes_of(bytes).subspan(at, size)};
    at += size;
  }
  RC_ASSERT(checksum_of(sum.partial()) == naive_checksum(bytes));
}

struct Conversation {
  Interface us = test::our_interface();
  Endpoint local;
  Endpoint remote;
};

std::uint8_t any_byte() { return *rc::gen::arbitrary<std::uint8_t>(); }

Conversation any_conversation() {
  Conversation talk;
  talk.us.udp_ports = {*rc::gen::inRange<std::uint16_t>(1, 0xFFFF)};
  const bool is_v4 = *rc::gen::arbitrary<bool>();
  IpAddress host = is_v4 ? IpAddress::v4(10, any_byte(), any_byte(), any_byte()) : *IpAddress::parse("2001:db8:1::");
  if (!is_v4) std::generate(host.bytes.begin() + 8, host.bytes.end(), any_byte);
  talk.local = {is_v4 ? talk.us.ipv4 : talk.us.ipv6, talk.us.udp_ports[0]};
  talk.remote = {host, *rc::gen::inRange<std::uint16_t>(1, 0xFFFF)};
  return talk;
}

// What the other side would send us.
Bytes frame_to_us(const Conversation& talk, ByteSpan payload) {
  Bytes frame(kEthernetBytes + kUdpHeadBytesV6 + payload.size());
  ByteWriter writer{frame};
  write_ethernet(writer, {talk.us.mac, test::kPeerMac, talk.local.ip.is_v4() ? kEtherTypeIpv4 : kEtherTypeIpv6});
  const std::size_t head =
      write_udp_head(MutableByteSpan{frame}.subspan(kEthernetBytes), make_udp_head(talk.remote, talk.local),
                     static_cast<std::uint16_t>(payload.size()), PayloadSum{payload}, ChecksumMode::kSoftware);
  frame.resize(kEthernetBytes + head);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

RC_GTEST_PROP(FrameProperty, WhatIsWrittenIsAcceptedAndGivenBack, ()) {
  const Conversation talk = any_conversation();
  const auto payload = any_bytes(1'472);
  const Bytes frame = frame_to_us(talk, bytes_of(payload));

  const FrameView view = judge_frame(talk.us, frame);

  RC_ASSERT(view.verdict == Verdict::kAccepted);
  RC_ASSERT(view.remote == talk.remote);
  RC_ASSERT(view.local == talk.local);
  RC_ASSERT(std::ranges::equal(view.payload_of(frame), bytes_of(payload)));
}

RC_GTEST_PROP(FrameProperty, TruncatedAnywhereItIsNotAccepted, ()) {
  const Conversation talk = any_conversation();
  const Bytes frame = frame_to_us(talk, bytes_of(any_bytes(200)));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const Bytes cut(frame.begin(), frame.begin() + size);  // On its own, so that the sanitizer sees an overrun.
    RC_ASSERT(judge_frame(talk.us, cut).verdict == Verdict::kMalformed);
  }
}

// One flipped bit: no way to take the payload for what was sent. UDP length and checksum are left alone, for a shorter
// datagram, or one without a checksum, may by rare chance be a right one.
RC_GTEST_PROP(FrameProperty, AFlippedBitIsNeverAccepted, ()) {
  const Conversation talk = any_conversation();
  Bytes frame = frame_to_us(talk, bytes_of(any_bytes(200)));
  const bool is_v4 = talk.local.ip.is_v4();
  const std::size_t covered = kEthernetBytes + (is_v4 ? 0 : 8);  // IPv6: from the addresses.
  const std::size_t length = kEthernetBytes + (is_v4 ? kIpv4Bytes : kIpv6Bytes) + 4;
  auto at = *rc::gen::inRange<std::size_t>(covered, frame.size() - 4);
  if (at >= length) at += 4;
  frame[at] ^= std::byte(1 << *rc::gen::inRange(0, 8));
  RC_ASSERT(judge_frame(talk.us, frame).verdict != Verdict::kAccepted);
}

// Interfaces with checks off and ranges on, sources that no host can have, bits flipped where it matters: the short way
// takes nothing that the long way would not, and finds the same in it.
RC_GTEST_PROP(FrameProperty, TheShortWayFindsWhatTheLongWayFinds, ()) {
  Conversation talk = any_conversation();
  talk.us.verify_ip_checksum = *rc::gen::arbitrary<bool>();
  talk.us.verify_udp_checksum = *rc::gen::arbitrary<bool>();
  talk.us.ipv4_prefix = *rc::gen::inRange<std::uint8_t>(0, 33);
  if (*rc::gen::inRange(0, 4) == 0)
    talk.remote.ip = *rc::gen::element(talk.us.ipv4, IpAddress::v4(0, 1, 2, 3), IpAddress::v4(127, 0, 0, 1),
                                       IpAddress::v4(224, 0, 0, 1), IpAddress::v4(192, 0, 2, 255),
                                       IpAddress::v4(255, 255, 255, 255), IpAddress::v4(192, 0, 2, 20));
  if (!talk.remote.ip.is_v4()) talk.remote.ip = IpAddress::v4(198, 51, 100, 1);
  talk.local.ip = talk.us.ipv4;
  Bytes frame = frame_to_us(talk, bytes_of(any_bytes(100)));
  for (int flips = *rc::gen::inRange(0, 3); flips > 0; --flips)
    frame[*rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(frame.size(), 48))] ^=
        std::byte(1 << *rc::gen::inRange(0, 8));
  if (*rc::gen::inRange(0, 8) == 0) frame.resize(*rc::gen::inRange<std::size_t>(0, frame.size()));
  if (*rc::gen::inRange(0, 8) == 0) frame.resize(frame.size() + 5);

  const FrameView short_way = judge_frame(talk.us, frame);
  const FrameView long_way = judge_frame_at_length(talk.us, frame);

  RC_CLASSIFY(long_way.verdict == Verdict::kAccepted, "accepted");
  RC_ASSERT(short_way.verdict == long_way.verdict);
  RC_ASSERT(short_way.kind == long_way.kind);
  RC_ASSERT(short_way.source_mac == long_way.source_mac);
  RC_ASSERT(short_way.remote == long_way.remote);
  RC_ASSERT(short_way.local == long_way.local);
  RC_ASSERT(short_way.payload_offset == long_way.payload_offset);
  RC_ASSERT(short_way.payload_size == long_way.payload_size);
}

}  // namespace
}  // namespace fanlight::net
