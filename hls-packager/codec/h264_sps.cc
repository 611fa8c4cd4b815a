#include "codec/h264_sps.h"

#include "codec/nal_units.h"
#include "codec/parameter_sets.h"
#include "codec/vui.h"

namespace fanlight::packager {

namespace {

// The profiles whose sets say something of chroma and depth, §7.3.2.1.1.
bool says_chroma(std::uint8_t profile) noexcept {
  switch (profile) {
    case 44:
    case 83:
    case 86:
    case 100:
    case 110:
    case 118:
    case 122:
    case 128:
    case 134:
    case 135:
    case 138:
    case 139:
    case 244:
      return true;
    default:
      return false;
  }
}

// §7.3.2.1.1.1: a list ends early when its next scale is 0.
void skip_scaling_list(BitReader& bits, unsigned size) noexcept {
  std::int32_t last = 8;
  for (unsigned i = 0; i < size && !bits.failed(); ++i) {
    const auto next = static_cast<std::int32_t>((std::int64_t{last} + bits.se() + 256) % 256);
    if (next == 0) return;
    last = next;
  }
}

void parse_chroma(BitReader& bits, H264Sps& sps) noexcept {
  sps.chroma_format = static_cast<std::uint8_t>(bits.ue_up_to(3));
  if (sps.chroma_format == 3) sps.has_separate_planes = bits.flag();
  sps.luma_depth = static_cast<std::uint8_t>(8 + bits.ue_up_to(6));
  sps.chroma_depth = static_cast<std::uint8_t>(8 + bits.ue_up_to(6));
  bits.skip(1);  // qpprime_y_zero_transform_bypass_flag
  if (!bits.flag()) return;
  const unsigned lists = sps.chroma_format == 3 ? 12 : 8;
  for (unsigned i = 0; i < lists; ++i)
    if (bits.flag()) skip_scaling_list(bits, i < 6 ? 16 : 64);
}

void parse_picture_order(BitReader& bits, H264Sps& sps) noexcept {
  sps.picture_order_type = bits.ue_up_to(2);
  if (sps.picture_order_type == 0) {
    sps.picture_order_bits = bits.ue_up_to(12) + 4;
  } else if (sps.picture_order_type == 1) {
    sps.has_picture_order_deltas = !bits.flag();
    (void)bits.se();
    (void)bits.se();
    const std::uint32_t cycle = bits.ue_up_to(255);
    for (std::uint32_t i = 0; i < cycle; ++i) (void)bits.se();
  }
}

struct Cropping {
  std::uint32_t left = 0;
  std::uint32_t right = 0;
  std::uint32_t top = 0;
  std::uint32_t bottom = 0;
};

Cropping parse_cropping(BitReader& bits) noexcept {
  Cropping crop;
  if (!bits.flag()) return crop;
  crop.left = bits.ue_up_to(kPictureSideMax);
  crop.right = bits.ue_up_to(kPictureSideMax);
  crop.top = bits.ue_up_to(kPictureSideMax);
  crop.bottom = bits.ue_up_to(kPictureSideMax);
  return crop;
}

// Equations 7-19 to 7-22: cropping counts chroma samples, and in a field coded stream lines of each field.
void parse_size(BitReader& bits, H264Sps& sps) noexcept {
  const std::uint32_t width = 16 * (bits.ue_up_to(kPictureSideMax / 16 - 1) + 1);
  const std::uint32_t map_height = 16 * (bits.ue_up_to(kPictureSideMax / 16 - 1) + 1);
  sps.has_frames_only = bits.flag();
  const std::uint32_t fields = sps.has_frames_only ? 1 : 2;
  if (!sps.has_frames_only) bits.skip(1);  // mb_adaptive_frame_field_flag
  bits.skip(1);                            // direct_8x8_inference_flag
  const bool halves_width = !sps.has_separate_planes && (sps.chroma_format == 1 || sps.chroma_format == 2);
  const bool halves_height = !sps.has_separate_planes && sps.chroma_format == 1;
  const Cropping crop = parse_cropping(bits);
  const std::uint32_t across = (crop.left + crop.right) * (halves_width ? 2 : 1);
  const std::uint32_t down = (crop.top + crop.bottom) * (halves_height ? 2 : 1) * fields;
  if (across >= width || down >= map_height * fields) return bits.fail();
  sps.picture.width = width - across;
  sps.picture.height = map_height * fields - down;
}

}  // namespace

std::optional<H264Sps> parse_h264_sps(ByteSpan unit) {
  const std::vector<std::byte> plain = unescape(unit, kParameterSetBytesMax);
  BitReader bits(plain);
  H264Sps sps;
  if ((bits.bits(8) & 0x1F) != 7) return std::nullopt;
  sps.profile = bits.u8();
  sps.constraints = bits.u8();
  sps.level = bits.u8();
  sps.id = bits.ue_up_to(31);
  if (says_chroma(sps.profile)) parse_chroma(bits, sps);
  sps.frame_number_bits = bits.ue_up_to(12) + 4;
  parse_picture_order(bits, sps);
  (void)bits.ue();  // max_num_ref_frames
  bits.skip(1);     // gaps_in_frame_num_value_allowed_flag
  parse_size(bits, sps);
  if (bits.flag()) {
    parse_vui_head(bits, sps.picture);
    // A tick is a field's time, §E.2.1.
    if (bits.flag()) sps.picture.rate = parse_frame_rate(bits, 2);
  }
  if (bits.failed()) return std::nullopt;
  return sps;
}

}  // namespace fanlight::packager
