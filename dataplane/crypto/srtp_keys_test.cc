#include "crypto/srtp_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/test_srtp.h"
#include "wire/test_bytes.h"

namespace fanlight::crypto {
namespace {

using enum SrtpSuite;
constexpr std::array kAll{kAesCm128HmacSha1Tag80, kAesCm128HmacSha1Tag32, kAeadAes128Gcm, kAeadAes256Gcm};

SrtpMaster master_of(SrtpSuite suite, std::string_view hex) { return {suite, SecretBytes(from_hex(hex))}; }

// Session keys for both halves, as the vectors of RFC 7714 have them.
SrtpSessionKeys session(std::string_view key, std::string_view salt) {
  SrtpSessionKeys keys;
  for (SrtpSessionKey* half : {&keys.rtp, &keys.rtcp}) {
    std::ranges::copy(from_hex(key), half->key.begin());
    std::ranges::copy(from_hex(salt), half->salt.begin());
  }
  return keys;
}

bool unprotect(const SrtpKeys& keys, Bytes& packet, std::uint64_t index) {
  return keys.unprotect({packet, 12, load_be32(packet.data() + 8), index});
}

Bytes some_packet(std::size_t payload_bytes) {
  Bytes packet = from_hex("80211234 decafbad cafebabe");
  packet.resize(packet.size() + payload_bytes, std::byte{0xAB});
  return packet;
}

constexpr std::string_view kMaster3711 = "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6";

// RFC 3711 B.2: the key stream, seen through a payload of zeros.
TEST(SrtpKeysTest, TheKeyStreamOfRfc3711) {
  const SrtpKeys keys(kAesCm128HmacSha1Tag80,
                      session("2B7E151628AED2A6ABF7158809CF4F3C", "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
  Bytes packet(12 + 48);
  packet = protect(keys, packet, 0);
  EXPECT_EQ(
      copy(std::span(packet).subspan(12, 48)),
      from_hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"));
}

// The master key of RFC 3711 B.3 over packets that other implementations test themselves with.
TEST(SrtpKeysTest, WholePacketsUnderAesCmAndHmac) {
  const SrtpKeys keys(master_of(kAesCm128HmacSha1Tag80, kMaster3711));
  const Bytes clear = from_hex("800f1234 decafbad cafebabe abababababababababababababababab");
  const Bytes secret = from_hex("800f1234 decafbad cafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
  EXPECT_EQ(protect(keys, clear, 0x1234), secret);
  const Bytes control = from_hex("81c8000b cafebabe abababababababababababababababab");
  EXPECT_EQ(protect_control(keys, control, 1),
            from_hex("81c8000b cafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798"));
  const SrtpKeys shorter(master_of(kAesCm128HmacSha1Tag32, kMaster3711));
  EXPECT_EQ(protect(shorter, clear, 0x1234), copy(std::span(secret).first(secret.size() - 6)));
}

// RFC 7714 §16.1.1, §16.2.1
TEST(SrtpKeysTest, TheRtpVectorsOfRfc7714) {
  const Bytes clear = from_hex(
      "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 "
      "6573");
  const SrtpKeys with_128(kAeadAes128Gcm, session("000102030405060708090a0b0c0d0e0f", "517569642070726f2071756f"));
  EXPECT_EQ(protect(with_128, clear, 0xf17b),
            from_hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a "
                     "51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce"));
  const SrtpKeys with_256(kAeadAes256Gcm, session("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                                                  "517569642070726f2071756f"));
  EXPECT_EQ(protect(with_256, clear, 0xf17b),
            from_hex("8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 "
                     "76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13"));
}

// RFC 7714 §17.1, §17.2
TEST(SrtpKeysTest, TheRtcpVectorsOfRfc7714) {
  const Bytes clear = from_hex(
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef "
      "deadbeef");
  const SrtpKeys with_128(kAeadAes128Gcm, session("000102030405060708090a0b0c0d0e0f", "517569642070726f2071756f"));
  EXPECT_EQ(protect_control(with_128, clear, 0x5d4),
            from_hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda "
                     "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"));
  const SrtpKeys with_256(kAeadAes256Gcm, session("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                                                  "517569642070726f2071756f"));
  EXPECT_EQ(protect_control(with_256, clear, 0x5d4),
            from_hex("81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be "
                     "8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4"));
}

TEST(SrtpKeysTest, WhatIsProtectedIsReadAgain) {
  for (const SrtpSuite suite : kAll)
    for (const std::size_t size : {0u, 1u, 16u, 1316u, 1456u}) {
      const SrtpKeys keys(some_master(suite));
      const Bytes clear = some_packet(size);
      Bytes packet = protect(keys, clear, 0x5'1234);
      EXPECT_TRUE(size < 16 || !std::ranges::equal(std::span(packet).subspan(12, size), std::span(clear).subspan(12)));
      ASSERT_TRUE(unprotect(keys, packet, 0x5'1234));
      packet.resize(clear.size());
      EXPECT_EQ(packet, clear);
    }
}

// Few are hashed by other means than many.
TEST(SrtpKeysTest, ManyTogetherAreTheSameAsOneByOne) {
  for (const SrtpSuite suite : kAll)
    for (std::size_t many = 1; many <= SrtpKeys::kBatchMax; ++many) {
      const SrtpKeys keys(some_master(suite));
      std::vector<Bytes> together;
      std::vector<SrtpKeys::Packet> packets;
      for (std::size_t i = 0; i < many; ++i) {
        together.push_back(some_packet(i % 3 == 2 ? 0 : 1316 - i));
        together.back().resize(together.back().size() + keys.form().rtp_tag_bytes);
      }
      for (std::size_t i = 0; i < many; ++i) packets.push_back({together[i], 12, 0xcafebabe, 0xFFF8 + i});
      ASSERT_TRUE(keys.protect(packets));
      for (std::size_t i = 0; i < many; ++i)
        EXPECT_EQ(together[i], protect(keys, some_packet(i % 3 == 2 ? 0 : 1316 - i), 0xFFF8 + i)) << i;
    }
}

TEST(SrtpKeysTest, AnotherKeyCounterOrByteIsRefusedAndChangesNothing) {
  for (const SrtpSuite suite : kAll) {
    const SrtpKeys keys(some_master(suite));
    const SrtpKeys others(some_master(suite, std::byte{8}));
    const Bytes secret = protect(keys, some_packet(200), 0x1'1234);
    Bytes packet = secret;
    EXPECT_FALSE(unprotect(others, packet, 0x1'1234));
    EXPECT_EQ(packet, secret);
    EXPECT_FALSE(unprotect(keys, packet, 0x2'1234));
    EXPECT_EQ(packet, secret);
    for (std::size_t at = 0; at < secret.size(); at += 7) {
      packet = secret;
      packet[at] ^= std::byte{0x10};
      EXPECT_FALSE(unprotect(keys, packet, 0x1'1234)) << at;
    }
    packet = secret;
    for (packet.resize(12 + keys.form().rtp_tag_bytes); packet.size() >= 12; packet.pop_back())
      EXPECT_FALSE(unprotect(keys, packet, 0x1'1234)) << packet.size();
  }
}

TEST(SrtpKeysTest, ControlIsReadAgainAndNothingElse) {
  for (const SrtpSuite suite : kAll) {
    const SrtpKeys keys(some_master(suite));
    const SrtpKeys others(some_master(suite, std::byte{8}));
    const Bytes clear = from_hex("80c90001 11223344 81ca0003 11223344 01036162 63000000");
    const Bytes secret = protect_control(keys, clear, 77);
    EXPECT_EQ(keys.peek_control_index(secret), 77u);
    Bytes packet = secret;
    ASSERT_EQ(keys.unprotect_control(packet), clear.size());
    EXPECT_EQ(copy(std::span(packet).first(clear.size())), clear);
    packet = secret;
    EXPECT_EQ(others.unprotect_control(packet), 0u);
    for (std::size_t at = 0; at < secret.size(); ++at) {
      packet = secret;
      packet[at] ^= std::byte{1};
      EXPECT_EQ(keys.unprotect_control(packet), 0u) << at;
    }
    for (packet = secret; !packet.empty(); packet.pop_back())
      EXPECT_TRUE(packet.size() == secret.size() || keys.unprotect_control(packet) == 0) << packet.size();
    packet = clear;
    EXPECT_EQ(keys.unprotect_control(packet), 0u);
  }
}

TEST(SrtpKeysTest, ControlWithoutAnIndexLeftOrRoomIsNotMade) {
  const SrtpKeys keys(some_master(kAeadAes128Gcm));
  Bytes packet = from_hex("80c90001 11223344");
  packet.resize(8 + 20);
  EXPECT_EQ(keys.protect_control(packet, 8, kSrtcpIndexEnd), 0u);
  EXPECT_EQ(keys.protect_control(std::span(packet).first(27), 8, 1), 0u);
  EXPECT_EQ(keys.protect_control(packet, 8, kSrtcpIndexEnd - 1), 28u);
}

}  // namespace
}  // namespace fanlight::crypto
