#include "crypto/aes.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/test_bytes.h"

namespace fanlight::crypto {
namespace {

wire::Salt salt_of(std::string_view hex) {
  wire::Salt salt;
  const Bytes bytes = from_hex(hex);
  std::copy_n(bytes.begin(), salt.size(), salt.begin());
  return salt;
}

constexpr std::string_view kPassphrase = "passphrase12345";
constexpr std::string_view kEvenHex = "000102030405060708090a0b0c0d0e0f";
constexpr std::string_view kOddHex = "101112131415161718191a1b1c1d1e1f";
const wire::Salt kSalt = salt_of("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const Bytes kMessageEven = from_hex(
    "12202901000000000200020000000404a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "2bb3c3b3408c3b90b2a302cc418a548b6a1a16173edd6d73");
const Bytes kMessageBoth = from_hex(
    "12202903000000000200020000000404a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "2a4601725ab100c0ffb65bd387a2bf590f34b934bb840d4679928af87e3d31155931d2b72192b726");

TEST(KekTest, TheVectorsOfAllThreeLengths) {
  const std::string full = "fe359cd812527fcf0a79b0d28136e9fd5bfbc58adf192088725bf0c8d4561c16";
  for (const std::size_t size : {16u, 24u, 32u})
    EXPECT_EQ(copy(derive_kek(kPassphrase, kSalt, size).bytes()), from_hex(full.substr(0, 2 * size)));
}

TEST(KekTest, OnlyTheLastEightBytesOfTheSaltTakePart) {
  wire::Salt other = kSalt;
  other[7] ^= std::byte{1};
  EXPECT_EQ(derive_kek(kPassphrase, other, 16), derive_kek(kPassphrase, kSalt, 16));
  other[8] ^= std::byte{1};
  EXPECT_FALSE(derive_kek(kPassphrase, other, 16) == derive_kek(kPassphrase, kSalt, 16));
}

TEST(KeyTest, LengthTakesPartInEquality) {
  const Bytes zeros(32);
  EXPECT_EQ(Key(ByteSpan(zeros).first(16)), Key(ByteSpan(zeros).first(16)));
  EXPECT_FALSE(Key(ByteSpan(zeros).first(16)) == Key(ByteSpan(zeros).first(24)));
}

TEST(KeyDeathTest, OtherLengthsAreOurOwnBug) {
  const Bytes zeros(17);
  EXPECT_DEATH(Key{ByteSpan(zeros)}, "CHECK failed");
}

TEST(UnwrapTest, AnEvenMessageGivesTheEvenKeyAlone) {
  const auto message = wire::parse_key_message(kMessageEven);
  ASSERT_TRUE(message);
  const auto keys = unwrap_keys(derive_kek(kPassphrase, kSalt, 16), *message);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->even, Key(from_hex(kEvenHex)));
  EXPECT_FALSE(keys->odd);
}

TEST(UnwrapTest, AnOddMessageGivesTheOddKeyAlone) {
  auto message = wire::parse_key_message(kMessageEven);
  ASSERT_TRUE(message);
  message->keys = wire::KeyFlag::kOdd;
  const auto keys = unwrap_keys(derive_kek(kPassphrase, kSalt, 16), *message);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->odd, Key(from_hex(kEvenHex)));
  EXPECT_FALSE(keys->even);
}

TEST(UnwrapTest, OfBothKeysTheEvenOneComesFirst) {
  const auto message = wire::parse_key_message(kMessageBoth);
  ASSERT_TRUE(message);
  const auto keys = unwrap_keys(derive_kek(kPassphrase, kSalt, 16), *message);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->even, Key(from_hex(kEvenHex)));
  EXPECT_EQ(keys->odd, Key(from_hex(kOddHex)));
}

TEST(UnwrapTest, AWrongPassphraseIsRefused) {
  for (const Bytes& bytes : {kMessageEven, kMessageBoth}) {
    const auto message = wire::parse_key_message(bytes);
    ASSERT_TRUE(message);
    EXPECT_FALSE(unwrap_keys(derive_kek("passphrase12346", kSalt, 16), *message));
  }
}

TEST(UnwrapTest, EveryDamagedByteIsRefused) {
  const Key kek = derive_kek(kPassphrase, kSalt, 16);
  for (std::size_t at = 32; at < kMessageEven.size(); ++at) {
    Bytes damaged = kMessageEven;
    damaged[at] ^= std::byte{0x80};
    EXPECT_FALSE(unwrap_keys(kek, *wire::parse_key_message(damaged))) << at;
  }
}

TEST(UnwrapTest, AKekOfAnotherLengthIsRefused) {
  const auto message = wire::parse_key_message(kMessageEven);
  ASSERT_TRUE(message);
  EXPECT_FALSE(unwrap_keys(derive_kek(kPassphrase, kSalt, 32), *message));
}

TEST(WrapTest, GivesTheVectorsBack) {
  const Key kek = derive_kek(kPassphrase, kSalt, 16);
  Bytes out(40);
  ASSERT_EQ(wrap_keys(kek, from_hex(kEvenHex), out), 24u);
  EXPECT_EQ(copy(ByteSpan(out).first(24)), copy(ByteSpan(kMessageEven).subspan(32)));
  ASSERT_EQ(wrap_keys(kek, from_hex(std::string(kEvenHex) + std::string(kOddHex)), out), 40u);
  EXPECT_EQ(out, copy(ByteSpan(kMessageBoth).subspan(32)));
}

TEST(WrapTest, LongerKeysComeBackFromAMessage) {
  for (const std::size_t size : {24u, 32u}) {
    Bytes both(2 * size);
    ASSERT_TRUE(fill_random(both));
    const Key kek = derive_kek(kPassphrase, kSalt, size);
    Bytes wrapped(2 * size + 8);
    ASSERT_EQ(wrap_keys(kek, both, wrapped), wrapped.size());
    const auto keys =
        unwrap_keys(kek, {.keys = wire::KeyFlag::kBoth, .key_bytes = size, .salt = kSalt, .wrapped = wrapped});
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->even, Key(ByteSpan(both).first(size)));
    EXPECT_EQ(keys->odd, Key(ByteSpan(both).last(size)));
  }
}

TEST(RandomTest, TwoKeysAreNotTheSame) {
  Bytes a(32), b(32);
  ASSERT_TRUE(fill_random(a));
  ASSERT_TRUE(fill_random(b));
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace fanlight::crypto
