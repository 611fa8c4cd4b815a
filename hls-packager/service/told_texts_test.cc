#include "service/told_texts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "http/pace.h"

namespace fanlight::packager {
namespace {

class ToldTextsTest : public testing::Test {
 protected:
  static std::string text(const SharedBytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.span().data()), bytes.size()};
  }
  void tell(Instant now) {
    ++news_;
    board_.set({{.name = "live/" + std::to_string(news_)}}, now);
  }

  int news_ = 0;
  StreamBoard board_{Instant{}};
  ServerCounts counts_;
  HttpTallies tallies_{{&counts_}, {}};
  ToldTexts texts_{board_, tallies_};
};

TEST_F(ToldTextsTest, AllAreGivenTheSameBytesUntilThereIsNews) {
  tell({1'000});
  const SharedBytes one = texts_.streams({1'000}), other = texts_.streams({150'000});
  EXPECT_EQ(one.span().data(), other.span().data());
  EXPECT_EQ(texts_.metrics({1'000}).span().data(), texts_.metrics({150'000}).span().data());
  tell({201'000});
  EXPECT_NE(text(texts_.streams({201'000})).find("live/2"), std::string::npos);
  EXPECT_NE(text(texts_.metrics({201'000})).find("live/2"), std::string::npos);
}

TEST_F(ToldTextsTest, WithoutNewsOfTheBoardTheServersOwnGoOnAndItsAgeIsSeen) {
  tell({});
  (void)texts_.metrics({});
  counts_.requests.add(7);
  EXPECT_EQ(text(texts_.metrics(Instant{} + millis(999))).find("http_requests_total 7"), std::string::npos);
  const std::string later = text(texts_.metrics(Instant{} + seconds(1)));
  EXPECT_NE(later.find("fanlight_packager_http_requests_total 7\n"), std::string::npos);
  EXPECT_NE(later.find("fanlight_packager_board_age_seconds 1\n"), std::string::npos);
}

// Twelve thousand streams of HTTP/2 that take nothing, and ask again when that is given up.
TEST_F(ToldTextsTest, HoweverManyHoldThemTheyAreFewBytes) {
  for (const std::size_t streams : {1u, 40u, 250u}) {
    std::map<const std::byte*, std::pair<SharedBytes, Instant>> held;  // Until then.
    std::size_t most = 0;
    Micros hold{};
    const Instant from = Instant{} + seconds(1'000 * static_cast<std::int64_t>(streams));
    for (Instant now = from; now < from + seconds(70); now = now + millis(50)) {
      if (now.us % 200'000 == 0) board_.set(std::vector<StreamStanding>(streams, {.name = "live/a"}), now);
      const SharedBytes one = texts_.metrics(now);
      hold = Pace{}.due(now, one.size(), {}) - now;
      held[one.span().data()] = {one, now + hold};
      std::erase_if(held, [&](const auto& it) { return it.second.second <= now; });
      std::size_t bytes = 0;
      for (const auto& it : held) bytes += it.second.first.size();
      most = std::max(most, bytes);
    }
    // And two texts, of which each stands for as long as its bytes are worth.
    const auto bound = static_cast<std::size_t>(ToldTexts::kBytesPerSecondMax * (hold.count + 4'000'000) / 1'000'000);
    EXPECT_LE(most, bound) << streams << " streams";
    EXPECT_GT(held.size(), 10u) << streams << " streams: others are given news";
  }
}

}  // namespace
}  // namespace fanlight::packager
