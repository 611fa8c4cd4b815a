#include "media/sound_track.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

// A codec whose PES packets are one frame each, at the rate that the test says.
class OneFrame {
 public:
  explicit OneFrame(const std::uint32_t& rate) : rate_(&rate) {}

  void handle_gap() {}
  void handle_pes(ByteSpan, std::optional<std::int64_t> pts_90k) { pts_ = pts_90k; }
  std::optional<SoundFrame> poll_frame() {
    if (!pts_) return std::nullopt;
    TrackFormat now{.codec = Codec::kAac, .name = "mp4a.40.2", .record = {}, .media = SoundFormat{*rate_, 2, 1024}};
    const bool is_new = format_ != now;
    format_ = std::move(now);
    return SoundFrame{
        .bytes = {}, .pts_90k = *std::exchange(pts_, std::nullopt), .samples = 1024, .has_new_format = is_new};
  }
  [[nodiscard]] const std::optional<TrackFormat>& format() const { return format_; }
  [[nodiscard]] const SoundCounts& counts() const { return counts_; }

 private:
  const std::uint32_t* rate_;
  std::optional<std::int64_t> pts_;
  std::optional<TrackFormat> format_;
  SoundCounts counts_;
};

class SoundTrackTest : public testing::Test {
 protected:
  // A frame where the one before ended.
  TimedSample play() {
    std::vector<TimedSample> done;
    track_.handle({.pid = 0, .pts = static_cast<std::int64_t>(pts_), .dts = {}, .packet = {}}, timeline_, done);
    pts_ += 1024.0 * kMediaClock / rate_;
    EXPECT_EQ(done.size(), 1u);
    return done.at(0);
  }
  static double seconds(const TimedSample& sample) {
    return static_cast<double>(sample.decode_time) / sample.timescale;
  }

  std::uint32_t rate_ = 48'000;
  SoundTrack<OneFrame> track_{OneFrame(rate_)};
  Timeline timeline_;
  double pts_ = 500'000;
};

// In either direction, however long it has played: nothing jumps.
TEST_F(SoundTrackTest, AnotherSamplingRateGoesOnWhereTheOneBeforeEnded) {
  TimedSample before = play();
  for (const std::uint32_t rate : {48'000u, 44'100u, 8'000u, 48'000u, 96'000u}) {
    const double frame = 1024.0 / std::exchange(rate_, rate);
    const TimedSample first = play();
    EXPECT_NEAR(seconds(first), seconds(before) + frame, 0.002) << rate;
    for (int i = 0; i < 500; ++i) before = play();
    EXPECT_NEAR(seconds(before), seconds(first) + 500 * 1024.0 / rate, 0.01) << rate;
    EXPECT_EQ(before.epoch, 0u);
  }
  EXPECT_EQ(track_.steps(), 0u);
}

TEST_F(SoundTrackTest, FramesForATimeThatItHasHadAreLeftOutBehindAJump) {
  Timeline::Cursor pictures;
  timeline_.place(pictures, 500'000, 3'600);
  TimedSample before = play();
  for (int i = 0; i < 40; ++i) before = play();
  timeline_.place(pictures, 503'600, 3'600);  // Sound is sent early, but for the first of the new clock.
  timeline_.place(pictures, 9'500'000, 3'600);
  std::vector<TimedSample> done;
  int frames = 0;
  for (std::int64_t pts = 9'500'000; done.empty(); pts += 1'920, ++frames)
    track_.handle({.pid = 0, .pts = pts, .dts = {}, .packet = {}}, timeline_, done);
  EXPECT_EQ(done.front().epoch, 1u);
  EXPECT_GE(done.front().decode_time, before.decode_time + 1'024 - 512);
  EXPECT_EQ(track_.take_overlapping(), static_cast<std::uint64_t>(frames - 1));
  EXPECT_GT(frames, 1);
}

}  // namespace
}  // namespace fanlight::packager
