#include "codec/h265.h"

#include <algorithm>

#include "codec/bit_reader.h"
#include "codec/bit_writer.h"
#include "codec/nal_units.h"

namespace fanlight::packager {

namespace {

enum UnitType : std::uint8_t {
  kHighestTrailing = 9,
  kIdrWithLeading = 19,
  kIdr = 20,
  kLowestAccess = 16,
  kCra = 21,
  kHighestAccess = 23,
  kHighestSlice = 31,
  kVps = 32,
  kSps = 33,
  kPps = 34,
  kDelimiter = 35,
  kEndOfSequence = 36,
  kEndOfStream = 37,
  kFiller = 38,
  kPrefixSei = 39,
  kLowestOpening = 41,
  kHighestOpening = 44,
  kLowestPrivateOpening = 48,
  kHighestPrivateOpening = 55,
};

constexpr std::size_t kHeaderBytes = 2;
constexpr std::size_t kSliceHeadBytes = 16;

bool is_slice_type(std::uint8_t type) noexcept {
  return type <= kHighestTrailing || (type >= kLowestAccess && type <= kCra);
}

bool is_idr(std::uint8_t type) noexcept { return type == kIdrWithLeading || type == kIdr; }

bool is_of_base_layer(std::uint16_t header) noexcept {
  return (header & 0x8000) == 0 && (header >> 3 & 0x3F) == 0;  // forbidden_zero_bit
}

// first_slice_segment_in_pic_flag
bool is_first_slice(ByteSpan unit) noexcept {
  return unit.size() > kHeaderBytes && (unit[kHeaderBytes] & std::byte{0x80}) != std::byte{};
}

void write_sets(BitWriter& record, std::uint8_t type, const std::vector<std::vector<std::byte>>& sets) {
  record.bits(0x80U | type, 8);  // array_completeness: none of them stands in a sample.
  record.bits(static_cast<std::uint32_t>(sets.size()), 16);
  for (const auto& set : sets) {
    record.bits(static_cast<std::uint32_t>(set.size()), 16);
    record.bytes(set);
  }
}

void write_profile(BitWriter& record, const H265Profile& profile) {
  record.bits(profile.space, 2);
  record.flag(profile.is_high_tier);
  record.bits(profile.idc, 5);
  record.bits(profile.compatibility, 32);
  for (const std::uint8_t byte : profile.constraints) record.bits(byte, 8);
  record.bits(profile.level, 8);
}

// §7.3.2.3.1, up to entropy_coding_sync_enabled_flag; the id goes to `id`.
std::optional<H265Pps> parse_pps(ByteSpan unit, std::uint32_t& id) {
  const std::vector<std::byte> plain = unescape(unit.subspan(kHeaderBytes), kParameterSetBytesMax);
  BitReader bits(plain);
  H265Pps pps;
  id = bits.ue_up_to(63);
  pps.sps_id = bits.ue_up_to(15);
  bits.skip(1 + 1 + 3 + 1 + 1);
  (void)bits.ue();
  (void)bits.ue();
  (void)bits.se();
  bits.skip(1 + 1);
  if (bits.flag()) (void)bits.ue();  // diff_cu_qp_delta_depth
  (void)bits.se();
  (void)bits.se();
  bits.skip(1 + 1 + 1 + 1);
  pps.has_tiles = bits.flag();
  pps.has_wavefront = bits.flag();
  if (bits.failed()) return std::nullopt;
  return pps;
}

// 14496-15 §8.3.3.1.3; without a promise of segments nobody asks.
std::uint8_t parallelism_of(const H265Sps& sps, const std::vector<H265Pps>& all) noexcept {
  if (sps.spatial_segmentation_min == 0 || all.empty()) return 0;
  const auto kind = [](const H265Pps& pps) {
    if (pps.has_tiles) return pps.has_wavefront ? 0 : 2;
    return pps.has_wavefront ? 3 : 1;
  };
  const auto first = static_cast<std::uint8_t>(kind(all.front()));
  return std::ranges::all_of(all, [&](const H265Pps& pps) { return kind(pps) == first; }) ? first : 0;
}

}  // namespace

std::vector<std::byte> write_hvcc(const H265Sps& sps, std::uint8_t parallelism, const H265Sets& sets) {
  BitWriter record;
  record.bits(1, 8);  // configurationVersion
  write_profile(record, sps.profile);
  record.bits(0xF000U | sps.spatial_segmentation_min, 16);
  record.bits(0xFCU | parallelism, 8);
  record.bits(0xFCU | sps.chroma_format, 8);
  record.bits(0xF8U | (sps.luma_depth - 8U), 8);
  record.bits(0xF8U | (sps.chroma_depth - 8U), 8);
  record.bits(0, 16);  // avgFrameRate: not said
  record.bits(0, 2);   // constantFrameRate: not said
  record.bits(sps.sub_layers, 3);
  record.flag(sps.is_nested);
  record.bits(3, 2);  // Lengths of four bytes.
  record.bits(3, 8);  // Three arrays.
  write_sets(record, kVps, {sets.vps});
  write_sets(record, kSps, {sets.sps});
  write_sets(record, kPps, sets.pps);
  return record.take();
}

UnitRole H265Pictures::role_of(ByteSpan unit) noexcept {
  const std::uint16_t header = unit.size() < kHeaderBytes ? 0x8000 : load_be16(unit.data());
  if (!is_of_base_layer(header)) return UnitRole::kOther;
  const auto type = static_cast<std::uint8_t>(header >> 9 & 0x3F);
  if (is_slice_type(type)) return is_first_slice(unit) ? UnitRole::kFirstSlice : UnitRole::kSlice;
  if (type == kDelimiter) return UnitRole::kDelimiter;
  const bool is_opening = (type >= kVps && type <= kPps) || type == kPrefixSei ||
                          (type >= kLowestOpening && type <= kHighestOpening) ||
                          (type >= kLowestPrivateOpening && type <= kHighestPrivateOpening);
  return is_opening ? UnitRole::kOpening : UnitRole::kOther;
}

CodedPicture H265Pictures::convert(ByteSpan annex_b) {
  sample_.clear();
  new_sets_.clear();
  is_delimited_ = false;
  CodedPicture picture;
  picture.rest = take_access_unit(
      annex_b, role_of, [](ByteSpan slice, bool) { return is_first_slice(slice); },
      [&](ByteSpan unit) { take_unit(unit, picture); });
  const bool has_bytes =
      picture.verdict == PictureVerdict::kPicture || picture.verdict == PictureVerdict::kContinuation;
  if (has_bytes) picture.bytes = sample_;
  if (picture.verdict != PictureVerdict::kNoSlice) is_in_picture_ = has_bytes;
  return picture;
}

void H265Pictures::take_unit(ByteSpan unit, CodedPicture& picture) {
  if (unit.size() < kHeaderBytes) return;
  const std::uint16_t header = load_be16(unit.data());
  if (!is_of_base_layer(header)) return;
  const auto type = static_cast<std::uint8_t>(header >> 9 & 0x3F);
  switch (type) {
    case kVps:
      return take_vps(unit);
    case kSps:
      return take_sps(unit);
    case kPps:
      return take_pps(unit);
    case kDelimiter:
      is_delimited_ = true;
      return;
    case kEndOfSequence:
    case kEndOfStream:
    case kFiller:
      return;
    default:
      if (is_slice_type(type)) return take_slice(unit, type, picture);
      if (type > kHighestSlice) append_unit(sample_, unit);  // What is left are slices of types to come.
  }
}

void H265Pictures::take_vps(ByteSpan unit) {
  if (unit.size() <= kHeaderBytes || unit.size() > kParameterSetBytesMax) return;
  new_sets_.push_back(unit);
  vps_.put(std::to_integer<std::uint32_t>(unit[kHeaderBytes]) >> 4, unit, {});
}

void H265Pictures::take_sps(ByteSpan unit) {
  if (unit.size() > kParameterSetBytesMax) return;
  const std::optional<H265Sps> sps = parse_h265_sps(unit);
  if (!sps) return;
  new_sets_.push_back(unit);
  // Sets of pictures were made for the sequence's set as it was; those that are still good come again behind it.
  if (sps_.put(sps->id, unit, *sps)) pps_.forget([&](const H265Pps& pps) { return pps.sps_id == sps->id; });
}

void H265Pictures::take_pps(ByteSpan unit) {
  if (unit.size() > kParameterSetBytesMax) return;
  std::uint32_t id = 0;
  const std::optional<H265Pps> pps = parse_pps(unit, id);
  if (!pps) return;
  new_sets_.push_back(unit);
  pps_.put(id, unit, *pps);
}

void H265Pictures::take_slice(ByteSpan unit, std::uint8_t type, CodedPicture& picture) {
  if (picture.verdict == PictureVerdict::kNoSlice) begin_picture(unit, type, picture);
  if (picture.verdict != PictureVerdict::kPicture && picture.verdict != PictureVerdict::kContinuation) return;
  append_unrecorded_sets();
  append_unit(sample_, unit);
}

// §7.3.6.1, up to slice_pic_parameter_set_id.
void H265Pictures::begin_picture(ByteSpan unit, std::uint8_t type, CodedPicture& picture) {
  const bool is_first = is_first_slice(unit);
  if (!is_first && !is_delimited_ && unit.size() > kHeaderBytes) {
    if (is_in_picture_) picture.verdict = PictureVerdict::kContinuation;
    return;
  }
  const std::vector<std::byte> plain = unescape(unit.subspan(kHeaderBytes), kSliceHeadBytes);
  BitReader bits(plain);
  bits.skip(1);                                                       // first_slice_segment_in_pic_flag
  if (type >= kLowestAccess && type <= kHighestAccess) bits.skip(1);  // no_output_of_prior_pics_flag
  const std::uint32_t pps_id = bits.ue_up_to(63);
  if (bits.failed() || !is_first) {
    picture.verdict = PictureVerdict::kMalformed;
    return;
  }
  const auto* pps = pps_.find(pps_id);
  const auto* sps = pps != nullptr ? sps_.find(pps->parsed.sps_id) : nullptr;
  if (sps == nullptr || vps_.find(sps->parsed.vps_id) == nullptr || (!is_idr(type) && !format_)) {
    picture.verdict = PictureVerdict::kNoParameterSets;
    return;
  }
  picture.verdict = PictureVerdict::kPicture;
  picture.is_independent = is_idr(type);
  if (is_idr(type)) adopt_format(pps->parsed.sps_id, picture);
}

void H265Pictures::adopt_format(std::uint32_t sps_id, CodedPicture& picture) {
  const auto& sps = *sps_.find(sps_id);
  H265Sets sets{.vps = vps_.find(sps.parsed.vps_id)->bytes, .sps = sps.bytes, .pps = {}};
  std::vector<H265Pps> all;
  pps_.for_each([&](const auto& pps) {
    if (pps.parsed.sps_id != sps_id) return;
    sets.pps.push_back(pps.bytes);
    all.push_back(pps.parsed);
  });
  new_sets_.clear();  // Recorded, or for a later sequence.
  if (format_ && recorded_ == sets) return;
  format_ = {.codec = Codec::kH265,
             .name = "hvc1." + profile_name(sps.parsed.profile),
             .record = write_hvcc(sps.parsed, parallelism_of(sps.parsed, all), sets),
             .media = sps.parsed.picture};
  recorded_ = std::move(sets);
  picture.has_new_format = true;
}

bool H265Pictures::is_recorded(ByteSpan set) const {
  const auto is_it = [&](const auto& recorded) { return std::ranges::equal(recorded, set); };
  return is_it(recorded_.vps) || is_it(recorded_.sps) || std::ranges::any_of(recorded_.pps, is_it);
}

void H265Pictures::append_unrecorded_sets() {
  for (const ByteSpan set : new_sets_)
    if (!is_recorded(set)) append_unit(sample_, set);
  new_sets_.clear();
}

}  // namespace fanlight::packager
