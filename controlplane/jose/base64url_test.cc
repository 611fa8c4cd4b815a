#include "jose/base64url.h"

#include "jose/token_fixture.h"

namespace fanlight::jose {
namespace {

TEST(Base64UrlTest, ReadsWhatTheRfcWrites) {
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("Zg"), "f");
  EXPECT_EQ(decode_base64url("Zm8"), "fo");
  EXPECT_EQ(decode_base64url("Zm9v"), "foo");
  EXPECT_EQ(decode_base64url("Zm9vYg"), "foob");
  EXPECT_EQ(decode_base64url("A-z_4ME"), "\x03\xEC\xFF\xE0\xC1");  // RFC 7515 appendix C
}

TEST(Base64UrlTest, EachSequenceOfBytesHasOneText) {
  for (const char* text : {"Zg==", "Zm8=", "A+z/", "Zm9v\n", " Zm9v", "Z", "Zm9vY", "Zh", "Zm9", "Zm9v.", "Z\xC3\xA9x"})
    EXPECT_FALSE(decode_base64url(text)) << text;
  EXPECT_FALSE(decode_base64url(std::string_view("Zm9\0", 4)));
}

TEST(Base64UrlTest, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(255 - i);
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes);
  }
}

}  // namespace
}  // namespace fanlight::jose
