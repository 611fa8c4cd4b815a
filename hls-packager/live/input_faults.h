// What is wrong with what comes, by kind: counted for as long as the packager runs, whatever becomes of its source.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "media/track_set.h"

namespace fanlight::packager {

enum class InputFault : std::uint8_t {
  kForeignDatagram,  // What a port was sent and had no use for.
  kNotTransport,     // As many packets' worth of bytes.
  kBrokenPacket,     // Packets.
  kScrambled,        // Packets.
  kLostPackets,      // Jumps of a PID's counter.
  kBrokenTable,      // Sections of PAT and PMT.
  kBrokenUnit,       // PES packets, and pictures or frames of sound.
  kTimeJump,         // Of the program's clock.
  kNoKeyFrame,       // Stretches of kKeyFrameWait.
  kLongGop,          // Segments that begin with a picture that needs those before it.
  kNothingPlayable,  // Stretches of kPlayableWait.
  kUnknownStream,    // Elementary streams, each once.
  kTrackLate,        // Tracks, as the next two.
  kTrackGone,
  kTrackRefused,
  kBitRate,          // Times that a rendition was offered anew.
  kTimeStep,         // Of a track's times, back.
  kHostClock,        // Steps of our own wall clock.
  kSoundLate,        // Stretches of 10 s in which it was later than what is waited for.
  kAheadOfTime,      // Discontinuities behind which dates are right again.
  kBehindTime,       // Likewise, where all came after their dates.
  kFormatChange,     // Of tracks that go on.
  kLanguageChange,   // Of sounds that players are told of.
  kUnreadableSound,  // Stretches of kPlayableWait in which packets of a track gave no frame.
  kCount,
};
inline constexpr std::size_t kInputFaults = static_cast<std::size_t>(InputFault::kCount);

// Longer than the longest GOP that segments wait for.
inline constexpr Micros kKeyFrameWait = seconds(12);
inline constexpr Micros kPlayableWait = seconds(10);

struct FaultTally {
  std::uint64_t count = 0;
  std::string newest{};  // Which it was, where there is more to say.
};
using InputFaults = std::array<FaultTally, kInputFaults>;  // By InputFault.

class FaultBook {
 public:
  void note(InputFault fault, std::string newest = {});

  // Bytes have come, and among them pictures of the track that leads, and independent ones.
  void watch_pictures(bool any, bool independent, Instant now);
  // Likewise, and among them anything that can be played.
  void watch_samples(bool any, Instant now);
  // Of each track of sound whether frames come of its packets.
  void watch_sounds(const TrackSet& set, Instant now);
  void forget_watched() noexcept {
    key_frame_at_ = playable_at_ = std::nullopt;
    sounds_.clear();
  }
  // Those of the program that no track is made of.
  void note_left_out(const TrackSet& set);
  // The set goes; what it has counted stays.
  void keep(const TrackSet& set);

  // What was kept, and what `set` has counted.
  [[nodiscard]] InputFaults with(const std::optional<TrackSet>& set) const;
  // Pictures come, and have not been independent for a while.
  [[nodiscard]] bool lacks_key_frames() const noexcept { return lacks_key_frames_; }
  [[nodiscard]] bool lacks_all() const noexcept { return lacks_all_; }
  [[nodiscard]] bool lacks_sound() const noexcept { return std::ranges::any_of(sounds_, &SoundWatch::lacks_frames); }

 private:
  struct SoundWatch {
    std::uint64_t packets = 0;
    Instant packet_at{};             // When the newest came.
    std::optional<Instant> since{};  // That there is no frame.
    SoundCounts before{};            // As they were then.
    bool lacks_frames = false;
  };
  void watch_sound(const TrackSet::Track& track, SoundWatch& watch, Instant now);

  InputFaults kept_{};
  std::vector<TrackSet::LeftOut> left_out_;
  std::vector<SoundWatch> sounds_;  // By TrackSample::track.
  std::optional<Instant> key_frame_at_{}, playable_at_{};
  bool lacks_key_frames_ = false, lacks_all_ = false;
};

// "30.0 s", as the newest of a kind is told.
[[nodiscard]] std::string span_text(Micros span);
[[nodiscard]] const char* name_of(InputFault fault) noexcept;

}  // namespace fanlight::packager
