// A sequence parameter set of H.265, §7.3.2.2: as much as a player, a record and a codec's name need.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "codec/h265_reference_sets.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// general_profile_space to general_level_idc, §7.3.3.
struct H265Profile {
  std::uint8_t space = 0;  // Below 4.
  bool is_high_tier = false;
  std::uint8_t idc = 0;             // Below 32.
  std::uint32_t compatibility = 0;  // Flag 0 is the highest bit, as sent.
  std::array<std::uint8_t, 6> constraints{};
  std::uint8_t level = 0;
  friend bool operator==(const H265Profile&, const H265Profile&) = default;
};

// What a slice header depends on.
struct H265SliceRules {
  std::uint32_t picture_order_bits = 4;
  std::uint32_t blocks = 0;  // Coding tree blocks in a picture.
  std::vector<H265ReferenceSet> reference_sets{};
  std::optional<std::uint32_t> long_term_sets{};  // How many are listed; none: slices have no long-term references.
  std::vector<bool> long_term_used{};             // Of these: by the picture itself.
  bool has_adaptive_offset = false;
  bool has_temporal_prediction = false;
  friend bool operator==(const H265SliceRules&, const H265SliceRules&) = default;
};

struct H265Sps {
  std::uint32_t id = 0;         // Below 16.
  std::uint32_t vps_id = 0;     // Below 16.
  std::uint8_t sub_layers = 1;  // 1 to 7.
  bool is_nested = true;        // sps_temporal_id_nesting_flag
  H265Profile profile;
  std::uint8_t chroma_format = 1;  // 0: none, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4.
  bool has_separate_planes = false;
  std::uint8_t luma_depth = 8;
  std::uint8_t chroma_depth = 8;
  std::uint16_t spatial_segmentation_min = 0;  // min_spatial_segmentation_idc; 0 promises nothing.
  PictureFormat picture;
  H265SliceRules slices;
  friend bool operator==(const H265Sps&, const H265Sps&) = default;
};

// `unit` with its NAL header. Empty when it is cut short or says what §7.4.3.2 does not allow.
[[nodiscard]] std::optional<H265Sps> parse_h265_sps(ByteSpan unit);

// general_profile_space to general_level_idc as RFC 6381 has it (14496-15 §E.3): "1.6.L93.B0".
[[nodiscard]] std::string profile_name(const H265Profile& profile);

}  // namespace fanlight::packager
