// AAC in ADTS, ISO/IEC 14496-3 §1.A.2: a header before each frame, which the samples of a track do without.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |       sync, 0xFFF     |I| 0 |N| P |  rate |-| chan. |- - - -|  ...   I: MPEG-2, N: no CRC, P: profile
//    ... |  bytes of the frame, 13 | fullness, 11 | blocks - 1, 2 | [CRC, 16]
#pragma once

#include "codec/aac_config.h"
#include "codec/frame_clock.h"
#include "codec/frame_scanner.h"
#include "codec/sound_frame.h"

namespace fanlight::packager {

struct AdtsHeader {
  std::uint8_t object_type = 2;
  std::uint8_t rate_index = 0;
  std::uint8_t channel_configuration = 0;
  std::size_t header_bytes = 7;  // 9 with a CRC.
  std::size_t frame_bytes = 0;   // With the header.
  std::uint8_t blocks = 1;
  friend bool operator==(const AdtsHeader&, const AdtsHeader&) = default;
};

// Empty when no frame begins here.
[[nodiscard]] std::optional<AdtsHeader> parse_adts_header(ByteSpan bytes) noexcept;

class AdtsSound {
 public:
  AdtsSound() noexcept;

  void handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k);
  void handle_gap();
  [[nodiscard]] std::optional<SoundFrame> poll_frame();
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }
  [[nodiscard]] const SoundCounts& counts() const noexcept { return counts_; }

 private:
  [[nodiscard]] std::optional<SoundFrame> read(const FrameScanner::Frame& frame);
  [[nodiscard]] bool adopt(const AdtsHeader& header, ByteSpan block);

  FrameScanner scanner_;
  FrameClock clock_;
  std::optional<AdtsHeader> known_;  // What the format was made from.
  std::optional<TrackFormat> format_;
  bool has_new_format_ = false;
  SoundCounts counts_;
};

}  // namespace fanlight::packager
