// What DASH players, which reckon with numbers and the clock, may ask for while a publisher is away, and after.
#include <gtest/gtest.h>

#include <regex>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

std::string xml_attribute(const std::string& element, const std::string& name) {
  std::smatch found;
  return std::regex_search(element, found, std::regex(" " + name + "=\"([^\"]*)\"")) ? found[1].str() : std::string{};
}
double seconds_of(const std::string& text) { return std::stod(text.substr(2)); }  // PT1.5S

// Numbers that one representation's template promises, as of a moment on the presentation's clock. ISO/IEC 23009-1 A.3
struct Promise {
  std::string folder{};
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

class InterruptionTest : public LiveStage, public testing::Test {
 protected:
  [[nodiscard]] std::string mpd() const { return text_of(audience_.last().mpd); }
  // Of all periods that have begun. As if a player knew neither of @endNumber nor, with `knows_end`, of durations.
  [[nodiscard]] std::vector<Promise> promises(bool knows_end_number) const {
    const std::string text = mpd();
    const double now = static_cast<double>((wall() - kWallStart).count) / 1e6;
    std::vector<Promise> all;
    const std::regex period("<Period[^>]*>|<SegmentTemplate[^>]*>");
    std::vector<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), period), end; at != end; ++at) found.push_back(at->str());
    double start = 0, length = 1e9;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::string& one = found[i];
      if (one.starts_with("<Period")) {
        start = seconds_of(xml_attribute(one, "start"));
        length = 1e9;
        for (std::size_t next = i + 1; next < found.size(); ++next)
          if (found[next].starts_with("<Period")) {
            length = seconds_of(xml_attribute(found[next], "start")) - start;
            break;
          }
        if (const std::string said = xml_attribute(one, "duration"); !said.empty()) length = seconds_of(said);
        continue;
      }
      const double step = std::stod(xml_attribute(one, "duration")) / std::stod(xml_attribute(one, "timescale"));
      const double ahead = std::stod(xml_attribute(one, "availabilityTimeOffset"));
      Promise promise{xml_attribute(one, "media").substr(0, 2), std::stoull(xml_attribute(one, "startNumber"))};
      const double available = std::floor((now - start + ahead) / step + 1e-6);
      const double last = std::ceil(length / step - 1e-6);
      promise.count = static_cast<std::uint64_t>(std::max(std::min(available, last), 0.0));
      if (const std::string said = xml_attribute(one, "endNumber"); knows_end_number && !said.empty())
        promise.count = std::min<std::uint64_t>(promise.count, std::stoull(said) + 1 - promise.first);
      all.push_back(promise);
    }
    return all;
  }
  // Nothing that is promised is missing, but for the segment that is due at this moment, if one may be.
  void expect_promises_kept(std::uint64_t due) const {
    for (const bool knows_end_number : {false, true})
      for (const Promise& one : promises(knows_end_number)) {
        const auto& all = audience_.last().renditions;
        const auto its = std::ranges::find_if(all, [&](const auto& each) { return each->folder == one.folder; });
        ASSERT_NE(its, all.end());
        EXPECT_LE(one.first + one.count, (*its)->segments.back()->msn + 1 + due) << one.folder << "\n" << mpd();
      }
  }
};

TEST_F(InterruptionTest, NothingIsPromisedThatCannotCome) {  // D-10
  play(millis(8'300));
  lose_source();
  for (int i = 0; i < 12; ++i) {
    expect_promises_kept(0);
    pass(millis(500));
  }
  publish_anew({.first = 123'456'789});
  for (int i = 0; i < 20; ++i) {
    play(millis(300));
    expect_promises_kept(1);
  }
  EXPECT_EQ(count_of(mpd(), "<Period "), 2u) << mpd();
}

TEST_F(InterruptionTest, TheLastPeriodEndsWithItsLastSegmentAndAnotherBegins) {  // D-10
  play(millis(8'300));
  EXPECT_EQ(mpd().find("endNumber"), std::string::npos) << mpd();
  lose_source();
  const std::string away = mpd();
  EXPECT_NE(away.find("<Period id=\"p0\" start=\"PT0.000000S\" duration=\"PT8.3"), std::string::npos) << away;
  EXPECT_EQ(count_of(away, " startNumber=\"0\" endNumber=\"8\""), 2u) << away;
  EXPECT_NE(away.find("type=\"dynamic\""), std::string::npos) << away;
  EXPECT_NE(away.find("minimumUpdatePeriod=\"PT0.500000S\""), std::string::npos) << away;
  pass(seconds(4));
  EXPECT_EQ(mpd(), away);
  publish_anew({.first = 123'456'789});
  play(millis(1'300));
  const std::string back = mpd();
  EXPECT_NE(back.find("<Period id=\"p0\" start=\"PT0.000000S\" duration=\"PT8.3"), std::string::npos) << back;
  EXPECT_NE(back.find("<Period id=\"p1\" start=\"PT12.300000S\">"), std::string::npos) << back;
  EXPECT_EQ(count_of(back, " endNumber="), 2u) << back;
  EXPECT_NE(back.find("minimumUpdatePeriod=\"PT2.000000S\""), std::string::npos) << back;
}

// Between two segments, too, when no part of one is there that could be closed.
TEST_F(InterruptionTest, ThePeriodEndsWhereNoSegmentWasBegun) {
  publish_anew({.has_sound = false});
  play(seconds(8));
  lose_source();
  EXPECT_NE(mpd().find("<Period id=\"p0\" start=\"PT0.000000S\" duration=\"PT8.000000S\">"), std::string::npos)
      << mpd();
  expect_promises_kept(0);
}

TEST_F(InterruptionTest, ATimelineEndsWithWhatThereIs) {  // D-04
  play(seconds(9));
  publisher_.options().gop = 20;
  play(millis(3'100));
  lose_source();
  const std::string text = mpd();
  EXPECT_NE(text.find("SegmentTimeline"), std::string::npos) << text;
  EXPECT_NE(text.find("<Period id=\"p0\" start=\"PT0.000000S\" duration=\"PT12.1"), std::string::npos) << text;
  EXPECT_EQ(text.find("endNumber"), std::string::npos) << text;
}

// Clocks that jump leave no hole; the second period may begin a little before the first would have ended.
TEST_F(InterruptionTest, APeriodIsNoLongerThanToTheNext) {
  play(seconds(8));
  publisher_.options().first += 500 * 90'000;
  play(seconds(4));
  const std::string text = mpd();
  std::smatch found;
  ASSERT_TRUE(std::regex_search(text, found, std::regex("start=\"PT0.000000S\" duration=\"PT([0-9.]+)S\""))) << text;
  const double length = std::stod(found[1].str());
  ASSERT_TRUE(std::regex_search(text, found, std::regex("<Period id=\"p1\" start=\"PT([0-9.]+)S\">"))) << text;
  EXPECT_LE(length, std::stod(found[1].str()));
  EXPECT_GT(length, 7.8);
  expect_promises_kept(1);
}

}  // namespace
}  // namespace fanlight::packager
