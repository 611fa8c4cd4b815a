// Captions within pictures, on their way to what players choose from. H-62
#include <gtest/gtest.h>

#include "codec/test_captions.h"
#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

// In front of a picture: captions begin in CC1, and in service 1.
Bytes captions() {
  Bytes framed = from_hex("00000001");
  append(framed, caption_unit({0x06}, {{0, 0x94, 0x20}, {3, 0x02, 0x22}, {2, 0x00, 0x00}}));
  return framed;
}

class CaptionsTest : public LiveStage, public testing::Test {
 protected:
  [[nodiscard]] std::string multivariant() const { return text_of(audience_.last().multivariant); }
};

TEST_F(CaptionsTest, WithoutAnyNoneIsSaid) {
  play(seconds(8));
  EXPECT_NE(multivariant().find(",CLOSED-CAPTIONS=NONE\n"), std::string::npos);
  EXPECT_EQ(text_of(audience_.last().mpd).find("Accessibility"), std::string::npos);
}

TEST_F(CaptionsTest, ThoseOfTheFirstSecondsAreOfferedAtOnce) {
  publish_anew({.in_pictures = captions()});
  while (!audience_.has_seen_any()) play(millis(100));
  EXPECT_NE(multivariant().find("INSTREAM-ID=\"CC1\""), std::string::npos) << multivariant();
  EXPECT_NE(multivariant().find("INSTREAM-ID=\"SERVICE1\""), std::string::npos);
  EXPECT_NE(multivariant().find(",CLOSED-CAPTIONS=\"cc\"\n"), std::string::npos);
  EXPECT_NE(text_of(audience_.last().mpd).find("cea-608:2015\" value=\"CC1=und\""), std::string::npos);
}

TEST_F(CaptionsTest, TheyAreInTheSamples) {
  publish_anew({.in_pictures = captions()});
  play(seconds(6));
  const Bytes framed = captions(), unit(framed.begin() + 4, framed.end());
  const ByteSpan part = audience_.last().renditions[0]->segments[0]->parts[0].span();
  std::size_t count = 0;
  for (auto at = part.begin(); (at = std::search(at, part.end(), unit.begin(), unit.end())) != part.end(); ++at)
    ++count;
  EXPECT_EQ(count, 6u);  // Of 200 ms.
}

TEST_F(CaptionsTest, ThoseThatComeLaterAreAnotherOffer) {
  play(seconds(8));
  publisher_.options().in_pictures = captions();
  play(seconds(3));
  EXPECT_NE(multivariant().find("INSTREAM-ID=\"CC1\""), std::string::npos);
  publisher_.options().in_pictures = {};
  play(seconds(20));
  EXPECT_NE(multivariant().find("INSTREAM-ID=\"CC1\""), std::string::npos);  // Nothing is taken back.
}

TEST_F(CaptionsTest, TheMapTellsTheirLanguagesBeforeTheyCome) {
  publish_anew({.video_descriptors = from_hex("8607c1656e677e3fff")});
  play(seconds(6));
  EXPECT_NE(multivariant().find("NAME=\"eng CC1\",LANGUAGE=\"eng\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC1\""),
            std::string::npos)
      << multivariant();
  EXPECT_NE(text_of(audience_.last().mpd).find("value=\"CC1=eng\""), std::string::npos);
}

}  // namespace
}  // namespace fanlight::packager
