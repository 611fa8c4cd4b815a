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

}  // namespace
}  // namespace fanlight::packager
