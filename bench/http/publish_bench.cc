// What a part costs the thread that packages: a stream of pictures and sound whose window is full, and of each part
// from when it is cut to when all that players may ask for is published, by the thread's own CPU clock. And what it
// costs whoever is the first to ask for a whole playlist, or for the MPD. Segments are all of a length, or no two
// neighbours are.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "http/this_host.h"
#include "live/publication.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kPartsEach = 5;
constexpr std::int64_t kPartTicks = 18'000;  // 90 kHz.
constexpr WallTime kWallStart{1'795'718'400'000'000};

TrackFormat pictures() {
  return {.codec = Codec::kH264,
          .name = "avc1.64001f",
          .record = std::vector<std::byte>(40),
          .media = PictureFormat{.width = 1'280, .height = 720, .rate = FrameRate{30, 1}}};
}
TrackFormat sound() {
  return {.codec = Codec::kAac,
          .name = "mp4a.40.2",
          .record = {std::byte{0x11}, std::byte{0x90}},
          .media = SoundFormat{.sample_rate = 48'000, .channels = 2, .samples_per_frame = 1'024}};
}

class Growing {
 public:
  Growing(std::size_t segments, bool is_even)
      : is_even_(is_even), publication_({.name = "live/main", .bytes_max = kNoBound}) {
    for (const TrackFormat& format : formats_)
      renditions_.push_back(&publication_.add({.folder = format.is_video() ? "v0" : "a0",
                                               .is_video = format.is_video(),
                                               .timescale = format.timescale(),
                                               .low_latency = {millis(200), millis(600)},
                                               .window = seconds(static_cast<std::int64_t>(segments)),
                                               .bytes_max = kNoBound,
                                               .segments_max = 2 * segments},
                                              renditions_.size()));
    for (std::size_t i = 0; i < 2 * (segments + 10) * kPartsEach; ++i) {
      add_part();
      if (i % 1'000 == 0) publish();
      publication_.evict(now_);
    }
    publish();
  }
  void add_part() {
    const std::size_t at = parts_++ % kPartsEach;
    const std::int64_t ticks =
        at > 0 || is_even_ ? kPartTicks : kPartTicks - static_cast<std::int64_t>(msn_ * 7 % 11) * 1'500;
    for (std::size_t i = 0; i < formats_.size(); ++i) {
      const std::uint32_t timescale = formats_[i].timescale();
      const std::int64_t begins = rescale(at_, 90'000, timescale), ends = rescale(at_ + ticks, 90'000, timescale);
      CutPart part{.msn = msn_, .begins_segment = at == 0, .ends_segment = at + 1 == kPartsEach, .samples = {}};
      part.samples.push_back({.bytes = std::vector<std::byte>(64),
                              .timescale = timescale,
                              .decode_time = begins,
                              .presentation_time = begins,
                              .duration = static_cast<std::uint32_t>(ends - begins),
                              .is_independent = at == 0 || i > 0});
      renditions_[i]->rendition.take(part, formats_[i], kWallStart + Micros{at_ * 100 / 9}, seconds(1));
      renditions_[i]->has_changed = true;
    }
    at_ += ticks;
    now_ = now_ + Micros{ticks * 100 / 9};
    msn_ += at + 1 == kPartsEach ? 1 : 0;
  }
  void publish() {
    publication_.evict(now_);
    if (auto fresh = publication_.publish(now_, kWallStart + Micros{at_ * 100 / 9})) newest_ = std::move(fresh);
  }
  [[nodiscard]] const StreamSnapshot& newest() const { return *newest_; }

 private:
  static constexpr std::uint64_t kNoBound = ~std::uint64_t{0} >> 1;
  bool is_even_;
  std::array<TrackFormat, 2> formats_ = {pictures(), sound()};
  Publication publication_;
  std::vector<PublishedRendition*> renditions_;
  std::size_t parts_ = 0;
  std::uint64_t msn_ = 0;
  std::int64_t at_ = 900'000;
  Instant now_{1'000'000'000};
  std::shared_ptr<const StreamSnapshot> newest_;
};

struct Times {
  std::vector<double> us;
  template <class Work>
  void measure(Work&& work) {
    const double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    work();
    us.push_back((seconds_of(CLOCK_THREAD_CPUTIME_ID) - began) * 1e6);
  }
  [[nodiscard]] double at(double share) {
    std::ranges::sort(us);
    return us[static_cast<std::size_t>(share * static_cast<double>(us.size() - 1))];
  }
};

nlohmann::ordered_json measured(std::size_t segments, bool is_even, int parts) {
  Growing stream(segments, is_even);
  Times part, whole, mpd;
  for (int i = 0; i < parts; ++i) {
    stream.add_part();
    part.measure([&] { stream.publish(); });
    whole.measure([&] { (void)stream.newest().renditions.front()->playlist.get().gzip.size(); });
    mpd.measure([&] { (void)stream.newest().mpd.get().gzip.size(); });
  }
  const std::size_t bytes = stream.newest().renditions.front()->playlist.get().plain.size();
  std::printf(
      "%5zu segments%s  a part: p50 %8.1f us  p99 %8.1f us  most %8.1f us;  a whole playlist of %zu bytes %8.1f us, "
      "the MPD %8.1f us (most)\n",
      segments, is_even ? "        " : ", uneven", part.at(0.5), part.at(0.99), part.at(1), bytes, whole.at(0.5),
      mpd.at(1));
  return {{"segments", segments}, {"even", is_even},         {"p50_us", part.at(0.5)},    {"p99_us", part.at(0.99)},
          {"max_us", part.at(1)}, {"playlist_bytes", bytes}, {"whole_us", whole.at(0.5)}, {"mpd_us", mpd.at(1)}};
}

}  // namespace
}  // namespace fanlight::packager

int main(int argc, char** argv) {
  CLI::App app("What a part costs to publish, by how many segments the window has; the last line is JSON.",
               "publish_bench");
  int parts = 500;
  std::vector<std::size_t> windows = {10, 100, 1'200, 3'600, 7'200};
  app.add_option("--parts", parts, "That are published with a full window (default 500)")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--segments", windows, "Windows (default 10, 100, 1200, 3600 and 7200)")
      ->check(CLI::Range(6, 100'000));
  CLI11_PARSE(app, argc, argv);
  auto rows = nlohmann::ordered_json::array();
  for (const bool is_even : {true, false})
    for (const std::size_t segments : windows) rows.push_back(fanlight::packager::measured(segments, is_even, parts));
  std::printf("%s\n", nlohmann::ordered_json{{"publications", rows}}.dump().c_str());
  return 0;
}
