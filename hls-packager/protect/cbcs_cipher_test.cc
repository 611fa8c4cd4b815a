#include "protect/cbcs_cipher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cmaf/test_boxes.h"
#include "cmaf/test_protection.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

// NIST SP 800-38A §F.2.1
const CipherBlock kKey = block_of("2b7e151628aed2a6abf7158809cf4f3c");
const CipherBlock kIv = block_of("000102030405060708090a0b0c0d0e0f");
constexpr std::string_view kPlain[] = {"6bc1bee22e409f96e93d7e117393172a", "ae2d8a571e03ac9c9eb76fac45af8e51",
                                       "30c81c46a35ce411e5fbc1191a0a52ef"};
constexpr std::string_view kCipher[] = {"7649abac8119b246cee98e9b12e9197d", "5086cb9b507219ee95db113a917678b2",
                                        "73bed6b8e3c1743b7116e69e22229516"};

std::string text_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

TEST(CbcsCipherTest, AllBlocksAreOneChainAndWhatIsNoBlockStays) {
  Bytes bytes = from_hex(text_of({kPlain[0], kPlain[1], kPlain[2], "c0ffee"}));
  CbcsCipher(kKey, kIv).encrypt_all(bytes);
  EXPECT_EQ(hex_of(bytes), text_of({kCipher[0], kCipher[1], kCipher[2], "c0ffee"}));
}

// The chain runs over those that are encrypted alone.
TEST(CbcsCipherTest, ThePatternIsTheFirstBlockOfTen) {
  const std::string nine(9 * 32, '5');
  Bytes bytes = from_hex(text_of({kPlain[0], nine, kPlain[1], nine, kPlain[2], "aabb"}));
  CbcsCipher(kKey, kIv).encrypt_pattern(bytes);
  EXPECT_EQ(hex_of(bytes), text_of({kCipher[0], nine, kCipher[1], nine, kCipher[2], "aabb"}));
}

TEST(CbcsCipherTest, EachRangeBeginsWithTheIv) {
  CbcsCipher cipher(kKey, kIv);
  for (int i = 0; i < 2; ++i) {
    Bytes bytes = from_hex(kPlain[0]);
    cipher.encrypt_pattern(bytes);
    EXPECT_EQ(hex_of(bytes), kCipher[0]);
    bytes = from_hex(kPlain[0]);
    cipher.encrypt_all(bytes);
    EXPECT_EQ(hex_of(bytes), kCipher[0]);
  }
}

TEST(CbcsCipherTest, LessThanABlockStays) {
  CbcsCipher cipher(kKey, kIv);
  Bytes bytes = from_hex("000102030405060708090a0b0c0d0e");
  const Bytes before = bytes;
  cipher.encrypt_pattern(bytes);
  cipher.encrypt_all(bytes);
  cipher.encrypt_all({});
  EXPECT_EQ(bytes, before);
}

}  // namespace
}  // namespace fanlight::packager
