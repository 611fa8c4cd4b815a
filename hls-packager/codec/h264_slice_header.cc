#include "codec/h264_slice_header.h"

#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kHeaderBytesMax = 2'048;  // Of a slice with every reference weighted.
constexpr std::uint32_t kReferencesMax = 32;

enum UnitType : std::uint8_t { kSlice = 1, kIdrSlice = 5, kSps = 7, kPps = 8 };
enum SliceType : std::uint8_t { kP = 0, kB = 1, kI = 2, kSp = 3, kSi = 4 };

}  // namespace

struct H264SliceHeaders::Slice {
  bool is_idr = false;
  bool is_reference = false;
  std::uint32_t type = kI;
  bool is_field = false;
  std::uint32_t references[2] = {0, 0};

  [[nodiscard]] bool is_predicted() const noexcept { return type == kP || type == kSp || type == kB; }
  // How many lists of references it has.
  [[nodiscard]] unsigned lists() const noexcept { return type == kB ? 2 : is_predicted() ? 1 : 0; }

  void parse_start(BitReader& bits, const H264Sps& sps, const H264Pps& pps) noexcept;
  void parse_references(BitReader& bits, const H264Pps& pps) noexcept;
  void skip_weights(BitReader& bits, bool has_chroma) const noexcept;
  void skip_marking(BitReader& bits) const noexcept;
};

// Up to redundant_pic_cnt.
void H264SliceHeaders::Slice::parse_start(BitReader& bits, const H264Sps& sps, const H264Pps& pps) noexcept {
  if (sps.has_separate_planes) bits.skip(2);
  bits.skip(sps.frame_number_bits);
  if (!sps.has_frames_only) {
    is_field = bits.flag();
    if (is_field) bits.skip(1);  // bottom_field_flag
  }
  if (is_idr) (void)bits.ue();  // idr_pic_id
  const bool has_second_order = pps.has_field_orders && !is_field;
  if (sps.picture_order_type == 0) {
    bits.skip(sps.picture_order_bits);
    if (has_second_order) (void)bits.se();
  } else if (sps.has_picture_order_deltas) {
    (void)bits.se();
    if (has_second_order) (void)bits.se();
  }
  if (pps.has_redundant) (void)bits.ue();
}

// §7.3.3.1 as well.
void H264SliceHeaders::Slice::parse_references(BitReader& bits, const H264Pps& pps) noexcept {
  if (type == kB) bits.skip(1);  // direct_spatial_mv_pred_flag
  for (unsigned list = 0; list < lists(); ++list) references[list] = pps.references[list];
  if (is_predicted() && bits.flag())
    for (unsigned list = 0; list < lists(); ++list) references[list] = bits.ue_up_to(kReferencesMax - 1) + 1;
  for (unsigned list = 0; list < lists(); ++list) {
    if (!bits.flag()) continue;
    while (!bits.failed() && bits.ue_up_to(3) != 3) (void)bits.ue();
  }
}

// §7.3.3.2
void H264SliceHeaders::Slice::skip_weights(BitReader& bits, bool has_chroma) const noexcept {
  (void)bits.ue();
  if (has_chroma) (void)bits.ue();
  for (unsigned list = 0; list < lists(); ++list)
    for (std::uint32_t i = 0; i < references[list] && !bits.failed(); ++i) {
      for (int number = bits.flag() ? 2 : 0; number > 0; --number) (void)bits.se();
      if (!has_chroma) continue;
      for (int number = bits.flag() ? 4 : 0; number > 0; --number) (void)bits.se();
    }
}

// §7.3.3.3
void H264SliceHeaders::Slice::skip_marking(BitReader& bits) const noexcept {
  if (is_idr) return bits.skip(2);
  if (!bits.flag()) return;
  while (!bits.failed()) {
    const std::uint32_t operation = bits.ue_up_to(6);
    if (operation == 0) return;
    if (operation != 5) (void)bits.ue();
    if (operation == 3) (void)bits.ue();
  }
}

void H264SliceHeaders::take_set(ByteSpan unit) {
  if (unit.empty() || unit.size() > kParameterSetBytesMax) return;
  const unsigned type = std::to_integer<unsigned>(unit[0]) & 0x1F;
  if (type == kPps) return take_pps(unit);
  if (type != kSps) return;
  if (const std::optional<H264Sps> sps = parse_h264_sps(unit)) sps_.put(sps->id, unit, *sps);
}

void H264SliceHeaders::take_pps(ByteSpan unit) {
  const std::vector<std::byte> plain = unescape(unit.subspan(1), kParameterSetBytesMax);
  BitReader bits(plain);
  H264Pps pps;
  const std::uint32_t id = bits.ue_up_to(255);
  pps.sps_id = bits.ue_up_to(31);
  pps.has_cabac = bits.flag();
  pps.has_field_orders = bits.flag();
  if (bits.ue() != 0) return;  // Groups of slices, which nobody sends.
  for (std::uint32_t& count : pps.references) count = bits.ue_up_to(kReferencesMax - 1) + 1;
  pps.is_weighted = bits.flag();
  pps.weighted_bipred = bits.bits(2);
  for (int number = 0; number < 3; ++number) (void)bits.se();
  pps.has_deblocking = bits.flag();
  bits.skip(1);  // constrained_intra_pred_flag
  pps.has_redundant = bits.flag();
  if (!bits.failed()) pps_.put(id, unit, pps);
}

// Behind pic_parameter_set_id, to the end.
bool H264SliceHeaders::parse(BitReader& bits, const H264Sps& sps, const H264Pps& pps, Slice& slice) {
  slice.parse_start(bits, sps, pps);
  slice.parse_references(bits, pps);
  const bool is_one_way = slice.type == kP || slice.type == kSp;
  if ((pps.is_weighted && is_one_way) || (pps.weighted_bipred == 1 && slice.type == kB))
    slice.skip_weights(bits, sps.chroma_format != 0 && !sps.has_separate_planes);
  if (slice.is_reference) slice.skip_marking(bits);
  if (pps.has_cabac && slice.is_predicted()) (void)bits.ue_up_to(2);  // cabac_init_idc
  (void)bits.se();                                                    // slice_qp_delta
  if (slice.type == kSp) bits.skip(1);
  if (slice.type == kSp || slice.type == kSi) (void)bits.se();
  if (pps.has_deblocking && bits.ue_up_to(2) != 1)
    for (int number = 0; number < 2; ++number) (void)bits.se();
  return !bits.failed();
}

std::optional<std::size_t> H264SliceHeaders::size_of(ByteSpan unit) const {
  if (unit.empty()) return std::nullopt;
  const auto header = std::to_integer<unsigned>(unit[0]);
  Slice slice{.is_idr = (header & 0x1F) == kIdrSlice, .is_reference = (header & 0x60) != 0};
  if (!slice.is_idr && (header & 0x1F) != kSlice) return std::nullopt;
  const std::vector<std::byte> plain = unescape(unit, kHeaderBytesMax);
  BitReader bits(plain);
  bits.skip(8);
  (void)bits.ue();  // first_mb_in_slice
  slice.type = bits.ue_up_to(9) % 5;
  const auto* const pps = pps_.find(bits.ue_up_to(255));
  const auto* const sps = pps == nullptr ? nullptr : sps_.find(pps->parsed.sps_id);
  if (bits.failed() || sps == nullptr || !parse(bits, sps->parsed, pps->parsed, slice)) return std::nullopt;
  return escaped_size(unit, (bits.position() + 7) / 8);
}

}  // namespace fanlight::packager
