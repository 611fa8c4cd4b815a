#include "media/track_set.h"

#include <gtest/gtest.h>

#include <map>

#include "codec/aac_fixture.h"
#include "codec/bits_fixture.h"
#include "codec/h264_fixture.h"
#include "ts/test_ts.h"

namespace fanlight::packager {
namespace {

using namespace test;

constexpr std::uint16_t kVideo = 0x100, kSound = 0x101, kOther = 0x102, kMap = 0x1000;

class TrackSetTest : public testing::Test {
 protected:
  void feed_tables() {
    feed(table_packet(0, tables_, program_section(1, kMap)));
    feed(table_packet(kMap, tables_++, map_section(1, {{0x1B, kVideo}, {0x0F, kSound}, {0x0F, kOther}})));
    Bytes filler(184 * 3);
    feed(packets_of(0x1FFF, fillers_, filler));
  }
  void feed(const Bytes& bytes) { set_.handle(bytes, done_); }
  void feed_unit(std::uint16_t pid, std::int64_t dts, const Bytes& content) {
    const auto ticks = static_cast<std::uint64_t>(dts) & 0x1'FFFF'FFFF;
    Bytes pes = pes_of(ticks, ticks, content.size(), pid != kVideo);
    std::copy(content.begin(), content.end(), pes.end() - static_cast<std::ptrdiff_t>(content.size()));
    feed(packets_of(pid, counters_[pid], pes));
  }
  // 25 pictures a second, and as many frames of sound; the other's clock is `ahead`.
  void play(int frames, std::int64_t ahead) {
    for (int i = 0; i < frames; ++i, at_ += 3600) {
      feed_unit(kVideo, at_, from_hex(at_ % 90'000 == 0 ? kH264BaseIdr : kH264BaseNext));
      feed_unit(kSound, at_, sound_);
      feed_unit(kOther, at_ + ahead, sound_);
    }
  }
  static Bytes first_frame() {
    Bytes stream = from_hex(kAac48);
    stream.resize((std::to_integer<std::size_t>(stream[3]) & 3) << 11 | std::to_integer<std::size_t>(stream[4]) << 3 |
                  std::to_integer<std::size_t>(stream[5]) >> 5);
    return stream;
  }
  [[nodiscard]] std::size_t samples_of(std::size_t track) const {
    return static_cast<std::size_t>(
        std::count_if(done_.begin(), done_.end(), [&](const TrackSample& one) { return one.track == track; }));
  }

  TrackSet set_{{}};
  std::vector<TrackSample> done_;
  std::map<std::uint16_t, unsigned> counters_;
  unsigned tables_ = 0, fillers_ = 0;
  std::int64_t at_ = 900'000;
  const Bytes sound_ = first_frame();
};

TEST_F(TrackSetTest, SoundGoesOnWhereItsDescriptorsAreMore) {
  const auto feed_map = [&](const char* descriptors) {
    feed(table_packet(0, tables_, program_section(1, kMap)));
    const Bytes section = map_section(1, {{0x1B, kVideo}, {0x06, kSound, from_hex(descriptors)}}, tables_ & 31);
    feed(table_packet(kMap, tables_++, section));
  };
  feed_map("6a0100");
  feed_map("6a0100520101");
  EXPECT_EQ(set_.tracks().size(), 2u);
  EXPECT_TRUE(set_.tracks()[1].is_mapped);
  feed_map("6a01000a046465750052010a");
  EXPECT_EQ(set_.tracks().size(), 3u) << "of another language";
  EXPECT_FALSE(set_.tracks()[1].is_mapped);
  feed_map("6a01000a046465750352010a");
  EXPECT_EQ(set_.tracks().size(), 4u) << "for who does not see";
  EXPECT_FALSE(set_.tracks()[2].is_mapped);
}

TEST_F(TrackSetTest, SoundWithAnotherClockIsRefusedForGood) {
  feed_tables();
  play(200, 5000 * 90'000);
  EXPECT_EQ(set_.timeline().jumps(), 0u);
  EXPECT_GE(samples_of(1), 199u);
  EXPECT_EQ(samples_of(2), 0u);
  EXPECT_EQ(set_.refused(), 1u);
  EXPECT_EQ(set_.refused_newest(), "PID 258, its clock is not the program's");
  play(200, 0);
  EXPECT_EQ(samples_of(2), 0u);
}

TEST_F(TrackSetTest, SoundThatIsEarlyAtAJumpIsNot) {
  feed_tables();
  play(25, 5000 * 90'000);
  at_ += 5000 * 90'000;
  play(25, 0);
  EXPECT_EQ(set_.timeline().jumps(), 1u);
  EXPECT_GE(samples_of(2), 24u);
  EXPECT_EQ(set_.refused(), 0u);
}

// What pictures are apart across a jump is no distance of pictures.
TEST_F(TrackSetTest, WhereSoundIsLongerThanPicturesAJumpIsNoStepBack) {
  feed_tables();
  play(50, 0);
  for (int i = 0; i < 15; ++i) feed_unit(kSound, at_ + i * 3600, sound_);
  at_ = 900'000;
  play(50, 0);
  EXPECT_EQ(set_.timeline().jumps(), 1u);
  EXPECT_EQ(set_.timeline().steps_back(), 0u);
}

}  // namespace
}  // namespace fanlight::packager
