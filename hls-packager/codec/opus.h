// Opus in MPEG-TS: no standard says it, the registration of the format does, as encoders and ffmpeg have it. Each PES
// packet holds whole access units, each behind a control header:
//
//   | 0x3FF, 11 bits | start trim? | end trim? | extension? | 0 0 | size: bytes of 255, and one below it |
//   [3 bits, start trim 13] [3 bits, end trim 13] [length of the extension, 8 bits, the extension] packet
//
// The descriptors of the elementary stream say how many channels, and how they are laid out. How long a packet sounds
// stands in its first byte (RFC 6716 §3.1), and may vary.
#pragma once

#include <array>
#include <vector>

#include "codec/frame_clock.h"
#include "codec/sound_frame.h"
#include "codec/track_format.h"

namespace fanlight::packager {

inline constexpr std::uint32_t kOpusRate = 48'000;

// RFC 7845 §5.1.1: channels into streams.
struct OpusLayout {
  std::uint8_t channels = 2;
  std::uint8_t family = 0;
  std::uint8_t streams = 1;
  std::uint8_t coupled = 1;
  std::array<std::uint8_t, 8> mapping{0, 1};
  friend bool operator==(const OpusLayout&, const OpusLayout&) = default;
};

// From the extension descriptor (tag 0x7F, extension 0x80) behind the registration 'Opus'. Empty when there is none, or
// none that we know.
[[nodiscard]] std::optional<OpusLayout> parse_opus_layout(ByteSpan descriptors) noexcept;

// What is in a packet; 0 when its first bytes contradict RFC 6716 §3.2 or it is longer than 120 ms.
[[nodiscard]] std::uint32_t opus_samples(ByteSpan packet) noexcept;

// OpusSpecificBox without its header ("Encapsulation of Opus in ISO base media", §4.3.2).
[[nodiscard]] std::vector<std::byte> write_dops(const OpusLayout& layout, std::uint16_t pre_skip);

class OpusSound {
 public:
  explicit OpusSound(const OpusLayout& layout) noexcept : layout_(layout) {}

  // Keeps the payload's bytes until the next call.
  void handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k);
  void handle_gap();
  [[nodiscard]] std::optional<SoundFrame> poll_frame();
  // What the first frame says to trim at its start is the track's PreSkip; what later ones say is theirs.
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }
  [[nodiscard]] const SoundCounts& counts() const noexcept { return counts_; }

 private:
  OpusLayout layout_;
  FrameClock clock_;
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
  std::optional<std::int64_t> pts_;  // Of the next frame.
  std::optional<TrackFormat> format_;
  SoundCounts counts_;
};

}  // namespace fanlight::packager
