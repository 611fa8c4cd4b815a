#include "codec/h265_vui.h"

namespace fanlight::packager {

namespace {

struct Decoder {
  bool has_nal = false;
  bool has_vcl = false;
  bool has_sub_pictures = false;
};

// §E.2.2, the first half: what all layers have in common.
Decoder parse_decoder(BitReader& bits) noexcept {
  Decoder decoder;
  decoder.has_nal = bits.flag();
  decoder.has_vcl = bits.flag();
  if (!decoder.has_nal && !decoder.has_vcl) return decoder;
  decoder.has_sub_pictures = bits.flag();
  if (decoder.has_sub_pictures) bits.skip(8 + 5 + 1 + 5);
  bits.skip(4 + 4);
  if (decoder.has_sub_pictures) bits.skip(4);
  bits.skip(5 + 5 + 5);
  return decoder;
}

// §E.2.3
void skip_buffer(BitReader& bits, std::uint32_t entries, bool has_sub_pictures) noexcept {
  for (std::uint32_t i = 0; i < entries && !bits.failed(); ++i) {
    for (int number = 0; number < (has_sub_pictures ? 4 : 2); ++number) (void)bits.ue();
    bits.skip(1);
  }
}

void skip_layer(BitReader& bits, const Decoder& decoder) noexcept {
  const bool is_fixed_in_general = bits.flag();
  const bool is_fixed = is_fixed_in_general || bits.flag();
  bool is_low_delay = false;
  if (is_fixed) {
    (void)bits.ue();
  } else {
    is_low_delay = bits.flag();
  }
  const std::uint32_t entries = is_low_delay ? 1 : bits.ue_up_to(31) + 1;
  if (decoder.has_nal) skip_buffer(bits, entries, decoder.has_sub_pictures);
  if (decoder.has_vcl) skip_buffer(bits, entries, decoder.has_sub_pictures);
}

}  // namespace

void parse_h265_vui(BitReader& bits, H265Sps& sps) noexcept {
  parse_vui_head(bits, sps.picture);
  bits.skip(3);  // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (bits.flag())
    for (int side = 0; side < 4; ++side) (void)bits.ue();  // The default display window: a proposal to the player.
  if (bits.flag()) {
    sps.picture.rate = parse_frame_rate(bits, 1);
    if (bits.flag()) (void)bits.ue();
    if (bits.flag()) {
      const Decoder decoder = parse_decoder(bits);
      for (std::uint32_t i = 0; i < sps.sub_layers; ++i) skip_layer(bits, decoder);
    }
  }
  if (bits.flag()) {
    bits.skip(3);
    sps.spatial_segmentation_min = static_cast<std::uint16_t>(bits.ue_up_to(4095));
    for (int number = 0; number < 4; ++number) (void)bits.ue();
  }
}

}  // namespace fanlight::packager
