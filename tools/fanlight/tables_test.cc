#include "fanlight/tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "fanlight/http_client.h"

namespace fanlight::cli {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table{{"NAME"}, {"VIEWERS", Align::kRight}, {"STATE"}};
  table.add({"live/main", "3", "up"});
  table.add({"a", "1,000", "waiting"});
  EXPECT_EQ(table.text(),
            "NAME       VIEWERS  STATE\n"
            "live/main        3  up\n"
            "a            1,000  waiting\n");
}

// Ten times the rows may take ten times as long, and four times that for what else the machine does. When each cell
// measured its whole column, it was a hundred.
TEST(TableTest, TheTimeItTakesGrowsWithItsRows) {
  const auto took = [](std::size_t rows) {
    Table table{{"ID", Align::kRight}, {"URL"}};
    for (std::size_t i = 0; i < rows; ++i) table.add({std::to_string(i), "rtp://192.0.2.7:5004?rtcp=same_port"});
    auto least = std::chrono::nanoseconds::max();
    for (int attempt = 0; attempt < 5; ++attempt) {
      const auto from = std::chrono::steady_clock::now();
      EXPECT_GT(table.text().size(), rows * 40);
      least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - from);
    }
    return least;
  };
  EXPECT_LT(took(2000), 40 * took(200));
}

TEST(TableTest, ATableWithoutRowsIsItsTitles) { EXPECT_EQ((Table{{"A"}, {"B"}}.text()), "A  B\n"); }

TEST(TableTest, AlignmentCountsCharactersAndNotBytes) {
  Table table{{"NAME"}, {"N", Align::kRight}};
  table.add({"caf\xC3\xA9", "1"});
  table.add({"cafes", "2"});
  EXPECT_EQ(table.text(), "NAME   N\ncaf\xC3\xA9   1\ncafes  2\n");
}

TEST(TableTest, AStrangersNameCannotSteerTheTerminal) {
  Table table{{"NAME"}};
  table.add(
      {"live\x1B[2J\n\xC2\x9B"
       "x"});
  EXPECT_EQ(table.text(), "NAME\nlive?[2J??x\n");
}

TEST(NumbersTest, ThousandsAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(NumbersTest, BytesHaveThreeSignificantDigits) {
  EXPECT_EQ(byte_size(0), "0 B");
  EXPECT_EQ(byte_size(1023), "1023 B");
  EXPECT_EQ(byte_size(1280), "1.25 KiB");
  EXPECT_EQ(byte_size(1023 * 1024), "1.00 MiB");
  EXPECT_EQ(byte_size(52'428'800), "50.0 MiB");
  EXPECT_EQ(byte_size(UINT64_MAX), "16.0 EiB");
}

TEST(NumbersTest, SpansNameTheirTwoLargestUnits) {
  EXPECT_EQ(span(0.9), "0 s");
  EXPECT_EQ(span(59.9), "59 s");
  EXPECT_EQ(span(185), "3 min 05 s");
  EXPECT_EQ(span(7620), "2 h 07 min");
  EXPECT_EQ(span(3 * 86'400 + 4 * 3600), "3 d 04 h");
}

TEST(NumbersTest, ASpanIsANumberAndItsUnit) {
  EXPECT_EQ(parse_span("90s"), 90);
  EXPECT_EQ(parse_span("10m"), 600);
  EXPECT_EQ(parse_span("2h"), 7'200);
  EXPECT_EQ(parse_span("7d"), 604'800);
  for (const char* bad : {"", "m", "10", "10 m", "10min", "-1m", "0s", "1.5h", "10w", "99999999999999999999d", "+1s"})
    EXPECT_FALSE(parse_span(bad)) << bad;
}

TEST(HttpClientTest, ANameIsOneSegment) { EXPECT_EQ(percent_encoded("live/m n\xC3?"), "live%2Fm%20n%C3%3F"); }

TEST(HttpClientTest, NobodyThereIsSaidPlainly) {
  const Result<Answer> answer = exchange("/nonexistent/api.sock", "GET", "/v1/version");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().what, "no relay answers at /nonexistent/api.sock (is fanlightd running?)");
}

}  // namespace
}  // namespace fanlight::cli
