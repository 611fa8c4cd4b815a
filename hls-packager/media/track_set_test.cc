#include "media/track_set.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>

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
  void feed_tables() { feed_map({{0x1B, kVideo}, {0x0F, kSound}, {0x0F, kOther}}); }
  // Of pictures and of one sound, with what is said of it.
  void feed_map(std::uint8_t type, const std::string& descriptors) {
    feed_map({{0x1B, kVideo}, {type, kSound, from_hex(descriptors)}});
  }
  void feed_map(const std::vector<test::Track>& tracks) {
    feed(table_packet(0, tables_, program_section(1, kMap)));
    feed(table_packet(kMap, tables_, map_section(1, tracks, tables_ & 31)));
    ++tables_;
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
  feed_map(0x06, "6a0100");
  feed_map(0x06, "6a0100520101");
  EXPECT_EQ(set_.tracks().size(), 2u);
  EXPECT_TRUE(set_.tracks()[1].is_mapped);
  feed_map(0x06, "05044f7075737f028002");
  EXPECT_EQ(set_.tracks().size(), 3u) << "of another codec";
  EXPECT_FALSE(set_.tracks()[1].is_mapped);
}

TEST_F(TrackSetTest, SoundGoesOnInAnotherLanguage) {
  for (const std::uint8_t type : {std::uint8_t{0x0F}, std::uint8_t{0x06}}) {
    const std::string codec = type == 0x06 ? "6a0100" : "";
    feed_map(type, codec + "0a04756e6400");
    const std::size_t tracks = set_.tracks().size();
    const TrackSet::Track& sound = set_.tracks().back();
    EXPECT_EQ(sound.language, "und");
    for (const auto& [descriptor, language, describes] : {std::tuple{"0a0464657500", "deu", false},
                                                          {"", "deu", false},
                                                          {"0a04756e6400", "deu", false},
                                                          {"0a04656e6703", "eng", true},
                                                          {"", "eng", true},
                                                          {"0a04656e6700", "eng", false}}) {
      feed_map(type, codec + descriptor);
      EXPECT_EQ(sound.language, language) << descriptor;
      EXPECT_EQ(sound.describes_video, describes) << descriptor;
    }
    EXPECT_EQ(set_.tracks().size(), tracks);
  }
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
