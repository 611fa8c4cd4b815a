#include "segment/presentation.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "codec/aac_fixture.h"
#include "codec/bits_fixture.h"
#include "codec/h264_fixture.h"
#include "ts/test_ts.h"

namespace fanlight::packager {
namespace {

using namespace test;

constexpr std::uint16_t kMap = 0x1000;

class PresentationTest : public testing::Test {
 protected:
  // A second of 25 pictures and as many frames of sound, with tables in front.
  void play(std::uint16_t video, std::uint16_t sound, int version, std::string_view idr = kH264BaseIdr,
            std::string_view next = kH264BaseNext) {
    feed(table_packet(0, tables_, program_section(1, kMap)));
    feed(table_packet(kMap, tables_++, map_section(1, {{0x1B, video}, {0x0F, sound}}, version)));
    for (int i = 0; i < 25; ++i, at_ += 3600) {
      feed_unit(video, from_hex(i == 0 ? idr : next), false);
      feed_unit(sound, sound_, true);
    }
  }
  void feed(const Bytes& bytes) { presentation_.handle(bytes, done_); }
  void feed_unit(std::uint16_t pid, const Bytes& content, bool is_sound) {
    const auto ticks = static_cast<std::uint64_t>(at_) & 0x1'FFFF'FFFF;
    Bytes pes = pes_of(ticks, ticks, content.size(), is_sound);
    std::copy(content.begin(), content.end(), pes.end() - static_cast<std::ptrdiff_t>(content.size()));
    feed(packets_of(pid, counters_[pid], pes));
  }
  // Of each line, over all segments.
  [[nodiscard]] std::vector<std::size_t> samples() const {
    std::vector<std::size_t> counts(presentation_.lines().size());
    for (const CutSegment& segment : done_) counts[segment.track] += segment.samples.size();
    return counts;
  }
  template <class Number>
  [[nodiscard]] std::set<Number> pictures_have(Number TimedSample::*what) const {
    std::set<Number> all;
    for (const CutSegment& segment : done_)
      if (presentation_.lines()[segment.track].is_video())
        for (const TimedSample& one : segment.samples) all.insert(one.*what);
    return all;
  }
  static Bytes first_frame() {
    Bytes stream = from_hex(kAac48);
    stream.resize((std::to_integer<std::size_t>(stream[3]) & 3) << 11 | std::to_integer<std::size_t>(stream[4]) << 3 |
                  std::to_integer<std::size_t>(stream[5]) >> 5);
    return stream;
  }

  Presentation presentation_{{.segment_ticks = kMediaClock}};
  std::vector<CutSegment> done_;
  std::map<std::uint16_t, unsigned> counters_;
  unsigned tables_ = 0;
  std::int64_t at_ = 900'000;
  const Bytes sound_ = first_frame();
};

TEST_F(PresentationTest, TracksThatAreNumberedAnewGoOnInTheirLines) {
  play(0x100, 0x101, 0);
  play(0x200, 0x201, 1);
  play(0x200, 0x201, 1);
  presentation_.finish(done_);
  EXPECT_EQ(samples(), (std::vector<std::size_t>{75, 75}));
  EXPECT_EQ(pictures_have(&TimedSample::epoch), (std::set<std::uint32_t>{0}));
  EXPECT_EQ(pictures_have(&TimedSample::format), (std::set<std::uint32_t>{0}));
  EXPECT_EQ(presentation_.lines()[0].tracks().size(), 2u);
}

TEST_F(PresentationTest, WhereTimesJumpWithTheNumbersItIsADiscontinuity) {
  play(0x100, 0x101, 0);
  at_ = 900'000;  // Not so far that tracks could not be apart.
  play(0x200, 0x201, 1);
  at_ = 900'000;
  play(0x100, 0x101, 2);
  presentation_.finish(done_);
  EXPECT_EQ(samples(), (std::vector<std::size_t>{75, 75}));
  EXPECT_EQ(pictures_have(&TimedSample::epoch), (std::set<std::uint32_t>{0, 1, 2}));
  std::int64_t end = 0;
  for (const CutSegment& segment : done_) {
    if (!presentation_.lines()[segment.track].is_video()) continue;
    for (const TimedSample& one : segment.samples) EXPECT_GT(one.decode_time, std::exchange(end, one.decode_time));
  }
}

TEST_F(PresentationTest, AnotherFormatOfPicturesHasAnotherNumberInTheSameLine) {
  play(0x100, 0x101, 0);
  play(0x200, 0x201, 1, kH264High10Idr, kH264High10Next);
  play(0x100, 0x101, 2);
  presentation_.finish(done_);
  EXPECT_EQ(samples(), (std::vector<std::size_t>{75, 75}));
  ASSERT_EQ(pictures_have(&TimedSample::format), (std::set<std::uint32_t>{0, 1}));
  const auto pictures = std::ranges::find_if(presentation_.lines(), &TrackLine::is_video);
  EXPECT_NE(pictures->format(0).record, pictures->format(1).record);
}

TEST_F(PresentationTest, TracksThatAreThereTogetherHaveALineEach) {
  play(0x100, 0x101, 0);
  feed(table_packet(0, tables_, program_section(1, kMap)));
  feed(table_packet(kMap, tables_++, map_section(1, {{0x1B, 0x100}, {0x0F, 0x101}, {0x0F, 0x102}}, 1)));
  for (int i = 0; i < 25; ++i, at_ += 3600) {
    feed_unit(0x100, from_hex(i == 0 ? kH264BaseIdr : kH264BaseNext), false);
    feed_unit(0x101, sound_, true);
    feed_unit(0x102, sound_, true);
  }
  presentation_.finish(done_);
  EXPECT_EQ(samples(), (std::vector<std::size_t>{50, 50, 25}));
}

}  // namespace
}  // namespace fanlight::packager
