// Random requests against a stream that grows: nobody is given what is older than what was asked for, and everybody is
// answered or dropped once.
#include <random>

#include "origin/origin.h"
#include "origin/test_show.h"

namespace fanlight::packager {
namespace {

class Crowd {
 public:
  explicit Crowd(unsigned seed) : random_(seed) {
    show_.add_segment(4);
    rig_.publish(show_);
  }

  void run() {
    for (int step = 0; step < 2'000; ++step) act();
    show_.close_segment();
    show_.end();
    rig_.publish(show_);
    rig_.settle();
    rig_.pass(seconds(6));
    for (const auto& [request, wanted] : open_) EXPECT_EQ(rig_.answer(request).count, 1) << request;
    for (const std::uint64_t request : dropped_) EXPECT_EQ(rig_.answer(request).count, 0) << request;
    for (const auto& [request, wanted] : open_) check(request, wanted);
    EXPECT_EQ(rig_.origin.counters().waiting.get(), 0);
    EXPECT_EQ(rig_.origin.next_deadline(), Instant::never());
    EXPECT_GT(fresh_, 100);
  }

 private:
  struct Wanted {
    PartPlace place{};
    bool is_playlist = false;
  };

  std::uint64_t up_to(std::uint64_t most) { return random_() % (most + 1); }

  void act() {
    switch (up_to(9)) {
      case 0:
      case 1:
        grow();
        break;
      case 2:
        rig_.pass(millis(static_cast<std::int64_t>(up_to(400))));
        break;
      case 3:
        drop();
        break;
      default:
        ask();
    }
  }
  void grow() {
    show_.add_part();
    if (show_.next().part >= 2 + up_to(4)) show_.close_segment();
    rig_.publish(show_);
    if (up_to(2) != 0) rig_.settle();  // Else two publications are seen as one.
  }
  void ask() {
    const PartPlace near = show_.next();
    PartPlace place{near.msn + up_to(2) - std::min<std::uint64_t>(near.msn, up_to(1)), up_to(7)};
    const bool is_playlist = up_to(1) == 0;
    if (is_playlist && up_to(3) == 0) place.part = kWhole;
    const std::uint64_t request = is_playlist ? reload(place) : rig_.ask(part_path(place));
    open_.emplace_back(request, Wanted{place, is_playlist});
  }
  std::uint64_t reload(PartPlace place) {
    std::string query = "_HLS_msn=" + std::to_string(place.msn);
    if (place.part != kWhole) query += "&_HLS_part=" + std::to_string(place.part);
    return rig_.ask(kPlaylist, {.query = query});
  }
  void drop() {
    if (open_.empty()) return;
    const std::uint64_t request = open_[up_to(open_.size() - 1)].first;
    if (rig_.is_answered(request)) return;
    rig_.origin.handle_gone({.connection = 1, .stream = request});
    dropped_.push_back(request);
    std::erase_if(open_, [&](const auto& one) { return one.first == request; });
  }

  void check(std::uint64_t request, const Wanted& wanted) {
    if (rig_.response(request).status != 200) return;
    ++fresh_;
    if (wanted.is_playlist) return check_playlist(rig_.body(request), wanted.place);
    EXPECT_EQ(rig_.body(request), part_text("v0", wanted.place));
  }
  // "v0 from 0 to 12.3 whole": ends with what was asked for, or later.
  void check_playlist(const std::string& text, PartPlace wanted) {
    unsigned long long msn = 0, part = 0;
    ASSERT_EQ(std::sscanf(text.c_str(), "v0 from 0 to %llu.%llu", &msn, &part), 2) << text;
    const bool is_whole = text.find("whole") != std::string::npos, has_ended = text.find("ended") != std::string::npos;
    if (has_ended || msn > wanted.msn) return;
    EXPECT_EQ(msn, wanted.msn) << text;
    EXPECT_TRUE(wanted.part == kWhole ? is_whole : part >= wanted.part) << text << ", asked for part " << wanted.part;
  }

  std::mt19937 random_;
  OriginRig rig_;
  Show show_;
  std::vector<std::pair<std::uint64_t, Wanted>> open_;
  std::vector<std::uint64_t> dropped_;
  int fresh_ = 0;
};

TEST(OriginPropertyTest, NobodyIsGivenWhatIsOlderAndEverybodyIsAnsweredOnce) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Crowd(seed).run();
  }
}

}  // namespace
}  // namespace fanlight::packager
