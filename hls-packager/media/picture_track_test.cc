#include "media/picture_track.h"

#include <gtest/gtest.h>

#include "codec/bits_fixture.h"
#include "codec/h264_fixture.h"
#include "codec/h265_fixture.h"

namespace fanlight::packager {
namespace {

constexpr std::int64_t kFirst = 900'000;

// Frames of 128 x 144, in slices that begin at any macroblock; complete as far as anybody here reads.
Bytes sets() {
  TestBits sps, pps;
  sps.bits(0x67, 8).bits(77, 8).bits(0, 8).bits(30, 8).ue(0).ue(0).ue(0).ue(4).ue(1).bits(0, 1);
  sps.ue(7).ue(8).bits(1, 1).bits(1, 1).bits(0, 1).bits(0, 1);
  return annex_b({escaped(sps.finish()), escaped(pps.bits(0x68, 8).ue(0).ue(0).bits(0, 8).finish())});
}
Bytes slice(unsigned picture, unsigned macroblock) {
  TestBits bits;
  bits.bits(picture == 0 ? 0x65 : 0x41, 8).ue(macroblock).ue(7).ue(0).bits(picture & 15, 4);
  if (picture == 0) bits.ue(0);
  return annex_b({escaped(bits.bits(picture * 2 & 255, 8).bits(0x5A5A, 16).finish())});
}
const Bytes kDelimiter = from_hex("0000000109f0");

using Waits = PictureTrack::Waits;

class PictureTrackTest : public testing::Test {
 protected:
  void play(const Bytes& content, std::optional<std::int64_t> dts, bool is_after_loss = false) {
    track_.handle({.pid = 0, .pts = dts, .dts = dts, .packet = {{}, content, is_after_loss}}, timeline_, done_);
  }
  // Its parameter sets say 25 a second.
  void play(bool is_idr, std::optional<std::int64_t> dts, bool is_after_loss = false) {
    play(from_hex(is_idr ? kH264BaseIdr : kH264BaseNext), dts, is_after_loss);
  }
  // Where they are decoded, from the first on.
  [[nodiscard]] std::vector<std::int64_t> places() const {
    std::vector<std::int64_t> places;
    for (const TimedSample& sample : done_) places.push_back(sample.decode_time - done_.front().decode_time);
    return places;
  }
  static std::vector<std::int64_t> evenly(std::int64_t ticks, std::size_t count) {
    std::vector<std::int64_t> places;
    for (std::size_t i = 0; i < count; ++i) places.push_back(static_cast<std::int64_t>(i) * ticks);
    return places;
  }

  PictureTrack track_{H264Pictures()};
  Timeline timeline_;
  std::vector<TimedSample> done_;
};

// ISO/IEC 13818-1 §2.7.4 asks for a time each 0.7 s.
TEST_F(PictureTrackTest, PicturesWithoutATimeKeepTheRateOfTheirParameterSets) {
  for (int i = 0; i < 100; ++i) play(i % 25 == 0, i % 12 == 0 ? std::optional(kFirst + i * 3600) : std::nullopt);
  EXPECT_EQ(places(), evenly(3600, 100));
  EXPECT_EQ(track_.counts().out_of_order, 0u);
  EXPECT_EQ(timeline_.jumps() + timeline_.steps_back(), 0u);
}

// Of fifty a second, and of ten: the first stretch goes by what the sets say, the others by what was seen.
TEST_F(PictureTrackTest, TheDistanceIsWhatTheTimesSayForAllPicturesBetween) {
  for (const std::int64_t ticks : {1800, 9000}) {
    track_ = PictureTrack(H264Pictures());
    timeline_ = {};
    done_.clear();
    for (int i = 0; i < 60; ++i) play(i == 0, i % 6 == 0 ? std::optional(kFirst + i * ticks) : std::nullopt);
    std::vector<std::int64_t> got = places(), wanted = evenly(ticks, 60);
    ASSERT_EQ(got.size(), wanted.size());
    EXPECT_EQ(std::vector(got.begin() + 12, got.end()), std::vector(wanted.begin() + 12, wanted.end())) << ticks;
    EXPECT_EQ(timeline_.jumps(), 0u) << ticks;
  }
}

TEST_F(PictureTrackTest, NoDistanceIsLearntWherePicturesAreMissing) {
  for (int i = 0; i < 60; ++i) {
    if (i > 24 && i < 34) continue;
    play(i == 0, i % 6 == 0 ? std::optional(kFirst + i * 3600) : std::nullopt, i == 34);
  }
  ASSERT_EQ(done_.size(), 51u);
  EXPECT_EQ(places()[25], 25 * 3600) << "nobody knows how many are missing, until the next one with a time";
  for (std::size_t i = 27; i < 51; ++i) EXPECT_EQ(places()[i], static_cast<std::int64_t>(i + 9) * 3600);
}

TEST_F(PictureTrackTest, WhatCannotBeShownYetTellsTheTimeOfWhatCan) {
  play(false, std::nullopt);
  play(true, std::nullopt);
  EXPECT_TRUE(done_.empty()) << "no time has come yet";
  play(false, kFirst);
  play(false, std::nullopt);
  play(true, std::nullopt);
  play(false, kFirst + 3 * 3600);
  ASSERT_EQ(done_.size(), 2u);
  EXPECT_NEAR(static_cast<double>(places()[1]), 3600, 1800);
  EXPECT_EQ(track_.counts().before_first, 4u);
  EXPECT_EQ(timeline_.jumps(), 0u);
}

// As of encoders that pack two pictures, and of those that send fields so.
TEST_F(PictureTrackTest, OfTwoPicturesInAPacketEachIsASample) {
  for (const Bytes& between : {Bytes{}, kDelimiter, from_hex("000001060000")}) {
    track_ = PictureTrack(H264Pictures());
    timeline_ = {};
    done_.clear();
    for (unsigned i = 0; i < 20; i += 2)
      play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0), between, slice(i + 1, 0)}), kFirst + i * 1800);
    track_.finish(timeline_, done_);
    ASSERT_EQ(done_.size(), 20u);
    for (std::size_t i = 4; i < 20; ++i) {
      EXPECT_EQ(places()[i], static_cast<std::int64_t>(i) * 1800);
      EXPECT_FALSE(done_[i].is_independent);
    }
    EXPECT_EQ(track_.counts().unreadable, 0u);
  }
}

TEST_F(PictureTrackTest, SlicesInPacketsOfTheirOwnAreOnePicture) {
  track_ = PictureTrack(H264Pictures(), Waits::kAtFirst);
  for (unsigned i = 0; i < 20; ++i) {
    play(joined({kDelimiter, i == 0 ? sets() : Bytes{}, slice(i, 0)}), kFirst + i * 3600);
    play(slice(i, 20), std::nullopt);
    play(slice(i, 40), kFirst + i * 3600);
    EXPECT_EQ(done_.size(), i) << "whole when the next one begins";
  }
  track_.finish(timeline_, done_);
  EXPECT_EQ(places(), evenly(3600, 20));
  for (unsigned i = 1; i < 20; ++i) {
    Bytes wanted = joined({slice(i, 0), slice(i, 20), slice(i, 40)});
    EXPECT_EQ(done_[i].bytes.size(), wanted.size()) << "start codes of four bytes are lengths of four";
  }
  EXPECT_EQ(track_.counts().unreadable, 0u);
}

TEST_F(PictureTrackTest, APictureWithoutAllItsSlicesIsNone) {
  track_ = PictureTrack(H264Pictures(), Waits::kAtFirst);
  for (unsigned i = 0; i < 9; ++i) {
    play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0)}), kFirst + i * 3600);
    if (i != 5) play(slice(i, 20), std::nullopt, i == 3);  // Of 3 something is missing in front of it.
  }
  play(slice(9, 20), std::nullopt, true);
  track_.finish(timeline_, done_);
  EXPECT_EQ(done_.size(), 7u) << "nobody can tell of 5, and 8 and 9 are torn by the last";
  EXPECT_EQ(track_.counts().unreadable, 3u);
}

TEST_F(PictureTrackTest, PicturesOfH265AreTakenApartAndJoinedAlike) {
  track_ = PictureTrack(H265Pictures(), Waits::kAtFirst);
  const Bytes idr = from_hex(kH265MainIdr), next = from_hex(kH265MainNext);
  const Bytes more_of_idr = from_hex("0000000128012f5a5a"), more = from_hex("000000010201505a5a");
  play(joined({idr, next, next}), kFirst);
  play(more, std::nullopt);
  EXPECT_EQ(done_.size(), 2u);
  play(joined({idr, more_of_idr}), kFirst + 3 * 3000);
  play(joined({more_of_idr, next, more}), kFirst + 4 * 3000);
  track_.finish(timeline_, done_);
  ASSERT_EQ(done_.size(), 5u);
  EXPECT_EQ(places(), evenly(3000, 5));
  EXPECT_EQ(done_[2].bytes.size(), done_[1].bytes.size() + more.size());
  EXPECT_EQ(done_[3].bytes.size(), done_[0].bytes.size() + 2 * more_of_idr.size());
  EXPECT_TRUE(done_[3].is_independent);
  EXPECT_FALSE(done_[4].is_independent);
  EXPECT_EQ(track_.counts().unreadable, 0u);
}

// Where every PES packet is a picture, none waits for the next.
TEST_F(PictureTrackTest, AWholePictureIsThereAtOnce) {
  for (unsigned i = 0; i < 20; ++i) {
    play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0), slice(i, 20)}), kFirst + i * 3600);
    EXPECT_EQ(done_.size(), i + 1);
  }
}

TEST_F(PictureTrackTest, WhatGoesOnLateHasBeenHandedOverOnce) {
  for (unsigned i = 0; i < 4; ++i) play(joined({i == 0 ? sets() : Bytes{}, slice(i, 0)}), kFirst + i * 3600);
  play(slice(3, 20), std::nullopt);
  play(slice(3, 40), std::nullopt);
  EXPECT_EQ(track_.counts().unreadable, 1u);
  EXPECT_EQ(done_.size(), 4u);
  play(slice(4, 0), kFirst + 4 * 3600);
  EXPECT_EQ(done_.size(), 4u);
  play(slice(4, 20), std::nullopt);
  play(slice(5, 0), kFirst + 5 * 3600);
  EXPECT_EQ(done_.size(), 5u);
}

// What the track makes of a stream; each of its packets begins with the delimiter of a picture, or with what `cut`
// says.
class CutPicturesTest : public PictureTrackTest {
 protected:
  struct Packet {
    Bytes content;
    std::optional<std::int64_t> dts{};
    bool is_after_loss = false;
  };
  using Codec = PictureTrack::Codec;

  static std::vector<Packet> h264() {
    std::vector<Packet> packets;
    for (unsigned i = 0; i < 4; ++i)
      packets.push_back({joined({kDelimiter, i == 0 ? sets() : Bytes{}, from_hex("000000010605021122800000"),
                                 slice(i, 0), slice(i, 20), from_hex("000000010cff80")}),
                         kFirst + i * 3600});
    return packets;
  }
  static std::vector<Packet> h265() {
    const Bytes delimiter = from_hex("00000001460150"), suffix = from_hex("0000000150018401aa80");
    std::vector<Packet> packets;
    for (unsigned i = 0; i < 4; ++i)
      packets.push_back({joined({delimiter, from_hex(i == 0 ? kH265MainIdr : kH265MainNext),
                                 from_hex(i == 0 ? "0000000128012f5a5a" : "000000010201505a000003005a"), suffix}),
                         kFirst + i * 3600});
    return packets;
  }
  // Each into two, at the same place; into many when it is zero.
  static std::vector<Packet> cut(const std::vector<Packet>& whole, std::size_t at, std::size_t each = 0) {
    std::vector<Packet> packets;
    for (const Packet& one : whole) {
      std::optional<std::int64_t> dts = one.dts;
      for (std::size_t from = 0; from < one.content.size(); dts.reset()) {
        const std::size_t size = each != 0 ? each : from == 0 ? at : one.content.size();
        const std::size_t to = std::min(from + size, one.content.size());
        packets.push_back({Bytes(one.content.begin() + static_cast<std::ptrdiff_t>(from),
                                 one.content.begin() + static_cast<std::ptrdiff_t>(to)),
                           dts});
        from = to;
      }
    }
    return packets;
  }
  std::vector<TimedSample> samples_of(const Codec& codec, const std::vector<Packet>& packets, Waits waits) {
    track_ = PictureTrack(codec, waits);
    timeline_ = {};
    done_.clear();
    for (const Packet& packet : packets) play(packet.content, packet.dts, packet.is_after_loss);
    track_.finish(timeline_, done_);
    return std::exchange(done_, {});
  }
  static void expect_same(const std::vector<TimedSample>& got, const std::vector<TimedSample>& wanted) {
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].bytes, wanted[i].bytes) << i;
      EXPECT_EQ(got[i].decode_time, wanted[i].decode_time) << i;
      EXPECT_EQ(got[i].is_independent, wanted[i].is_independent) << i;
    }
  }
  void cut_everywhere(const Codec& codec, const std::vector<Packet>& whole) {
    const std::vector<TimedSample> wanted = samples_of(codec, whole, Waits::kNever);
    ASSERT_EQ(wanted.size(), whole.size());
    for (const Waits waits : {Waits::kAtFirst, Waits::kAlways}) {
      for (std::size_t at = 1; at < whole.front().content.size(); ++at) {
        SCOPED_TRACE("cut at " + std::to_string(at));
        if (!begins_in_unit(cut(whole, at)[1].content)) continue;  // As slices in packets of their own.
        expect_same(samples_of(codec, cut(whole, at), waits), wanted);
        EXPECT_EQ(track_.counts().unreadable, 0u);
      }
      for (const std::size_t each : {1u, 2u, 3u, 7u}) {
        SCOPED_TRACE("each " + std::to_string(each));
        expect_same(samples_of(codec, cut(whole, 0, each), waits), wanted);
        EXPECT_EQ(track_.counts().unreadable, 0u);
      }
    }
  }
};

// ISO/IEC 13818-1 §2.4.3.7, data_alignment_indicator: nothing is promised without it.
TEST_F(CutPicturesTest, AreWholeWhereverTheyAreCut) {
  cut_everywhere(H264Pictures(), h264());
  cut_everywhere(H265Pictures(), h265());
}

// The stream as pieces of one size, each with the time of the first picture that begins in it.
TEST_F(CutPicturesTest, PacketsOfOneSizeNeedNotBeginWithAPicture) {
  Bytes all;
  std::vector<std::pair<std::size_t, std::int64_t>> begins;
  for (const Packet& packet : h264()) {
    begins.emplace_back(all.size(), *packet.dts);
    all = joined({all, packet.content});
  }
  const std::vector<TimedSample> wanted = samples_of(H264Pictures(), h264(), Waits::kNever);
  for (std::size_t size = 1; size < 90; ++size) {
    std::vector<Packet> packets;
    for (std::size_t from = 0; from < all.size(); from += size) {
      const auto to = std::min(from + size, all.size());
      Packet packet{
          Bytes(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to))};
      for (const auto& [at, dts] : begins)
        if (at >= from && at < to && !packet.dts) packet.dts = dts;
      packets.push_back(packet);
    }
    if (!begins_in_unit(packets[1].content)) continue;
    SCOPED_TRACE(size);
    const std::vector<TimedSample> got = samples_of(H264Pictures(), packets, Waits::kAlways);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].bytes, wanted[i].bytes) << i;
    EXPECT_EQ(track_.counts().unreadable, 0u);
    EXPECT_EQ(track_.counts().out_of_order, 0u);
  }
}

TEST_F(CutPicturesTest, ATimeThatIsSaidWithEachPieceIsOfOnePicture) {
  std::vector<Packet> packets = cut(h264(), 0, 20);
  std::optional<std::int64_t> dts;
  for (Packet& packet : packets) {
    if (packet.dts) dts = packet.dts;
    if (dts != kFirst + 3600) packet.dts = dts;
  }
  expect_same(samples_of(H264Pictures(), packets, Waits::kAtFirst), samples_of(H264Pictures(), h264(), Waits::kNever));
}

// The first one that is cut has been handed over; from the next on all are whole, a picture later.
TEST_F(CutPicturesTest, WhoDoesNotWaitLosesTheFirstThatIsCut) {
  const std::vector<Packet> whole = h264();
  const std::vector<TimedSample> wanted = samples_of(H264Pictures(), whole, Waits::kNever);
  std::vector<Packet> packets = cut(whole, 35);
  packets.erase(packets.begin(), packets.begin() + 2);
  packets.insert(packets.begin(), whole.front());
  const std::vector<TimedSample> got = samples_of(H264Pictures(), packets, Waits::kNever);
  ASSERT_EQ(got.size(), wanted.size());
  EXPECT_NE(got[1].bytes, wanted[1].bytes);
  for (const std::size_t i : {0u, 2u, 3u}) EXPECT_EQ(got[i].bytes, wanted[i].bytes) << i;
  EXPECT_EQ(track_.counts().unreadable, 1u);
}

// As VLC 2 sends them: cut where a length ends, and only those that are so large.
TEST_F(CutPicturesTest, APacketThatIsAsLongAsCanBeSaidWaitsForTheNext) {
  for (const std::size_t size : {65'000u, 64'999u}) {
    track_ = PictureTrack(H264Pictures());
    done_.clear();
    const ElementaryUnit unit{
        .pts = kFirst, .dts = kFirst, .packet = {{.packet_bytes = size}, joined({sets(), slice(0, 0)})}};
    track_.handle(unit, timeline_, done_);
    EXPECT_EQ(done_.size(), size == 65'000 ? 0u : 1u);
    play(slice(1, 0), kFirst + 3600);
    EXPECT_EQ(done_.size(), 2u);
  }
}

TEST_F(CutPicturesTest, WhatBelongsToNothingIsCounted) {
  play(from_hex("5a5a5a"), kFirst);
  EXPECT_EQ(track_.counts().unreadable, 0u) << "joined in its midst";
  play(from_hex("5a5a5a"), kFirst + 3600);
  EXPECT_EQ(track_.counts().unreadable, 1u);
  for (const Packet& packet : h264()) play(packet.content, *packet.dts + 7200);
  track_.finish(timeline_, done_);
  EXPECT_EQ(done_.size(), 4u);
  EXPECT_EQ(track_.counts().unreadable, 1u);
}

TEST_F(CutPicturesTest, OneThatLacksAPieceIsLeftOut) {
  const std::vector<TimedSample> wanted = samples_of(H264Pictures(), h264(), Waits::kNever);
  for (std::size_t lost = 1; lost < 12; ++lost) {
    std::vector<Packet> packets = cut(h264(), 0, h264()[2].content.size() / 3);
    if (packets[lost].dts) continue;  // With its first piece it is as if there had been none.
    packets.erase(packets.begin() + static_cast<std::ptrdiff_t>(lost));
    if (lost < packets.size()) packets[lost].is_after_loss = true;
    SCOPED_TRACE(lost);
    const std::vector<TimedSample> got = samples_of(H264Pictures(), packets, Waits::kAlways);
    for (const TimedSample& sample : got) {
      const auto is_it = [&](const TimedSample& one) { return one.bytes == sample.bytes; };
      EXPECT_TRUE(std::any_of(wanted.begin(), wanted.end(), is_it));
    }
  }
}

}  // namespace
}  // namespace fanlight::packager
