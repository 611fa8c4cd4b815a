#include "playlist/text.h"

#include <gtest/gtest.h>

#include "playlist/hex.h"

namespace fanlight::packager {
namespace {

TEST(PlaylistTextTest, TicksAreRoundedToTheNearestMicrosecond) {
  EXPECT_EQ(micros_of(90'090, 90'000).count, 1'001'000);
  EXPECT_EQ(micros_of(1'024, 44'100).count, 23'220);  // 23,219.95…
  EXPECT_EQ(micros_of(1, 90'000).count, 11);
  EXPECT_EQ(micros_of(1'000'000'000'000'000, 90'000).count, 11'111'111'111'111'111);
}

TEST(PlaylistTextTest, TwoHexadecimalDigitsAreAByte) {
  EXPECT_EQ(parse_hex_byte("00"), std::byte{0});
  EXPECT_EQ(parse_hex_byte("7f"), std::byte{0x7F});
  EXPECT_EQ(parse_hex_byte("fF"), std::byte{0xFF});
  for (const char* text : {"", "7", "7g", "g7", "0x", "-1", "+1", " 1", "1 ", "123"})
    EXPECT_EQ(parse_hex_byte(text), std::nullopt) << text;
}

TEST(PlaylistTextTest, SpansHaveSixDecimals) {
  EXPECT_EQ(seconds_text(millis(200)), "0.200000");
  EXPECT_EQ(seconds_text({12'000'001}), "12.000001");
  EXPECT_EQ(seconds_text({}), "0.000000");
}

TEST(PlaylistTextTest, DatesAreUtcToTheMillisecond) {
  EXPECT_EQ(date_text({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(date_text({1'795'710'600'040'499}), "2026-11-26T16:30:00.040Z");
  EXPECT_EQ(date_text({1'795'710'600'999'500}), "2026-11-26T16:30:01.000Z");
  EXPECT_EQ(date_text({951'782'400'000'000}), "2000-02-29T00:00:00.000Z");
}

TEST(PlaylistTextTest, RatesHaveThreeDecimals) {
  EXPECT_EQ(rate_text({25, 1}), "25.000");
  EXPECT_EQ(rate_text({30'000, 1'001}), "29.970");
  EXPECT_EQ(rate_text({24'000, 1'001}), "23.976");
  EXPECT_EQ(rate_text({25, 0}), "25.000");
}

TEST(PlaylistTextTest, NothingGetsOutOfItsQuotes) {
  EXPECT_EQ(quoted("Eng\"lish\r\n#EXT-X-ENDLIST"), "\"English#EXT-X-ENDLIST\"");
  EXPECT_EQ(quoted("Français, 5.1"), "\"Français, 5.1\"");
}

TEST(PlaylistTextTest, NothingGetsOutOfItsElement) {
  EXPECT_EQ(xml_escaped("a<b>&\"'\x01\n"), "a&lt;b&gt;&amp;&quot;&apos;");
}

TEST(PlaylistTextTest, LanguagesHaveTheFormOfATag) {
  for (const char* good : {"en", "eng", "pt-BR", "zh-Hant-TW"}) EXPECT_TRUE(is_language(good)) << good;
  for (const char* odd : {"", "e", "und", "e\xE9", "1en", "en us", "en\"", "-en"})
    EXPECT_FALSE(is_language(odd)) << odd;
}

}  // namespace
}  // namespace fanlight::packager
