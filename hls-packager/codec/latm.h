// AAC in LATM, within LOAS: ISO/IEC 14496-3 §1.7.2 AudioSyncStream, §1.7.3 AudioMuxElement.
//
//   | 0x2B7, 11 bits | length of the element, 13 bits | same config? | [StreamMuxConfig] | lengths | payloads ... |
//
// As broadcasters send it: one program of one layer, frames of variable length, one or more in an element. The
// configuration is repeated with every so many elements; those before the first are unreadable, and not counted as
// malformed.
#pragma once

#include <vector>

#include "codec/aac_config.h"
#include "codec/frame_clock.h"
#include "codec/frame_scanner.h"
#include "codec/sound_frame.h"

namespace fanlight::packager {

struct LatmConfig {
  AacConfig aac;
  std::uint32_t frames = 1;  // In an element, at most 64.
};

// StreamMuxConfig, §1.7.3.1. Empty when it is cut short, or says more than stands above.
[[nodiscard]] std::optional<LatmConfig> parse_latm_config(BitReader& bits);

class LatmSound {
 public:
  LatmSound() noexcept;

  void handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k);
  void handle_gap();
  [[nodiscard]] std::optional<SoundFrame> poll_frame();
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }
  [[nodiscard]] const SoundCounts& counts() const noexcept { return counts_; }

 private:
  enum class Reading : std::uint8_t { kRead, kMalformed, kUnsupported, kUnconfigured };

  void read(const FrameScanner::Frame& element);
  [[nodiscard]] Reading read_element(BitReader& bits);
  [[nodiscard]] bool read_payload(BitReader& bits);
  [[nodiscard]] std::optional<SoundFrame> next_frame();

  FrameScanner scanner_;
  FrameClock clock_;
  std::optional<LatmConfig> config_;
  std::optional<TrackFormat> format_;
  bool has_new_format_ = false;
  // Of the newest element: its payloads, shifted to whole bytes, and how many of them were polled.
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> ends_;
  std::size_t polled_ = 0;
  std::optional<std::int64_t> pts_;  // Of the next frame.
  SoundCounts counts_;
};

}  // namespace fanlight::packager
