#include "crypto/srtp_derivation.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::crypto {
namespace {

// RFC 3711 B.3
TEST(SrtpDerivationTest, TheStandardsVector) {
  const SrtpMaster master{SrtpSuite::kAesCm128HmacSha1Tag80,
                          SecretBytes(from_hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"))};
  const SrtpSessionKeys keys = derive_srtp(master);
  EXPECT_EQ(copy(std::span(keys.rtp.key).first(16)), from_hex("C61E7A93744F39EE10734AFE3FF7A087"));
  EXPECT_EQ(copy(keys.rtp.salt), from_hex("30CBBC08863D8C85D49DB34A9AE1"));
  EXPECT_EQ(copy(keys.rtp.authentication), from_hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
  EXPECT_NE(keys.rtcp.key, keys.rtp.key);
}

// RFC 6188 §7.4: the same for keys of 256 bits; AEAD's salt is shorter and stands in front (RFC 7714 §11).
TEST(SrtpDerivationTest, AKeyOf256BitsIsDerivedWithAes256) {
  const SrtpMaster master{
      SrtpSuite::kAeadAes256Gcm,
      SecretBytes(
          from_hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b"))};
  const SrtpSessionKeys keys = derive_srtp(master);
  EXPECT_EQ(keys.rtp.authentication, SrtpSessionKey{}.authentication);
  EXPECT_EQ(copy(std::span(keys.rtp.salt).subspan(12)), from_hex("0000"));
  EXPECT_NE(keys.rtp.key, keys.rtcp.key);
}

}  // namespace
}  // namespace fanlight::crypto
