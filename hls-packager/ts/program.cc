#include "ts/program.h"

#include <algorithm>
#include <cctype>

#include "codec/descriptors.h"
#include "codec/elementary_stream.h"
#include "wire/ts_packet.h"

namespace fanlight::packager {
namespace {

constexpr std::uint8_t kProgramTable = 0, kMapTable = 2;
constexpr std::uint8_t kLanguage = 0x0A;
constexpr std::uint8_t kSpliceType = 0x86;  // Elsewhere it is DTS-HD: the registration tells. SCTE 35 §8.1
constexpr std::uint32_t kCueRegistration = 0x4355'4549;  // 'CUEI', of the program or of the stream.

std::uint16_t pid_at(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint16_t>(load_be16(bytes.data() + at) & 0x1FFF);
}
std::size_t length_at(ByteSpan bytes, std::size_t at) { return load_be16(bytes.data() + at) & 0x0FFFu; }

// `at`, behind as much of `length` as is there.
ByteSpan part(ByteSpan bytes, std::size_t at, std::size_t length) {
  return bytes.subspan(at, std::min(length, bytes.size() - at));
}

Medium medium_of(std::uint8_t type, ByteSpan descriptors, bool has_cues) {
  if (type == kSpliceType && (has_cues || has_registration(descriptors, kCueRegistration))) return Medium::kSplices;
  const std::optional<ElementaryStream> codec = open_elementary_stream(type, descriptors);
  if (!codec) return Medium::kNone;
  const bool is_video = std::holds_alternative<H264Pictures>(*codec) || std::holds_alternative<H265Pictures>(*codec);
  return is_video ? Medium::kPictures : Medium::kSound;
}

// ISO_639_language_descriptor, §2.6.18: of the first of its languages.
std::string language_of(ByteSpan descriptors) {
  DescriptorReader reader(descriptors);
  while (const std::optional<Descriptor> one = reader.next()) {
    if (one->tag != kLanguage || one->content.size() < 3) continue;
    std::string language;
    for (const std::byte letter : one->content.first(3)) {
      const int c = std::tolower(std::to_integer<int>(letter));
      if (c < 'a' || c > 'z') return {};
      language += static_cast<char>(c);
    }
    return language;
  }
  return {};
}

bool describes_video(ByteSpan descriptors) {
  constexpr std::byte kVisualImpairedCommentary{3};
  DescriptorReader reader(descriptors);
  while (const std::optional<Descriptor> one = reader.next())
    if (one->tag == kLanguage && one->content.size() >= 4) return one->content[3] == kVisualImpairedCommentary;
  return false;
}

}  // namespace

bool ProgramMap::has(Medium medium) const {
  return std::any_of(streams.begin(), streams.end(), [&](const ProgramStream& s) { return s.medium == medium; });
}

std::optional<ProgramList> parse_programs(ByteSpan section) {
  const std::optional<ByteSpan> body = wire::ts_section_body(section, kProgramTable);
  if (!body) return std::nullopt;
  ProgramList list{.version = static_cast<std::uint8_t>(std::to_integer<unsigned>(section[5]) >> 1 & 31),
                   .number = std::to_integer<std::uint8_t>(section[6]),
                   .last = std::to_integer<std::uint8_t>(section[7]),
                   .programs = {}};
  if (list.number > list.last) return std::nullopt;
  for (std::size_t at = 0; at + 4 <= body->size(); at += 4) {
    const std::uint16_t number = load_be16(body->data() + at);
    if (number != 0) list.programs.push_back({number, pid_at(*body, at + 2)});  // 0: where network information is.
  }
  return list;
}

std::optional<ProgramMap> parse_program_map(ByteSpan section) {
  constexpr std::size_t kHeadBytes = 4, kStreamHeadBytes = 5;
  const std::optional<ByteSpan> body = wire::ts_section_body(section, kMapTable);
  if (!body || body->size() < kHeadBytes) return std::nullopt;
  ProgramMap map{.number = load_be16(section.data() + 3), .clock_pid = pid_at(*body, 0), .streams = {}};
  const bool has_cues = has_registration(part(*body, kHeadBytes, length_at(*body, 2)), kCueRegistration);
  std::size_t at = kHeadBytes + length_at(*body, 2);
  while (at + kStreamHeadBytes <= body->size() && map.streams.size() < kStreamsMax) {
    const std::size_t length = length_at(*body, at + 3);
    const ByteSpan descriptors = part(*body, at + kStreamHeadBytes, length);
    const std::uint8_t type = std::to_integer<std::uint8_t>((*body)[at]);
    map.streams.push_back({pid_at(*body, at + 1),
                           type,
                           medium_of(type, descriptors, has_cues),
                           language_of(descriptors),
                           {descriptors.begin(), descriptors.end()},
                           describes_video(descriptors)});
    at += kStreamHeadBytes + length;
  }
  return map;
}

}  // namespace fanlight::packager
