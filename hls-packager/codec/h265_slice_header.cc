#include "codec/h265_slice_header.h"

#include <algorithm>
#include <bit>

#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kHeaderBytesMax = 4'096;  // With an entry point for each row of blocks.
constexpr std::uint32_t kReferencesMax = 16;
constexpr std::uint32_t kEntryPointsMax = 440 * 10;  // §A.4.1: tiles, or rows.

enum UnitType : std::uint8_t {
  kLowestAccess = 16,
  kIdrWithLeading = 19,
  kIdr = 20,
  kHighestAccess = 23,
  kSps = 33,
  kPps = 34
};
enum SliceType : std::uint8_t { kB = 0, kP = 1, kI = 2 };

std::uint8_t type_of(ByteSpan unit) noexcept { return std::to_integer<std::uint8_t>(unit[0]) >> 1 & 0x3F; }

// Bits that tell one of so many. §5.8 Ceil(Log2(x))
unsigned bits_for(std::uint32_t count) noexcept {
  return count < 2 ? 0 : static_cast<unsigned>(std::bit_width(count - 1));
}

void skip_tiles(BitReader& bits) noexcept {
  const std::uint32_t columns = bits.ue_up_to(20), rows = bits.ue_up_to(22);
  if (!bits.flag())
    for (std::uint32_t i = 0; i < columns + rows; ++i) (void)bits.ue();
  bits.skip(1);  // loop_filter_across_tiles_enabled_flag
}

// §7.3.2.3.2 of the range extension; of the others slice headers say what is not read here.
void parse_extensions(BitReader& bits, bool has_transform_skip, H265SlicePps& pps) noexcept {
  if (!bits.flag()) return;
  const bool has_range = bits.flag();
  if (bits.bits(7) != 0) return bits.fail();
  if (!has_range) return;
  if (has_transform_skip) (void)bits.ue();
  bits.skip(1);
  pps.has_chroma_offset_lists = bits.flag();
}

std::optional<H265SlicePps> parse_pps(ByteSpan unit, std::uint32_t& id) {
  const std::vector<std::byte> plain = unescape(unit.subspan(2), kParameterSetBytesMax);
  BitReader bits(plain);
  H265SlicePps pps;
  id = bits.ue_up_to(63);
  pps.sps_id = bits.ue_up_to(15);
  pps.has_dependent_slices = bits.flag();
  pps.says_output = bits.flag();
  pps.extra_bits = bits.bits(3);
  bits.skip(1);  // sign_data_hiding_enabled_flag
  pps.has_cabac_init = bits.flag();
  for (std::uint32_t& count : pps.references) count = bits.ue_up_to(kReferencesMax - 2) + 1;
  (void)bits.se();
  bits.skip(1);  // constrained_intra_pred_flag
  const bool has_transform_skip = bits.flag();
  if (bits.flag()) (void)bits.ue();
  for (int number = 0; number < 2; ++number) (void)bits.se();
  pps.has_chroma_offsets = bits.flag();
  pps.is_weighted = bits.flag();
  pps.is_weighted_both_ways = bits.flag();
  bits.skip(1);  // transquant_bypass_enabled_flag
  const bool has_tiles = bits.flag(), has_wavefront = bits.flag();
  pps.has_entry_points = has_tiles || has_wavefront;
  if (has_tiles) skip_tiles(bits);
  pps.filters_across_slices = bits.flag();
  if (bits.flag()) {
    pps.may_override_deblocking = bits.flag();
    pps.is_deblocking_off = bits.flag();
    for (int number = pps.is_deblocking_off ? 0 : 2; number > 0; --number) (void)bits.se();
  }
  if (bits.flag()) skip_scaling_lists(bits);
  pps.may_modify_lists = bits.flag();
  (void)bits.ue();
  pps.has_extension = bits.flag();
  parse_extensions(bits, has_transform_skip, pps);
  if (bits.failed()) return std::nullopt;
  return pps;
}

// Reads on, section by section; what one section says others depend on.
class SliceReader {
 public:
  SliceReader(BitReader& bits, const H265Sps& sps, const H265SlicePps& pps, std::uint8_t unit_type)
      : bits_(bits), sps_(sps), rules_(sps.slices), pps_(pps), unit_type_(unit_type) {}

  // Behind slice_pic_parameter_set_id, to where the data begins.
  bool read(bool is_first_of_picture) {
    bool is_dependent = false;
    if (!is_first_of_picture) {
      is_dependent = pps_.has_dependent_slices && bits_.flag();
      bits_.skip(bits_for(rules_.blocks));
    }
    if (!is_dependent) read_own();
    if (pps_.has_entry_points) skip_entry_points();
    if (pps_.has_extension) bits_.skip(std::size_t{bits_.ue_up_to(256)} * 8);
    bits_.skip(1);  // byte_alignment()
    bits_.align();
    return !bits_.failed();
  }

 private:
  [[nodiscard]] bool has_chroma() const noexcept { return sps_.chroma_format != 0 && !sps_.has_separate_planes; }
  [[nodiscard]] unsigned lists() const noexcept { return type_ == kB ? 2 : type_ == kP ? 1 : 0; }

  void read_own() {
    bits_.skip(pps_.extra_bits);
    type_ = bits_.ue_up_to(2);
    if (pps_.says_output) bits_.skip(1);
    if (sps_.has_separate_planes) bits_.skip(2);
    if (unit_type_ != kIdr && unit_type_ != kIdrWithLeading) read_references();
    const bool has_luma_offset = rules_.has_adaptive_offset && bits_.flag();
    const bool has_chroma_offset = rules_.has_adaptive_offset && has_chroma() && bits_.flag();
    if (type_ != kI) read_prediction();
    (void)bits_.se();  // slice_qp_delta
    for (int number = pps_.has_chroma_offsets ? 2 : 0; number > 0; --number) (void)bits_.se();
    if (pps_.has_chroma_offset_lists) bits_.skip(1);
    read_filters(has_luma_offset || has_chroma_offset);
  }

  void read_references() {
    bits_.skip(rules_.picture_order_bits);
    if (!bits_.flag()) {
      count_used(parse_reference_set(bits_, rules_.reference_sets, true));
    } else {
      const std::uint32_t index = bits_.bits(bits_for(static_cast<std::uint32_t>(rules_.reference_sets.size())));
      if (index >= rules_.reference_sets.size()) return bits_.fail();
      count_used(rules_.reference_sets[index]);
    }
    if (rules_.long_term_sets) read_long_term(*rules_.long_term_sets);
    if (rules_.has_temporal_prediction) has_temporal_prediction_ = bits_.flag();
  }

  void count_used(const H265ReferenceSet& set) {
    for (const auto* pictures : {&set.before, &set.after})
      used_ += static_cast<std::uint32_t>(std::ranges::count_if(*pictures, &H265ReferenceSet::Picture::is_used));
  }

  void read_long_term(std::uint32_t listed) {
    const std::uint32_t chosen = listed > 0 ? bits_.ue_up_to(32) : 0;
    const std::uint32_t count = chosen + bits_.ue_up_to(32);
    for (std::uint32_t i = 0; i < count && !bits_.failed(); ++i) {
      if (i < chosen) {
        const std::uint32_t index = bits_.bits(bits_for(listed));
        used_ += index < rules_.long_term_used.size() && rules_.long_term_used[index] ? 1 : 0;
      } else {
        bits_.skip(rules_.picture_order_bits);
        used_ += bits_.flag() ? 1 : 0;
      }
      if (bits_.flag()) (void)bits_.ue();
    }
  }

  void read_prediction() {
    for (unsigned list = 0; list < lists(); ++list) references_[list] = pps_.references[list];
    if (bits_.flag())
      for (unsigned list = 0; list < lists(); ++list) references_[list] = bits_.ue_up_to(kReferencesMax - 2) + 1;
    if (pps_.may_modify_lists && used_ > 1)
      for (unsigned list = 0; list < lists(); ++list)
        if (bits_.flag()) bits_.skip(std::size_t{references_[list]} * bits_for(used_));
    if (type_ == kB) bits_.skip(1);  // mvd_l1_zero_flag
    if (pps_.has_cabac_init) bits_.skip(1);
    if (has_temporal_prediction_) {
      const bool is_second = type_ == kB && !bits_.flag();
      if (references_[is_second ? 1 : 0] > 1) (void)bits_.ue();  // collocated_ref_idx
    }
    if ((pps_.is_weighted && type_ == kP) || (pps_.is_weighted_both_ways && type_ == kB)) skip_weights();
    (void)bits_.ue();  // five_minus_max_num_merge_cand
  }

  // §7.3.6.3
  void skip_weights() {
    (void)bits_.ue();
    if (has_chroma()) (void)bits_.se();
    for (unsigned list = 0; list < lists(); ++list) {
      const std::uint32_t count = references_[list];
      const std::uint32_t luma = bits_.bits(count);
      const std::uint32_t chroma = has_chroma() ? bits_.bits(count) : 0;
      for (std::uint32_t i = count; i-- > 0;)
        for (std::uint32_t number = 2 * (luma >> i & 1) + 4 * (chroma >> i & 1); number > 0; --number) (void)bits_.se();
    }
  }

  void read_filters(bool has_adaptive_offset) {
    bool is_off = pps_.is_deblocking_off;
    if (pps_.may_override_deblocking && bits_.flag()) {
      is_off = bits_.flag();
      for (int number = is_off ? 0 : 2; number > 0; --number) (void)bits_.se();
    }
    if (pps_.filters_across_slices && (has_adaptive_offset || !is_off)) bits_.skip(1);
  }

  void skip_entry_points() {
    const std::uint32_t count = bits_.ue_up_to(kEntryPointsMax);
    if (count == 0) return;
    const std::size_t length = bits_.ue_up_to(31) + 1;
    bits_.skip(count * length);
  }

  BitReader& bits_;
  const H265Sps& sps_;
  const H265SliceRules& rules_;
  const H265SlicePps& pps_;
  std::uint8_t unit_type_;
  std::uint32_t type_ = kI;
  std::uint32_t used_ = 0;  // Pictures that this one may refer to.
  std::uint32_t references_[2] = {0, 0};
  bool has_temporal_prediction_ = false;
};

}  // namespace

void H265SliceHeaders::take_set(ByteSpan unit) {
  if (unit.size() < 3 || unit.size() > kParameterSetBytesMax) return;
  if (type_of(unit) == kSps) {
    if (const std::optional<H265Sps> sps = parse_h265_sps(unit)) sps_.put(sps->id, unit, *sps);
  } else if (type_of(unit) == kPps) {
    std::uint32_t id = 0;
    if (const std::optional<H265SlicePps> pps = parse_pps(unit, id)) pps_.put(id, unit, *pps);
  }
}

std::optional<std::size_t> H265SliceHeaders::size_of(ByteSpan unit) const {
  if (unit.size() < 3) return std::nullopt;
  const std::uint8_t type = type_of(unit);
  const bool is_access = type >= kLowestAccess && type <= kHighestAccess;
  if (type > 9 && !is_access) return std::nullopt;
  const std::vector<std::byte> plain = unescape(unit, kHeaderBytesMax);
  BitReader bits(plain);
  bits.skip(16);
  const bool is_first = bits.flag();
  if (is_access) bits.skip(1);  // no_output_of_prior_pics_flag
  const auto* const pps = pps_.find(bits.ue_up_to(63));
  const auto* const sps = pps == nullptr ? nullptr : sps_.find(pps->parsed.sps_id);
  if (bits.failed() || sps == nullptr) return std::nullopt;
  if (!SliceReader(bits, sps->parsed, pps->parsed, type).read(is_first)) return std::nullopt;
  return escaped_size(unit, bits.position() / 8);
}

}  // namespace fanlight::packager
