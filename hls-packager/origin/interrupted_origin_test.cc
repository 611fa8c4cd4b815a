// What is asked of a stream while its publisher goes and returns: hints in playlists are true, or answered at once.
#include <gtest/gtest.h>

#include "live/test_live_stage.h"
#include "origin/test_show.h"

namespace fanlight::packager {
namespace {

// A publisher, a stream, and the origin that serves it.
class InterruptedOriginTest : public test::LiveStage, public testing::TestWithParam<int> {
 protected:
  InterruptedOriginTest() : LiveStage({}, {.name = "live/main"}) {}

  void serve() {
    if (!audience_.has_seen_any()) return;
    rig_.now = now();
    rig_.published.publish(std::make_shared<const StreamSnapshot>(audience_.last()), now());
    rig_.settle();
  }
  void play_served(Micros span) {
    for (Micros played{}; played < span; played = played + millis(20)) {
      play(millis(20));
      serve();
    }
  }
  [[nodiscard]] std::uint64_t ask_hint(const std::string& folder) {
    const std::string hint =
        test::attribute_of(test::line_with(audience_.of(folder).newest().tail, "#EXT-X-PRELOAD-HINT:TYPE=PART"), "URI");
    return rig_.ask("/live/live/main/" + folder + "/" + hint);
  }

  OriginRig rig_;
};

TEST_P(InterruptedOriginTest, HintsAreTrueOrAnsweredAtOnce) {  // H-16, H-51
  play_served(millis(8'000 + GetParam()));
  const std::vector<std::uint64_t> before{ask_hint("v0"), ask_hint("a0")};
  lose_source();
  serve();
  // Of the part that was under way there is what had come, or nothing.
  for (const std::uint64_t request : before) {
    if (rig_.is_answered(request)) continue;
    EXPECT_EQ(GetParam() % 1'000 % 200, 0) << "it has not begun, and is the next segment's first";
  }
  const std::vector<std::uint64_t> hinted{ask_hint("v0"), ask_hint("a0")};
  for (const std::uint64_t request : hinted) EXPECT_FALSE(rig_.is_answered(request)) << rig_.response(request).status;
  pass(seconds(4));
  publish_anew({.first = 123'456'789});
  play_served(millis(1'500));
  for (const std::uint64_t request : before) EXPECT_TRUE(rig_.is_answered(request));
  for (const std::uint64_t request : hinted) EXPECT_EQ(rig_.response(request).status, 200);
  EXPECT_EQ(rig_.origin.counters().waiting.get(), 0);
}
// At all places of a segment and of a part; at the first the sound has nothing of the segment that the pictures have.
INSTANTIATE_TEST_SUITE_P(All, InterruptedOriginTest, testing::Values(0, 20, 40, 60, 150, 220, 330, 480, 750, 810));

}  // namespace
}  // namespace fanlight::packager
