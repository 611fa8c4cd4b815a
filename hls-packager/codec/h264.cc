#include "codec/h264.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "codec/bit_reader.h"
#include "codec/bit_writer.h"
#include "codec/nal_units.h"

namespace fanlight::packager {

namespace {

enum UnitType : std::uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kIdrSlice = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kDelimiter = 9,
  kEndOfSequence = 10,
  kEndOfStream = 11,
  kFiller = 12,
  kLowestOpening = 14,
  kHighestOpening = 18,
};

constexpr std::size_t kSliceHeadBytes = 32;  // Four numbers of Exp-Golomb and some flags, with room.

// Table A-1: Baseline, Main and Extended have 4:2:0 of eight bits and need no tail.
bool has_tail(std::uint8_t profile) noexcept { return profile != 66 && profile != 77 && profile != 88; }

std::string codec_name(const H264Sps& sps) {
  std::array<char, 16> name;
  const int length =
      std::snprintf(name.data(), name.size(), "avc1.%02x%02x%02x", sps.profile, sps.constraints, sps.level);
  return {name.data(), static_cast<std::size_t>(length)};
}

void write_set(BitWriter& record, ByteSpan set) {
  record.bits(static_cast<std::uint32_t>(set.size()), 16);
  record.bytes(set);
}

}  // namespace

bool H264Pictures::SliceHead::is_of_same_picture(const SliceHead& other) const noexcept {
  return is_idr == other.is_idr && is_reference == other.is_reference && frame_number == other.frame_number &&
         idr_id == other.idr_id && picture_order == other.picture_order && structure == other.structure;
}

std::vector<std::byte> write_avcc(const H264Sps& sps, ByteSpan sps_unit,
                                  const std::vector<std::vector<std::byte>>& pps_units) {
  BitWriter record;
  record.bits(1, 8);  // configurationVersion
  record.bits(sps.profile, 8);
  record.bits(sps.constraints, 8);
  record.bits(sps.level, 8);
  record.bits(0xFF, 8);  // Lengths of four bytes.
  record.bits(0xE1, 8);  // One sequence set.
  write_set(record, sps_unit);
  record.bits(static_cast<std::uint32_t>(pps_units.size()), 8);
  for (const auto& pps : pps_units) write_set(record, pps);
  if (has_tail(sps.profile)) {
    record.bits(0xFC | sps.chroma_format, 8);
    record.bits(0xF8 | (sps.luma_depth - 8U), 8);
    record.bits(0xF8 | (sps.chroma_depth - 8U), 8);
    record.bits(0, 8);  // No extension of a sequence set.
  }
  return record.take();
}

UnitRole H264Pictures::role_of(ByteSpan unit) noexcept {
  const auto header = std::to_integer<unsigned>(unit[0]);
  if ((header & 0x80) != 0) return UnitRole::kOther;
  const unsigned type = header & 0x1F;
  const bool is_at_zero = unit.size() > 1 && (unit[1] & std::byte{0x80}) != std::byte{};  // first_mb_in_slice
  if (type == kSlice || type == kPartitionA || type == kIdrSlice)
    return is_at_zero ? UnitRole::kFirstSlice : UnitRole::kSlice;
  if (type == kDelimiter) return UnitRole::kDelimiter;
  const bool is_opening = (type >= kSei && type <= kPps) || (type >= kLowestOpening && type <= kHighestOpening);
  return is_opening ? UnitRole::kOpening : UnitRole::kOther;
}

CodedPicture H264Pictures::convert(ByteSpan annex_b) {
  sample_.clear();
  new_sets_.clear();
  is_delimited_ = false;
  CodedPicture picture;
  picture.rest = take_access_unit(
      annex_b, role_of, [&](ByteSpan slice, bool is_behind) { return begins_picture(slice, is_behind); },
      [&](ByteSpan unit) { take_unit(unit, picture); });
  if (!picture.rest.empty()) head_ = last_head_;  // That slice is to come.
  const bool has_bytes =
      picture.verdict == PictureVerdict::kPicture || picture.verdict == PictureVerdict::kContinuation;
  if (has_bytes) picture.bytes = sample_;
  if (picture.verdict != PictureVerdict::kNoSlice) is_in_picture_ = has_bytes;
  return picture;
}

// The other field of a frame is none: both are one sample. What is between slices of one picture, against the rules,
// does not end it.
bool H264Pictures::begins_picture(ByteSpan slice, bool is_behind_openings) {
  last_head_ = std::exchange(head_, parse_slice(slice));
  if (!head_ || !last_head_) return false;
  const bool is_other_field = head_->structure != last_head_->structure &&
                              head_->structure != PictureStructure::kFrame &&
                              last_head_->structure != PictureStructure::kFrame &&
                              head_->frame_number == last_head_->frame_number && !head_->is_idr;
  if (is_other_field) return has_both_fields_;
  return !head_->is_of_same_picture(*last_head_) || (is_behind_openings && head_->is_first);
}

void H264Pictures::take_unit(ByteSpan unit, CodedPicture& picture) {
  const auto header = std::to_integer<unsigned>(unit[0]);
  if ((header & 0x80) != 0) return;  // forbidden_zero_bit: whoever set it knew the unit to be broken.
  switch (header & 0x1F) {
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
    case kSlice:
    case kPartitionA:
    case kIdrSlice:
      return take_slice(unit, picture);
    default:
      append_unit(sample_, unit);
  }
}

void H264Pictures::take_sps(ByteSpan unit) {
  if (unit.size() > kParameterSetBytesMax) return;
  const std::optional<H264Sps> sps = parse_h264_sps(unit);
  if (!sps) return;
  new_sets_.push_back(unit);
  // Sets of pictures were made for the sequence's set as it was; those that are still good come again behind it.
  if (sps_.put(sps->id, unit, *sps)) pps_.forget([&](const Pps& pps) { return pps.sps_id == sps->id; });
}

void H264Pictures::take_pps(ByteSpan unit) {
  if (unit.size() > kParameterSetBytesMax) return;
  const std::vector<std::byte> plain = unescape(unit.subspan(1), kSliceHeadBytes);
  BitReader bits(plain);
  const std::uint32_t id = bits.ue_up_to(255);
  const std::uint32_t sps_id = bits.ue_up_to(31);
  if (bits.failed()) return;
  new_sets_.push_back(unit);
  pps_.put(id, unit, {sps_id});
}

// The first slice says what the picture is. A slice of the other parity in the same access unit makes it a whole frame.
void H264Pictures::take_slice(ByteSpan unit, CodedPicture& picture) {
  if (picture.verdict == PictureVerdict::kNoParameterSets || picture.verdict == PictureVerdict::kMalformed) return;
  if (picture.verdict == PictureVerdict::kNoSlice) {
    has_both_fields_ = false;
    begin_picture(picture);
  } else if (head_ && head_->structure != picture.structure) {
    picture.structure = PictureStructure::kFrame;
    has_both_fields_ = true;
  }
  append_unrecorded_sets();
  append_unit(sample_, unit);
}

void H264Pictures::begin_picture(CodedPicture& picture) {
  if (!head_) {
    picture.verdict = PictureVerdict::kMalformed;
    return;
  }
  const SliceHead& head = *head_;
  picture.frame_number = head.frame_number;
  picture.structure = head.structure;
  if (!head.is_first && !is_delimited_ && last_head_ && head.is_of_same_picture(*last_head_)) {
    picture.verdict = is_in_picture_ ? PictureVerdict::kContinuation : PictureVerdict::kNoSlice;
    return;
  }
  const SpsSet* sps = sps_.find(head.sps_id);
  if (sps == nullptr || (!head.is_idr && !format_)) {
    picture.verdict = PictureVerdict::kNoParameterSets;
    return;
  }
  if (!head.is_first) {
    picture.verdict = PictureVerdict::kMalformed;
    return;
  }
  picture.verdict = PictureVerdict::kPicture;
  picture.is_independent = head.is_idr;
  if (head.is_idr) adopt_format(*sps, head.sps_id, picture);
}

void H264Pictures::adopt_format(const SpsSet& sps, std::uint32_t sps_id, CodedPicture& picture) {
  std::vector<std::vector<std::byte>> sets;
  pps_.for_each([&](const auto& pps) {
    if (pps.parsed.sps_id == sps_id && sets.size() < 255) sets.push_back(pps.bytes);
  });
  std::vector<std::byte> record = write_avcc(sps.parsed, sps.bytes, sets);
  sets.push_back(sps.bytes);
  new_sets_.clear();  // Recorded, or for a later sequence.
  if (format_ && format_->record == record) return;
  format_ = {
      .codec = Codec::kH264, .name = codec_name(sps.parsed), .record = std::move(record), .media = sps.parsed.picture};
  recorded_ = std::move(sets);
  picture.has_new_format = true;
}

void H264Pictures::append_unrecorded_sets() {
  for (const ByteSpan set : new_sets_) {
    const bool is_recorded =
        std::ranges::any_of(recorded_, [&](const auto& recorded) { return std::ranges::equal(recorded, set); });
    if (!is_recorded) append_unit(sample_, set);
  }
  new_sets_.clear();
}

// §7.3.3, up to pic_order_cnt_lsb or delta_pic_order_cnt[0]. Empty when the bits do not reach that far.
auto H264Pictures::parse_slice(ByteSpan unit) const -> std::optional<SliceHead> {
  const std::vector<std::byte> plain = unescape(unit, kSliceHeadBytes);
  BitReader bits(plain);
  SliceHead head;
  const std::uint32_t header = bits.bits(8);
  head.is_idr = (header & 0x1F) == kIdrSlice;
  head.is_reference = (header & 0x60) != 0;
  head.is_first = bits.ue() == 0;
  (void)bits.ue();  // slice_type
  const auto* pps = pps_.find(bits.ue_up_to(255));
  if (bits.failed()) return std::nullopt;
  head.sps_id = pps != nullptr ? pps->parsed.sps_id : UINT32_MAX;
  const SpsSet* sps = sps_.find(head.sps_id);
  if (sps == nullptr) return head;
  if (sps->parsed.has_separate_planes) bits.skip(2);  // colour_plane_id
  head.frame_number = bits.bits(static_cast<unsigned>(sps->parsed.frame_number_bits));
  if (!sps->parsed.has_frames_only && bits.flag())
    head.structure = bits.flag() ? PictureStructure::kBottomField : PictureStructure::kTopField;
  if (head.is_idr) head.idr_id = bits.ue();
  if (sps->parsed.picture_order_type == 0)
    head.picture_order = bits.bits(static_cast<unsigned>(sps->parsed.picture_order_bits));
  if (sps->parsed.has_picture_order_deltas) head.picture_order = bits.ue();
  if (bits.failed()) return std::nullopt;
  return head;
}

}  // namespace fanlight::packager
