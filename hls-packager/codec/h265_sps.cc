#include "codec/h265_sps.h"

#include <cstdio>

#include "codec/h264_sps.h"
#include "codec/h265_vui.h"
#include "codec/nal_units.h"
#include "codec/parameter_sets.h"

namespace fanlight::packager {

namespace {

// §7.3.3: the layers below the highest say theirs as well, and nobody here asks them.
void parse_profile(BitReader& bits, std::uint32_t sub_layers, H265Profile& profile) noexcept {
  profile.space = static_cast<std::uint8_t>(bits.bits(2));
  profile.is_high_tier = bits.flag();
  profile.idc = static_cast<std::uint8_t>(bits.bits(5));
  profile.compatibility = bits.bits(32);
  for (std::uint8_t& byte : profile.constraints) byte = bits.u8();
  profile.level = bits.u8();
  if (sub_layers == 1) return;
  const std::uint32_t flags = bits.bits(16);  // Two for each of eight layers.
  for (std::uint32_t i = 0; i + 1 < sub_layers; ++i) {
    if ((flags >> (15 - 2 * i) & 1) != 0) bits.skip(88);
    if ((flags >> (14 - 2 * i) & 1) != 0) bits.skip(8);
  }
}

void parse_long_term(BitReader& bits, H265SliceRules& slices) {
  if (!bits.flag()) return;
  slices.long_term_sets = bits.ue_up_to(32);
  for (std::uint32_t i = 0; i < *slices.long_term_sets && !bits.failed(); ++i) {
    bits.skip(slices.picture_order_bits);
    slices.long_term_used.push_back(bits.flag());
  }
}

void parse_reference_sets(BitReader& bits, H265SliceRules& slices) {
  const std::uint32_t sets = bits.ue_up_to(64);
  for (std::uint32_t i = 0; i < sets && !bits.failed(); ++i)
    slices.reference_sets.push_back(parse_reference_set(bits, slices.reference_sets, false));
  parse_long_term(bits, slices);
}

struct CodedSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// §7.4.3.2.1: the conformance window counts chroma samples.
void parse_size(BitReader& bits, H265Sps& sps, CodedSize& coded) noexcept {
  const std::uint32_t width = bits.ue_up_to(kPictureSideMax);
  const std::uint32_t height = bits.ue_up_to(kPictureSideMax);
  std::uint32_t across = 0;
  std::uint32_t down = 0;
  if (bits.flag()) {
    across = bits.ue_up_to(kPictureSideMax);
    across += bits.ue_up_to(kPictureSideMax);
    down = bits.ue_up_to(kPictureSideMax);
    down += bits.ue_up_to(kPictureSideMax);
  }
  if (!sps.has_separate_planes && (sps.chroma_format == 1 || sps.chroma_format == 2)) across *= 2;
  if (!sps.has_separate_planes && sps.chroma_format == 1) down *= 2;
  if (across >= width || down >= height) return bits.fail();
  sps.picture.width = width - across;
  sps.picture.height = height - down;
  coded = {width, height};
}

std::uint32_t blocks_in(const CodedSize& coded, std::uint32_t log2_side) noexcept {
  const auto count = [&](std::uint32_t samples) { return (samples + (1u << log2_side) - 1) >> log2_side; };
  return count(coded.width) * count(coded.height);
}

// What stands between the size and the usability information: how to decode, of which slice headers are the one part
// that is anybody's affair here.
void parse_coding(BitReader& bits, const CodedSize& coded, H265Sps& sps) {
  H265SliceRules& slices = sps.slices;
  slices.picture_order_bits = bits.ue_up_to(12) + 4;
  for (std::uint32_t i = bits.flag() ? 0 : sps.sub_layers - 1u; i < sps.sub_layers; ++i)
    for (int number = 0; number < 3; ++number) (void)bits.ue();
  const std::uint32_t log2_least = bits.ue_up_to(3) + 3;
  slices.blocks = blocks_in(coded, log2_least + bits.ue_up_to(3));
  for (int number = 0; number < 4; ++number) (void)bits.ue();  // Sizes of blocks.
  if (bits.flag() && bits.flag()) skip_scaling_lists(bits);
  bits.skip(1);  // amp_enabled_flag
  slices.has_adaptive_offset = bits.flag();
  if (bits.flag()) {
    bits.skip(8);  // Depths of PCM samples.
    (void)bits.ue();
    (void)bits.ue();
    bits.skip(1);
  }
  parse_reference_sets(bits, slices);
  slices.has_temporal_prediction = bits.flag();
  bits.skip(1);  // strong_intra_smoothing_enabled_flag
}

}  // namespace

std::optional<H265Sps> parse_h265_sps(ByteSpan unit) {
  const std::vector<std::byte> plain = unescape(unit, kParameterSetBytesMax);
  BitReader bits(plain);
  H265Sps sps;
  if ((bits.bits(16) >> 9 & 0x3F) != 33) return std::nullopt;
  sps.vps_id = bits.bits(4);
  sps.sub_layers = static_cast<std::uint8_t>(bits.bits(3) + 1);
  if (sps.sub_layers > 7) return std::nullopt;
  sps.is_nested = bits.flag();
  parse_profile(bits, sps.sub_layers, sps.profile);
  sps.id = bits.ue_up_to(15);
  sps.chroma_format = static_cast<std::uint8_t>(bits.ue_up_to(3));
  if (sps.chroma_format == 3) sps.has_separate_planes = bits.flag();
  CodedSize coded;
  parse_size(bits, sps, coded);
  sps.luma_depth = static_cast<std::uint8_t>(8 + bits.ue_up_to(7));  // Eight bits of a record's three: §8.3.3.1.
  sps.chroma_depth = static_cast<std::uint8_t>(8 + bits.ue_up_to(7));
  parse_coding(bits, coded, sps);
  if (bits.flag()) parse_h265_vui(bits, sps);
  if (bits.failed()) return std::nullopt;
  return sps;
}

std::string profile_name(const H265Profile& profile) {
  // Flag 0 becomes the lowest bit.
  std::uint32_t reversed = 0;
  for (unsigned i = 0; i < 32; ++i) reversed |= (profile.compatibility >> i & 1) << (31 - i);
  std::string name;
  if (profile.space != 0) name.push_back(static_cast<char>('A' + profile.space - 1));
  std::array<char, 40> text;
  (void)std::snprintf(text.data(), text.size(), "%u.%X.%c%u", profile.idc, reversed, profile.is_high_tier ? 'H' : 'L',
                      profile.level);
  name += text.data();
  std::size_t said = profile.constraints.size();
  while (said > 0 && profile.constraints[said - 1] == 0) --said;
  for (std::size_t i = 0; i < said; ++i) {
    (void)std::snprintf(text.data(), text.size(), ".%X", profile.constraints[i]);
    name += text.data();
  }
  return name;
}

}  // namespace fanlight::packager
