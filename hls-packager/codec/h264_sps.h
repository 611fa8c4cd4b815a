// A sequence parameter set of H.264, §7.3.2.1.1: as much as a player, a record and a slice header need.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "codec/track_format.h"

namespace fanlight::packager {

inline constexpr std::uint32_t kPictureSideMax = 16'384;  // Luma samples: twice what any level of either codec allows.

struct H264Sps {
  std::uint32_t id = 0;  // Below 32.
  std::uint8_t profile = 0;
  std::uint8_t constraints = 0;
  std::uint8_t level = 0;
  std::uint8_t chroma_format = 1;  // 0: none, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4.
  std::uint8_t luma_depth = 8;
  std::uint8_t chroma_depth = 8;
  bool has_separate_planes = false;
  bool has_frames_only = true;
  std::uint32_t frame_number_bits = 4;
  std::uint32_t picture_order_type = 0;   // Below 3.
  std::uint32_t picture_order_bits = 4;   // Of type 0.
  bool has_picture_order_deltas = false;  // Slices of type 1 say them.
  PictureFormat picture;
  friend bool operator==(const H264Sps&, const H264Sps&) = default;
};

// `unit` with its NAL header. Empty when it is cut short or says what §7.4.2.1.1 does not allow.
[[nodiscard]] std::optional<H264Sps> parse_h264_sps(ByteSpan unit);

}  // namespace fanlight::packager
