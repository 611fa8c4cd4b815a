#include "wire/srt_handshake.h"

#include <gtest/gtest.h>

#include "wire/reject.h"
#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

// Both captured on loopback from a libsrt 1.5.1 caller with a 16-byte key and 200 ms latency.
const Bytes kInduction = from_hex(
    "80000000 00000000 0000015a 00000000"
    "00000004 00000002 6c988fc5 000005dc 00002000 00000001 2121b801 00000000 0100007f 00000000 00000000 00000000");
const Bytes kKeyMessage = from_hex(
    "12202901 00000000 02000200 00000404 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "2bb3c3b3408c3b90b2a302cc418a548b6a1a16173edd6d73");
const Bytes kConclusion = [] {
  Bytes bytes = from_hex(
      "80000000 00000000 00001671 00000000"
      "00000005 00000003 6c988fc5 000005dc 00002000 ffffffff 2121b801 72c77d0d 0100007f 00000000 00000000 00000000"
      "00010003 00010501 000000bf 00c800c8 0003000e");
  bytes.insert(bytes.end(), kKeyMessage.begin(), kKeyMessage.end());
  return bytes;
}();

ByteSpan content_of(ByteSpan packet) { return packet.subspan(kHeaderBytes); }
ByteSpan extensions_of(ByteSpan packet) { return packet.subspan(kHeaderBytes + kHandshakeBytes); }

Handshake conclusion() {
  return {.version = 5,
          .encryption = 0,
          .extension = kExtHsReq | kExtKmReq,
          .first_seq = {0x6C988FC5},
          .mss = 1500,
          .window_packets = 8192,
          .request = static_cast<std::int32_t>(RequestType::kConclusion),
          .socket = SocketId{0x2121B801},
          .cookie = 0x72C77D0D,
          .peer_ip = IpAddress::v4(127, 0, 0, 1)};
}

Bytes write(const HandshakePacket& packet) {
  Bytes out(1500);
  out.resize(write_handshake_packet(out, packet, {0x1671}, SocketId{0}));
  return out;
}

TEST(HandshakeTest, ReadsTheCapturedInduction) {
  const auto handshake = parse_handshake(content_of(kInduction));
  ASSERT_TRUE(handshake);
  Handshake expected = conclusion();
  expected.version = 4;
  expected.extension = 2;
  expected.request = static_cast<std::int32_t>(RequestType::kInduction);
  expected.cookie = 0;
  EXPECT_EQ(*handshake, expected);
  EXPECT_TRUE(is_valid(*handshake));
}

TEST(HandshakeTest, ReadsTheCapturedConclusion) {
  EXPECT_EQ(parse_handshake(content_of(kConclusion)), conclusion());
  const auto extensions = parse_handshake_extensions(extensions_of(kConclusion));
  ASSERT_TRUE(extensions);
  const HsCapabilities expected{
      .srt_version = 0x10501, .flags = 0xBF, .receiver_delay_ms = 200, .sender_delay_ms = 200};
  EXPECT_EQ(extensions->capabilities, expected);
  EXPECT_FALSE(extensions->is_response);
  EXPECT_EQ(copy(extensions->key_message), kKeyMessage);
  EXPECT_FALSE(extensions->stream_id || extensions->congestion || extensions->filter || extensions->has_group);
}

TEST(HandshakeTest, WritesTheCapturedConclusionBack) {
  const HandshakePacket packet{
      .handshake = conclusion(),
      .capabilities = HsCapabilities{.flags = 0xBF, .receiver_delay_ms = 200, .sender_delay_ms = 200},
      .key_message = kKeyMessage};
  EXPECT_EQ(write(packet), kConclusion);
}

TEST(HandshakeTest, AnIpv6PeerHasEachWordReversed) {
  Handshake handshake = conclusion();
  handshake.peer_ip = *IpAddress::parse("2001:db8::1234");
  Bytes out(kHandshakeBytes);
  ASSERT_EQ(write_handshake(out, handshake), kHandshakeBytes);
  EXPECT_EQ(copy(ByteSpan(out).subspan(32)), from_hex("b80d0120 00000000 00000000 34120000"));
  EXPECT_EQ(parse_handshake(out), handshake);
}

TEST(HandshakeTest, FortySevenBytesAreNotOne) {
  EXPECT_FALSE(parse_handshake(content_of(kInduction).first(47)));
  Bytes out(47);
  EXPECT_EQ(write_handshake(out, conclusion()), 0u);
}

TEST(HandshakeTest, ARejectionCodeTravelsInTheRequestType) {
  Handshake handshake = conclusion();
  handshake.request = static_cast<std::int32_t>(Reject::kNotFound);
  Bytes out(kHandshakeBytes);
  ASSERT_EQ(write_handshake(out, handshake), kHandshakeBytes);
  EXPECT_EQ(parse_handshake(out)->request, 2404);
  EXPECT_EQ(describe(static_cast<Reject>(parse_handshake(out)->request)), "stream not found");
  EXPECT_EQ(describe(static_cast<Reject>(3777)), "unlisted reason");
}

TEST(HandshakeTest, EachRangeIsJudged) {
  const auto with = [](auto change) {
    Handshake handshake = conclusion();
    change(handshake);
    return is_valid(handshake);
  };
  EXPECT_TRUE(with([](Handshake& h) { h.version = 4, h.mss = 32, h.window_packets = 2, h.first_seq = {0x7FFF'FFFE}; }));
  EXPECT_FALSE(with([](Handshake& h) { h.version = 3; }));
  EXPECT_FALSE(with([](Handshake& h) { h.version = 0x8000'0005; }));
  EXPECT_FALSE(with([](Handshake& h) { h.first_seq = {0x7FFF'FFFF}; }));
  EXPECT_FALSE(with([](Handshake& h) { h.first_seq = {0x8000'0000}; }));
  EXPECT_FALSE(with([](Handshake& h) { h.mss = 31; }));
  EXPECT_FALSE(with([](Handshake& h) { h.mss = 0x8000'0000; }));
  EXPECT_FALSE(with([](Handshake& h) { h.window_packets = 1; }));
  EXPECT_FALSE(with([](Handshake& h) { h.window_packets = 0x8000'0000; }));
}

TEST(HandshakeTextTest, EveryGroupOfFourIsReversed) {
  const Bytes packet = write({.handshake = conclusion(), .stream_id = "abcde"});
  EXPECT_EQ(copy(extensions_of(packet)), from_hex("00050002 64636261 00000065"));
  EXPECT_EQ(parse_handshake_extensions(extensions_of(packet))->stream_id, "abcde");
}

TEST(HandshakeTextTest, PaddingIsTrimmed) {
  EXPECT_EQ(parse_handshake_extensions(from_hex("00050003 64636261 00000065 00000000"))->stream_id, "abcde");
  EXPECT_EQ(parse_handshake_extensions(from_hex("00050001 00000000"))->stream_id, "");
}

// Who cuts there takes "live/main\0…" for live/main.
TEST(HandshakeTextTest, AZeroWithinStays) {
  EXPECT_EQ(parse_handshake_extensions(from_hex("00050002 64006261 68676665"))->stream_id, std::string("ab\0defgh", 8));
}

TEST(HandshakeTextTest, AStreamIdOfZeroOrMoreThan512BytesIsMarked) {
  EXPECT_TRUE(parse_handshake_extensions(from_hex("00050000"))->stream_id_oversized);
  const auto parse_text = [](std::size_t size) {
    const std::string text(size, 'x');
    return *parse_handshake_extensions(extensions_of(write({.handshake = conclusion(), .stream_id = text})));
  };
  EXPECT_FALSE(parse_text(512).stream_id_oversized);
  EXPECT_EQ(parse_text(512).stream_id->size(), 512u);
  EXPECT_TRUE(parse_text(513).stream_id_oversized);
  EXPECT_FALSE(parse_text(513).stream_id);
}

TEST(HandshakePacketTest, BlocksStandInLibsrtsOrder) {
  const Bytes packet = write({.handshake = conclusion(),
                              .capabilities = HsCapabilities{.flags = 0x3F},
                              .is_response = true,
                              .stream_id = "s",
                              .congestion = "live",
                              .filter = "fec",
                              .key_message = from_hex("04000000")});
  EXPECT_EQ(copy(extensions_of(packet)), from_hex("00020003 00010501 0000003f 00000000"
                                                  "00050001 00000073 00060001 6576696c 00070001 00636566"
                                                  "00040001 04000000"));
  const auto extensions = parse_handshake_extensions(extensions_of(packet));
  ASSERT_TRUE(extensions);
  EXPECT_TRUE(extensions->is_response);
  EXPECT_EQ(extensions->congestion, "live");
  EXPECT_EQ(extensions->filter, "fec");
  EXPECT_EQ(copy(extensions->key_message), from_hex("04000000"));
}

TEST(HandshakePacketTest, TheKeptOffsetsNameTheirFields) {
  Bytes packet = write({.handshake = conclusion()});
  EXPECT_EQ(load_be32(packet.data() + kTimestampOffset), 0x1671u);
  EXPECT_EQ(load_be32(packet.data() + kHandshakeSocketOffset), 0x2121B801u);
}

TEST(HandshakePacketTest, DoesNotWriteHalfAPacket) {
  const HandshakePacket packet{.handshake = conclusion(), .stream_id = "abcde", .key_message = kKeyMessage};
  Bytes out(write(packet).size());
  EXPECT_EQ(write_handshake_packet(out, packet, {}, {}), out.size());
  for (std::size_t size = 0; size < out.size(); ++size)
    EXPECT_EQ(write_handshake_packet(MutableByteSpan(out).first(size), packet, {}, {}), 0u) << size;
}

TEST(HandshakeExtensionsTest, AnyOrderIsReadAndUnknownTypesAreSkipped) {
  const auto extensions = parse_handshake_extensions(
      from_hex("00050001 64636261 bd010001 ffffffff bd010000 00020003 00010401 0000003f 00780000"
               "00080002 40000001 01000000"));
  ASSERT_TRUE(extensions);
  EXPECT_EQ(extensions->stream_id, "abcd");
  EXPECT_EQ(extensions->capabilities->receiver_delay_ms, 120);
  EXPECT_EQ(extensions->capabilities->sender_delay_ms, 0);
  EXPECT_TRUE(extensions->is_response);
  EXPECT_TRUE(extensions->has_group);
}

TEST(HandshakeExtensionsTest, OfARepeatedBlockTheFirstOneCounts) {
  const Bytes blocks = from_hex(
      "00030001 00000001 00040001 00000002 00050001 61616161 00050001 62626262"
      "00010003 00010501 0000003f 00780078 00020003 00010401 00000000 00000000");
  const auto extensions = parse_handshake_extensions(blocks);
  ASSERT_TRUE(extensions);
  EXPECT_EQ(copy(extensions->key_message), from_hex("00000001"));
  EXPECT_EQ(extensions->stream_id, "aaaa");
  EXPECT_EQ(extensions->capabilities->srt_version, 0x10501u);
  EXPECT_FALSE(extensions->is_response);
}

TEST(HandshakeExtensionsTest, NoneAtAllIsNotMalformed) {
  EXPECT_TRUE(parse_handshake_extensions({}));
  EXPECT_TRUE(parse_handshake_extensions(from_hex("000000"))) << "less than a word is left over";
}

TEST(HandshakeExtensionsTest, ALengthPastTheEndIsMalformed) {
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00050001")));
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00050001 616263")));
  EXPECT_FALSE(parse_handshake_extensions(from_hex("bd01ffff 00000000")));
  EXPECT_FALSE(parse_handshake_extensions(extensions_of(kConclusion).first(extensions_of(kConclusion).size() - 1)));
}

TEST(HandshakeExtensionsTest, KnownBlocksHaveALeastLength) {
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00010002 00010501 000000bf"))) << "HSREQ";
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00020000"))) << "HSRSP";
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00030000"))) << "KMREQ";
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00040000"))) << "KMRSP";
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00060000"))) << "CONGESTION";
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00070000"))) << "FILTER";
  EXPECT_FALSE(parse_handshake_extensions(from_hex("00080001 40000001"))) << "GROUP";
}

}  // namespace
}  // namespace fanlight::wire
