// A publisher for tests: a transport stream of pictures and sound, frame by frame as time goes, with all that can go
// wrong with one.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/aac_fixture.h"
#include "codec/h264_fixture.h"
#include "codec/h265_fixture.h"
#include "live/live_stream.h"
#include "ts/test_splice.h"
#include "wire/test_bytes.h"

namespace fanlight::packager::test {

inline constexpr WallTime kWallStart{1'795'710'600'000'000};  // 2026-11-26T16:30:00Z
inline constexpr Instant kStart{1'000'000'000};

// A PES packet around `content`.
inline Bytes pes_around(std::uint64_t pts, std::uint64_t dts, const Bytes& content, bool is_sound) {
  Bytes pes = pes_of(pts & 0x1'FFFF'FFFF, dts & 0x1'FFFF'FFFF, content.size(), is_sound);
  std::copy(content.begin(), content.end(), pes.end() - static_cast<std::ptrdiff_t>(content.size()));
  return pes;
}

class Publisher {
 public:
  struct Options {
    bool has_video = true;
    bool has_sound = true;
    bool has_cues = false;
    bool has_mpeg2 = false;     // In the map alone.
    Bytes in_pictures{};        // Units in front of each picture's, with their start codes.
    Bytes video_descriptors{};  // In the map.
    std::int64_t frame_ticks = 3000;
    std::int64_t frame_ticks_of = 1;  // 23.976 frames a second: 15,015 ticks of 4 frames.
    std::int64_t grain = 1;           // Ticks that pictures' times are rounded to.
    int gop = 30;                     // In frames.
    std::int64_t first = 900'000;     // Its clock's first time.
    std::int64_t reorder = 0;         // Ticks from decoding to showing.
    int b_pictures = 0;               // Behind each picture that is not independent, and shown before it.
    std::size_t sound_frame = 0;      // Bytes of fixture frame to take; 0: of all.
    int sound_blocks = 1;             // As each ADTS header says.
    bool has_sound_times = true;      // PTS.
    Bytes sound_instead{};            // Of each frame.
    Bytes sound_descriptors{};        // In the map.
    // Another sound, in front of that one in the map; its frames come behind those of the same time. Empty: none.
    Bytes other_sound_descriptors{};
    std::int64_t other_sound_from = 0;  // Ticks; before it nothing comes of it.
  };
  explicit Publisher(const Options& options) : options_(options) { load_sound(); }

  [[nodiscard]] Bytes tables() {
    std::vector<Track> tracks;
    if (options_.has_video)
      tracks.push_back({is_hevc_ ? std::uint8_t{0x24} : std::uint8_t{0x1B}, video_, options_.video_descriptors});
    if (!options_.other_sound_descriptors.empty())
      tracks.push_back({0x0F, kOtherSound, options_.other_sound_descriptors});
    if (options_.has_sound) tracks.push_back({0x0F, sound_, options_.sound_descriptors});
    if (options_.has_mpeg2) tracks.push_back({0x02, kMpeg2});
    if (options_.has_cues) tracks.push_back({0x86, kCues, kCueDescriptor});
    Bytes all = table_packet(0, table_counter_, program_section(1, kMap));
    append(all, table_packet(kMap, table_counter_++, map_section(1, tracks, version_)));
    return all;
  }
  void set_tracks(bool has_video, bool has_sound) {
    options_.has_video = has_video;
    options_.has_sound = has_sound;
    version_ = (version_ + 1) & 31;
  }
  // The same PID from here on, as another encoder has it; begins with an IDR picture.
  void set_hevc(bool is_hevc) {
    is_hevc_ = is_hevc;
    must_start_ = true;
    version_ = (version_ + 1) & 31;
  }
  // Other PIDs from here on.
  void renumber() {
    video_ += 2, sound_ += 2;
    must_start_ = true;
    version_ = (version_ + 1) & 31;
  }
  // A null packet.
  [[nodiscard]] static Bytes nothing() { return packets_of(0x1FFF, null_counter(), Bytes(100)); }
  // The next picture.
  [[nodiscard]] Bytes picture(std::optional<bool> is_idr = {}) {
    const bool starts = is_idr.value_or(frames_ % options_.gop == 0 || std::exchange(must_start_, false));
    const std::int64_t dts = options_.first + pictures_at() / options_.grain * options_.grain;
    const std::int64_t pts = dts + options_.reorder + wait_of(starts ? since_idr_ = 0 : ++since_idr_);
    ++frames_;
    Bytes out = starts ? tables() : Bytes{}, content = options_.in_pictures;
    append(content, coded(starts));
    append(out,
           packets_of(video_, video_counter_,
                      pes_around(static_cast<std::uint64_t>(pts), static_cast<std::uint64_t>(dts), content, false)));
    return out;
  }
  // Its clock is another from here on: a packet without payload that says so beside a PCR.
  [[nodiscard]] Bytes new_time_base() const {
    Bytes none;
    return packet_of({.pid = video_, .counter = video_counter_ - 1, .is_discontinuous = true, .has_pcr = true}, none);
  }
  // Its pictures are counted from here on; with `first` its clock goes on.
  void restart_frames() { frames_ = 0; }
  // Not sent: its time goes by.
  void skip_picture() { ++frames_; }
  [[nodiscard]] Bytes sound() {
    const bool has_other = !options_.other_sound_descriptors.empty() && sound_at() >= options_.other_sound_from;
    const std::int64_t pts = options_.first + sounds_ * 1024 * 90'000 / 48'000;
    Bytes frame = sound_frames_[static_cast<std::size_t>(sounds_++) % sound_frames_.size()];
    frame[6] |= static_cast<std::byte>(options_.sound_blocks - 1);
    if (!options_.sound_instead.empty()) frame = options_.sound_instead;
    Bytes out = options_.has_video ? Bytes{} : tables();
    Bytes pes = pes_around(static_cast<std::uint64_t>(pts), static_cast<std::uint64_t>(pts), frame, true);
    if (!options_.has_sound_times) pes[7] = std::byte{};  // What stands there is stuffing.
    append(out, packets_of(sound_, sound_counter_, pes));
    if (has_other) append(out, packets_of(kOtherSound, other_sound_counter_, pes));
    return out;
  }
  // A section of SCTE 35.
  [[nodiscard]] Bytes cue(const Bytes& section) { return table_packet(kCues, cue_counter_++, section); }
  void skip_sound() { ++sounds_; }
  // Those of the time before `ticks` are not sent.
  void skip_sound_to(std::int64_t ticks) {
    while (sound_at() < ticks) ++sounds_;
  }
  void skip_pictures_to(std::int64_t ticks) {
    while (pictures_at() < ticks) skip_picture();
  }

  // Where the next of each stands, in its own clock from its start.
  [[nodiscard]] std::int64_t pictures_at() const noexcept {
    return frames_ * options_.frame_ticks / options_.frame_ticks_of;
  }
  [[nodiscard]] std::int64_t sound_at() const noexcept { return sounds_ * 1024 * 90'000 / 48'000; }
  [[nodiscard]] int frames() const noexcept { return frames_; }
  [[nodiscard]] Options& options() noexcept { return options_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }

  static constexpr std::uint16_t kVideo = 0x100, kSound = 0x101, kCues = 0x1F0, kMpeg2 = 0x1F1, kMap = 0x1000,
                                 kOtherSound = 0x1F2;

 private:
  // Ticks that a picture waits for those that are shown before it; so many are behind an IDR picture.
  [[nodiscard]] std::int64_t wait_of(int since_idr) const {
    if (options_.b_pictures == 0) return 0;
    const int frames = since_idr == 0                                     ? 1
                       : (since_idr - 1) % (options_.b_pictures + 1) == 0 ? 1 + options_.b_pictures
                                                                          : 0;
    return frames * options_.frame_ticks / options_.frame_ticks_of;
  }
  static unsigned& null_counter() {
    static unsigned counter = 0;
    return counter;
  }
  [[nodiscard]] Bytes coded(bool starts) const {
    static const Bytes hevc_idr = from_hex(kH265MainIdr), hevc_next = from_hex(kH265MainNext);
    if (is_hevc_) return starts ? hevc_idr : hevc_next;
    static const Bytes idr = from_hex(kH264High10Idr), next = from_hex(kH264High10Next);
    return starts ? idr : next;
  }
  void load_sound() {
    const Bytes stream = from_hex(kAac48);
    for (std::size_t at = 0; at + 7 <= stream.size();) {
      const std::size_t size = (std::to_integer<std::size_t>(stream[at + 3]) & 3) << 11 |
                               std::to_integer<std::size_t>(stream[at + 4]) << 3 |
                               std::to_integer<std::size_t>(stream[at + 5]) >> 5;
      if (at + size > stream.size()) break;
      sound_frames_.emplace_back(stream.begin() + static_cast<std::ptrdiff_t>(at),
                                 stream.begin() + static_cast<std::ptrdiff_t>(at + size));
      at += size;
    }
  }

  Options options_;
  std::vector<Bytes> sound_frames_;
  std::int64_t sounds_ = 0;
  int frames_ = 0;
  int since_idr_ = 0;
  int version_ = 0;
  bool is_hevc_ = false, must_start_ = false;
  std::uint16_t video_ = kVideo, sound_ = kSound;
  unsigned table_counter_ = 0, video_counter_ = 0, sound_counter_ = 0, other_sound_counter_ = 0, cue_counter_ = 0;
};

inline std::string text_of(const Document& document) {
  const ByteSpan bytes = document.plain.span();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string text_of(const LateDocument& document) { return text_of(document.get()); }

}  // namespace fanlight::packager::test
