// Streams of all rates, GOPs and clocks, with what can happen to them: whatever it is, no playlist breaks a rule, and
// none stands still while pictures or sound come.
#include <gtest/gtest.h>

#include <random>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

struct Rate {
  std::int64_t ticks, of;
};
constexpr Rate kRates[] = {{1500, 1}, {3003, 2}, {1800, 1},   {3000, 1}, {3003, 1},
                           {3600, 1}, {3750, 1}, {15'015, 4}, {6000, 1}, {7500, 1}};

constexpr unsigned kSeeds = 8;
constexpr int kFrames = 3'000;

class RandomStream : public LiveStage {
 public:
  RandomStream(unsigned seed, bool is_clean)
      : LiveStage({}, {.window = seconds(seed % 2 == 0 ? 12 : 30), .grace = seconds(5)}, is_clean),
        random_(seed),
        is_clean_(is_clean) {
    const Rate rate = kRates[below(std::size(kRates))];
    const auto per_second = static_cast<int>(90'000 * rate.of / rate.ticks);
    publish_anew({.frame_ticks = rate.ticks,
                  .frame_ticks_of = rate.of,
                  .grain = below(3) == 0 ? 90 : 1,
                  .gop = 1 + static_cast<int>(below(static_cast<std::size_t>(per_second) * 5 / 2)),
                  .first = static_cast<std::int64_t>(below(1u << 31)) * 4,
                  .reorder = static_cast<std::int64_t>(below(3)) * rate.ticks / rate.of});
  }
  void run(int frames) {
    for (int i = 0; i < frames; ++i) step();
  }
  [[nodiscard]] LiveStream& stream() { return stream_; }
  [[nodiscard]] Audience& audience() { return audience_; }
  [[nodiscard]] std::int64_t frame_us() const {
    return publisher_.options().frame_ticks * 100 / 9 / publisher_.options().frame_ticks_of;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void step() {
    const bool is_picture = publisher_.pictures_at() <= publisher_.sound_at();
    ticks_ = std::max(ticks_, is_picture ? publisher_.pictures_at() : publisher_.sound_at());
    if (!is_clean_) disturb();
    const bool is_lost = !is_clean_ && (is_picture ? losing_pictures_ > 0 : losing_sound_ > 0);
    if (is_picture) {
      losing_pictures_ -= losing_pictures_ > 0 ? 1 : 0;
      is_lost ? publisher_.skip_picture() : feed(publisher_.picture());
    } else {
      losing_sound_ -= losing_sound_ > 0 ? 1 : 0;
      is_lost ? publisher_.skip_sound() : feed(publisher_.sound());
    }
  }
  void disturb() {
    switch (below(400)) {
      case 0:
        losing_pictures_ = static_cast<int>(1 + below(3));
        break;
      case 1:
        losing_pictures_ = static_cast<int>(1 + below(200));
        break;
      case 2:
        losing_sound_ = static_cast<int>(1 + below(60));
        break;
      case 3:
        publisher_.options().first += static_cast<std::int64_t>(below(1u << 30)) - (1 << 29);
        break;
      case 4:
        publisher_.options().gop = 1 + static_cast<int>(below(150));
        break;
      case 5:
        if (below(4) != 0) break;
        lose_source();
        pass(millis(static_cast<std::int64_t>(below(7'000))));
        publish_anew(publisher_.options());
        break;
      case 6:
        losing_sound_ = below(4) == 0 ? 400 : 0;
        break;
      case 7:
        publisher_.options().first += static_cast<std::int64_t>(below(180'000)) - 90'000;
        if (below(2) == 0) feed(publisher_.new_time_base());
        break;
      default:
        break;
    }
  }

  std::mt19937 random_;
  bool is_clean_;
  int losing_pictures_ = 0, losing_sound_ = 0;
};

TEST(RandomStreamsTest, NoRuleIsEverBroken) {
  for (unsigned seed = 1; seed <= kSeeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomStream stream(seed, false);
    stream.run(kFrames);
    // With GOPs of twelve seconds it takes its time.
    for (int more = 0; more < 4 && !stream.audience().has_seen_any(); ++more) stream.run(kFrames);
    EXPECT_TRUE(stream.audience().has_seen_any());
  }
}

// H-21, H-43
TEST(RandomStreamsTest, CleanOnesHaveNoDiscontinuityAndAddUp) {
  std::size_t deltas = 0;
  for (unsigned seed = 1; seed <= kSeeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomStream stream(seed, true);
    stream.run(kFrames);
    ASSERT_TRUE(stream.audience().has_seen_any());
    EXPECT_EQ(stream.stream().cut_counts().discontinuities, 0u);
    EXPECT_LE(stream.stream().cut_counts().samples_left_out, 9u);  // Sound that was before the first picture.
    const std::int64_t played = (stream.now() - kStart).count;
    RenditionAudience& video = stream.audience().of("v0");
    std::int64_t open = 0;
    for (const std::string& part : video.newest().open.parts) open += us_of(attribute_of(part, "DURATION"));
    const std::int64_t shown = video.length_us() + open;
    EXPECT_LE(shown, played + stream.frame_us());
    EXPECT_GE(shown, played - 250'000 - stream.frame_us());  // The part that is being filled.
    const auto& renditions = stream.audience().last().renditions;
    EXPECT_LE(renditions[0]->edge.msn - renditions[1]->edge.msn, 1u);  // H-18
    deltas += video.deltas();
  }
  EXPECT_GT(deltas, 500u) << "as long as most windows are, something can be skipped";
}

}  // namespace
}  // namespace fanlight::packager
