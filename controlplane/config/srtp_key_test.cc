#include "config/srtp_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// RFC 4568 §6.1's example: 16 bytes of key, 14 of salt.
constexpr std::string_view kKey = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const std::string kSuite = "AES_CM_128_HMAC_SHA1_80";
const std::string kText = kSuite + " inline:" + std::string{kKey};

std::string fault_of(const std::string& text) {
  const auto master = parse_srtp_key(text);
  return master ? "taken" : master.error().text();
}

std::string text_of(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

TEST(SrtpKeyTest, KeyAndSaltStandBehindTheSuite) {
  const auto master = parse_srtp_key(kText);
  ASSERT_TRUE(master);
  EXPECT_EQ(master->suite, crypto::SrtpSuite::kAesCm128HmacSha1Tag80);
  EXPECT_EQ(text_of(master->key()), "wDfvg&T+)xG7@fb5");
  EXPECT_EQ(text_of(master->salt()), "jU,RaA}\\|p0%*#");
  EXPECT_EQ(master->packets_max, std::uint64_t{1} << 48);
}

TEST(SrtpKeyTest, WhatIsWrittenIsReadAgain) {
  for (std::size_t i = 0; i < crypto::kSrtpSuites.size(); ++i) {
    std::vector<std::byte> bytes;
    for (std::size_t at = 0; at < crypto::kSrtpSuites[i].master_bytes(); ++at)
      bytes.push_back(static_cast<std::byte>(at * 37 + 250));
    for (const std::uint64_t packets : {std::uint64_t{1} << 48, std::uint64_t{1} << 20, std::uint64_t{77}}) {
      const crypto::SrtpMaster master{static_cast<crypto::SrtpSuite>(i), crypto::SecretBytes(bytes), packets};
      const std::string text = write_srtp_key(master);
      const auto again = parse_srtp_key(text);
      ASSERT_TRUE(again) << again.error().text();
      EXPECT_EQ(*again, master);
    }
  }
  EXPECT_EQ(write_srtp_key(*parse_srtp_key(kText)), kText);
  EXPECT_EQ(write_srtp_key(*parse_srtp_key(kText + "|2^10")), kText + "|1024");
}

TEST(SrtpKeyTest, PaddingMayBeMissing) {
  const std::string gcm = "AEAD_AES_128_GCM inline:FRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMA";
  ASSERT_TRUE(parse_srtp_key(gcm));
  EXPECT_EQ(*parse_srtp_key(gcm), *parse_srtp_key(gcm + "=="));
  EXPECT_EQ(write_srtp_key(*parse_srtp_key(gcm)), gcm + "==");
  EXPECT_THAT(fault_of(gcm + "="), HasSubstr("no base64"));
  EXPECT_THAT(fault_of(gcm + "===="), HasSubstr("no base64"));
}

TEST(SrtpKeyTest, ALifetimeIsANumberOfPacketsOrAPowerOfTwo) {
  EXPECT_EQ(parse_srtp_key(kText + "|2^20")->packets_max, std::uint64_t{1} << 20);
  EXPECT_EQ(parse_srtp_key(kText + "|2^48")->packets_max, std::uint64_t{1} << 48);
  EXPECT_EQ(parse_srtp_key(kText + "|1000")->packets_max, 1000u);
  EXPECT_EQ(parse_srtp_key(kText + "|281474976710656")->packets_max, std::uint64_t{1} << 48);
  for (const char* text : {"|2^49", "|281474976710657", "|0", "|2^", "|", "|-1", "|2^20x", "|99999999999999999999"})
    EXPECT_THAT(fault_of(kText + text), HasSubstr("a lifetime that is none; accepted: a number of packets")) << text;
  EXPECT_THAT(fault_of(kText + "|2^20|2^20"), HasSubstr("more than one lifetime"));
}

TEST(SrtpKeyTest, WhatPacketsWouldLookDifferentForIsRefusedByName) {
  EXPECT_THAT(fault_of(kText + "|2^20|1:4"), HasSubstr("a master key identifier (MKI)"));
  EXPECT_THAT(fault_of(kText + "|1:4"), HasSubstr("a master key identifier (MKI)"));
  EXPECT_THAT(fault_of(kText + ";inline:" + std::string{kKey}), HasSubstr("more than one key"));
  for (const char* name : {"KDR=0", "KDR=24", "UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP",
                           "FEC_ORDER=FEC_SRTP", "A_NEW_ONE"})
    EXPECT_THAT(fault_of(kText + " " + name),
                HasSubstr("session parameter " + std::string{name}.substr(0, std::string_view{name}.find('=')) + ";"));
  EXPECT_THAT(fault_of(kText + " FEC_KEY=inline:" + std::string{kKey}), HasSubstr("session parameter FEC_KEY;"));
}

TEST(SrtpKeyTest, AWindowThatWeHaveAndWhatMayBePassedOverAreTaken) {
  EXPECT_EQ(fault_of(kText + " WSH=64"), "taken");
  EXPECT_EQ(fault_of(kText + " WSH=4096 -SOMETHING=1"), "taken");
  for (const char* text : {" WSH=63", " WSH=4097", " WSH=", " WSH"})
    EXPECT_THAT(fault_of(kText + text), HasSubstr("accepted: WSH=64 to WSH=4096")) << text;
}

TEST(SrtpKeyTest, AFaultSaysWhatIsWrongAndShowsNoKey) {
  const std::string key{kKey};
  const std::pair<std::string, std::string> faults[] = {
      {"", "nothing; accepted: SUITE inline:BASE64"},
      {"AES_CM_256_HMAC_SHA1_80 inline:" + key,
       "crypto suite \"AES_CM_256_HMAC_SHA1_80\"; accepted: one of AES_CM_128"},
      {key, "no crypto suite in front"},
      {"inline:" + key, "no crypto suite in front"},
      {kSuite, "no inline: behind the crypto suite"},
      {kSuite + " " + key, "no inline: behind the crypto suite"},
      {kSuite + " inline:", "0 bytes behind inline:; accepted: 30 bytes in base64, 16 of key and 14 of salt"},
      {kSuite + " inline:" + key.substr(4), "27 bytes behind inline:"},
      {"AEAD_AES_256_GCM inline:" + key, "30 bytes behind inline:; accepted: 44 bytes in base64, 32 of key"},
      {kSuite + " inline:" + key + key, "more than 44 bytes behind inline:"},
      {kSuite + " inline:" + key.substr(1), "no base64"},
      {kSuite + " inline:" + key.substr(1) + "*", "no base64"},
      {kSuite + " inline:" + key.substr(1) + "-", "no base64"},
      {kText + " " + key, "words behind the key"},
      {kText + " " + key.substr(3, 12), "words behind the key"},
      {key.substr(3, 12), "no crypto suite in front"},
  };
  for (const auto& [text, says] : faults)
    EXPECT_THAT(fault_of(text), AllOf(HasSubstr(says), Not(HasSubstr(key.substr(5, 8))))) << says;
}

TEST(SrtpKeyTest, AMasterIsTheSameWhenAllOfItIs) {
  EXPECT_EQ(*parse_srtp_key(kText), *parse_srtp_key(kText + "|2^48"));
  EXPECT_FALSE(*parse_srtp_key(kText) == *parse_srtp_key(kText + "|2^47"));
  EXPECT_FALSE(*parse_srtp_key(kText) == *parse_srtp_key("AES_CM_128_HMAC_SHA1_32 inline:" + std::string{kKey}));
}

TEST(SrtpKeyTest, ATablesKeyIsReadAsOtherSecretsAre) {
  std::vector<std::string> said;
  const auto read = [&](std::vector<Field> fields, std::optional<SecretPlaces> places) {
    said.clear();
    std::vector<Problem> problems;
    FieldReader reader("feed", 1, fields, problems, std::move(places));
    const auto master = read_srtp_key(reader, "srtp");
    reader.finish();
    for (const Problem& problem : problems) said.push_back(problem.text());
    return master;
  };
  EXPECT_EQ(read({{"srtp", kText, 1}}, SecretPlaces{}), *parse_srtp_key(kText));
  EXPECT_TRUE(said.empty());
  EXPECT_FALSE(read({}, SecretPlaces{}));
  EXPECT_TRUE(said.empty());
  EXPECT_FALSE(read({{"srtp", kText + "|x", 1}}, SecretPlaces{}));
  EXPECT_THAT(said, ElementsAre(HasSubstr("feed.srtp: found a lifetime that is none, accepted a number")));
  EXPECT_FALSE(read({{"srtp", kText, 1}}, SecretPlaces{.directory = {}, .file = "relay.toml", .loose_mode = 0644}));
  EXPECT_THAT(said, ElementsAre(HasSubstr("feed.srtp: found a secret in a file with mode 0644")));
  EXPECT_FALSE(read({{"srtp_file", "/nowhere/at/all", 1}}, std::nullopt));
  EXPECT_THAT(said, ElementsAre(HasSubstr("over the API the relay reads no files")));
}

}  // namespace
}  // namespace fanlight::control
