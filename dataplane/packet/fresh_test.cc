#include "packet/fresh.h"

#include <gtest/gtest.h>

#include <array>

namespace fanlight {
namespace {

std::array<std::byte, 12> stamped(const Envelope& envelope, const FreshPacket& packet) {
  std::array<std::byte, 12> out;
  stamp_clear(out.data(), envelope, packet);
  return out;
}

FreshPacket packet_of(std::int64_t pos, const RtpMarks& marks) {
  return {.payload = {}, .pos = {pos}, .time = {}, .ticks = marks.ticks, .word = rtp_word(marks.marker)};
}

Envelope rtp_envelope(std::uint32_t random, std::uint32_t ssrc) {
  Envelope envelope;
  envelope.dress = Dress::kRtp;
  envelope.payload_type = 96;
  envelope.offset = {random};
  envelope.peer = SocketId{ssrc};
  return envelope;
}

// RFC 3550 §5.1: V=2, the marker in front of the payload type.
TEST(FreshTest, AnRtpHeaderByteByByte) {
  const std::uint32_t ticks = 0x0102'0304 - tick_offset_of({0x1'FFFE});
  EXPECT_EQ(stamped(rtp_envelope(0x1'FFFE, 0xAABB'CCDD), packet_of(3, {ticks, true})),
            (std::array{std::byte{0x80}, std::byte{0xE0}, std::byte{0x00}, std::byte{0x01}, std::byte{0x01},
                        std::byte{0x02}, std::byte{0x03}, std::byte{0x04}, std::byte{0xAA}, std::byte{0xBB},
                        std::byte{0xCC}, std::byte{0xDD}}));
  EXPECT_EQ(stamped(rtp_envelope(0x1'FFFE, 0xAABB'CCDD), packet_of(3, {ticks, false}))[1], std::byte{0x60});
}

TEST(FreshTest, TheSameRandomMakesTheSameHeaderButForTheSsrc) {
  std::array<std::byte, 12> one = stamped(rtp_envelope(0xDEAD'BEEF, 1), packet_of(70'000, {9'000, true}));
  std::array<std::byte, 12> other = stamped(rtp_envelope(0xDEAD'BEEF, 2), packet_of(70'000, {9'000, true}));
  EXPECT_NE(one, other);
  one[11] = other[11] = {};
  EXPECT_EQ(one, other);
}

TEST(FreshTest, APaddedHeaderIsTheHeaderWithZerosBehindIt) {
  for (const Dress dress : {Dress::kSrt, Dress::kRtp, Dress::kPlain}) {
    Envelope envelope = rtp_envelope(0x1'FFFE, 0xAABB'CCDD);
    envelope.dress = dress;
    const FreshPacket packet = packet_of(3, {9'000, true});
    std::array<std::byte, kFreshHeaderBytes> plain{};
    std::array<std::byte, kFreshHeaderBytes> padded;
    padded.fill(std::byte{0xEE});
    stamp_clear(plain.data(), envelope, packet);
    stamp_padded(padded.data(), envelope, packet);
    EXPECT_EQ(plain, padded) << static_cast<int>(dress);
  }
}

}  // namespace
}  // namespace fanlight
