#include "ts/splice.h"

#include <algorithm>
#include <array>

#include "codec/bit_reader.h"
#include "codec/descriptors.h"
#include "wire/ts_packet.h"

namespace fanlight::packager {
namespace {

constexpr std::uint8_t kTable = 0xFC;
constexpr std::size_t kCrcBytes = 4;
constexpr std::uint8_t kInsert = 0x05, kTimeSignal = 0x06;
constexpr std::uint32_t kLengthUntold = 0xFFF;  // Of a command of before 2008: it ends where it ends.
constexpr std::uint8_t kAnyType = 0xFF;         // What calls off a segmentation does not say of which type.
constexpr std::uint8_t kSegmentation = 0x02;
constexpr std::uint32_t kCue = 0x4355'4549;  // 'CUEI'
// segmentation_type_id of what is left and come back to, the start's; one more is the end's. RFC 8216 §4.3.2.7.1
constexpr std::array<std::uint8_t, 5> kWaysOut{0x22, 0x30, 0x32, 0x34, 0x36};

std::uint64_t bits33(BitReader& bits) {
  const std::uint64_t high = bits.bits(1);
  return high << 32 | bits.bits(32);
}

// splice_time(), §9.8.1
std::optional<std::uint64_t> read_time(BitReader& bits) {
  const bool is_told = bits.flag();
  bits.skip(is_told ? 6 : 7);
  return is_told ? std::optional(bits33(bits)) : std::nullopt;
}

// break_duration(), §9.8.2
std::uint64_t read_duration(BitReader& bits) {
  bits.skip(1 + 6);
  return bits33(bits);
}

// Of components that are spliced one by one, as the first is.
std::optional<std::uint64_t> read_components(BitReader& bits, bool is_immediate) {
  std::vector<std::optional<std::uint64_t>> times(bits.bits(8));
  for (std::optional<std::uint64_t>& time : times) {
    bits.skip(8);
    if (!is_immediate) time = read_time(bits);
  }
  return times.empty() ? std::nullopt : times.front();
}

// splice_insert(), §9.7.3
void read_insert(BitReader& bits, SpliceInfo& info) {
  SpliceEvent event{.id = bits.bits(32)};
  const bool is_cancelled = bits.flag();
  bits.skip(7);
  if (is_cancelled) {
    event.kind = SpliceKind::kCancel;
    return info.events.push_back(event);
  }
  event.kind = bits.flag() ? SpliceKind::kOut : SpliceKind::kIn;
  const bool is_whole = bits.flag(), has_duration = bits.flag(), is_immediate = bits.flag();
  bits.skip(4);
  if (!is_whole)
    info.pts = read_components(bits, is_immediate);
  else if (!is_immediate)
    info.pts = read_time(bits);
  if (has_duration) event.planned = read_duration(bits);
  bits.skip(16 + 8 + 8);  // Which program, which of its avails.
  info.events.push_back(event);
}

SpliceEvent event_of_type(std::uint32_t id, std::uint8_t type) {
  const auto start = static_cast<std::uint8_t>(type & 0xFE);
  if (std::ranges::find(kWaysOut, start) == kWaysOut.end()) return {SpliceKind::kOther, id, type};
  return {type == start ? SpliceKind::kOut : SpliceKind::kIn, id, start};
}

// segmentation_descriptor(), §10.3.3; empty: another, or cut short.
std::optional<SpliceEvent> read_segmentation(const Descriptor& descriptor) {
  BitReader bits(descriptor.content);
  if (descriptor.tag != kSegmentation || bits.bits(32) != kCue) return std::nullopt;
  const std::uint32_t id = bits.bits(32);
  const bool is_cancelled = bits.flag();
  bits.skip(7);
  if (is_cancelled && !bits.failed()) return SpliceEvent{SpliceKind::kCancel, id, kAnyType};
  const bool is_whole = bits.flag(), has_duration = bits.flag();
  bits.skip(6);
  if (!is_whole) bits.skip(std::size_t{bits.bits(8)} * (8 + 7 + 33));
  std::optional<std::uint64_t> planned;
  if (has_duration) planned = std::uint64_t{bits.bits(8)} << 32;
  if (has_duration) *planned |= bits.bits(32);
  bits.skip(8);  // What kind of UPID, and the UPID.
  bits.skip(std::size_t{bits.bits(8)} * 8);
  SpliceEvent event = event_of_type(id, bits.u8());
  event.planned = planned;
  return bits.failed() ? std::nullopt : std::optional(event);
}

void read_segmentations(ByteSpan descriptors, SpliceInfo& info) {
  DescriptorReader reader(descriptors);
  while (const std::optional<Descriptor> one = reader.next())
    if (const std::optional<SpliceEvent> event = read_segmentation(*one)) info.events.push_back(*event);
  if (info.events.empty()) info.events.push_back({});
}

// Behind the command; empty: not there.
std::optional<ByteSpan> descriptors_at(ByteSpan body, std::size_t at) {
  if (at + 2 > body.size()) return std::nullopt;
  const std::size_t length = load_be16(body.data() + at);
  return length <= body.size() - at - 2 ? std::optional(body.subspan(at + 2, length)) : std::nullopt;
}

enum class Verdict : std::uint8_t { kCommand, kEncrypted, kMalformed, kOther };

Verdict read_section(ByteSpan section, SpliceInfo& info) {
  if (!wire::is_ts_section_intact(section) || std::to_integer<std::uint8_t>(section[0]) != kTable)
    return Verdict::kMalformed;
  const ByteSpan body = section.first(section.size() - kCrcBytes);
  BitReader bits(body);
  bits.skip(8 + 16);
  if (bits.u8() != 0) return Verdict::kOther;  // protocol_version
  const bool is_encrypted = bits.flag();
  bits.skip(6);
  const std::uint64_t adjustment = bits33(bits);
  bits.skip(8 + 12);
  const std::uint32_t length = bits.bits(12);
  const std::uint8_t type = bits.u8();
  if (bits.failed()) return Verdict::kMalformed;
  if (is_encrypted) return Verdict::kEncrypted;
  if (type != kInsert && type != kTimeSignal) return Verdict::kOther;
  const std::size_t begin = bits.position() / 8;
  if (type == kInsert)
    read_insert(bits, info);
  else
    info.pts = read_time(bits);
  const std::size_t end = length == kLengthUntold ? bits.position() / 8 : begin + length;
  const std::optional<ByteSpan> descriptors = descriptors_at(body, end);
  if (bits.failed() || bits.position() > end * 8 || !descriptors) return Verdict::kMalformed;
  if (type == kTimeSignal) read_segmentations(*descriptors, info);
  if (info.pts) info.pts = (*info.pts + adjustment) % kTicks33;
  return Verdict::kCommand;
}

}  // namespace

std::optional<SpliceInfo> parse_splice_info(ByteSpan section, SpliceCounts& counts) {
  SpliceInfo info;
  switch (read_section(section, info)) {
    case Verdict::kCommand:
      ++counts.commands;
      info.section.assign(section.begin(), section.end());
      return info;
    case Verdict::kEncrypted:
      ++counts.encrypted;
      break;
    case Verdict::kMalformed:
      ++counts.malformed;
      break;
    case Verdict::kOther:
      ++counts.other;
  }
  return std::nullopt;
}

}  // namespace fanlight::packager
