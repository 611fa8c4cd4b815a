// The tables that say what a transport stream carries, with all a packager wants to know. ISO/IEC 13818-1 §2.4.4.3
// (PAT), §2.4.4.8 (PMT), §2.6 (descriptors). Sections come whole, from table_id to CRC; malformed ones answer empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

inline constexpr std::size_t kProgramsMax = 256;
inline constexpr std::size_t kStreamsMax = 64;

// What a player can be given of a stream.
enum class Medium : std::uint8_t { kNone, kPictures, kSound, kSplices };

struct ProgramStream {
  std::uint16_t pid = 0;
  std::uint8_t type = 0;  // stream_type, as the PMT has it.
  Medium medium = Medium::kNone;
  std::string language;                // ISO 639-2, three letters; empty: not told.
  std::vector<std::byte> descriptors;  // Whole, tag and length in front of each.
  bool describes_video = false;        // Sound for who does not see: audio_type 3 of its language.
  friend bool operator==(const ProgramStream&, const ProgramStream&) = default;
};

struct ProgramMap {
  std::uint16_t number = 0;
  std::uint16_t clock_pid = 0x1FFF;  // Of its PCR.
  std::vector<ProgramStream> streams;
  friend bool operator==(const ProgramMap&, const ProgramMap&) = default;

  [[nodiscard]] bool has(Medium medium) const;
};

struct ProgramPlace {
  std::uint16_t number = 0;
  std::uint16_t map_pid = 0;
  friend bool operator==(const ProgramPlace&, const ProgramPlace&) = default;
};

// One section of the list of programs.
struct ProgramList {
  std::uint8_t version = 0;
  std::uint8_t number = 0, last = 0;  // Of the section, and of the list's last.
  std::vector<ProgramPlace> programs;
};

// Encoders announce sound before they know: no language, or "und", says nothing.
[[nodiscard]] inline bool is_told(std::string_view language) noexcept { return !language.empty() && language != "und"; }

[[nodiscard]] std::optional<ProgramList> parse_programs(ByteSpan section);
[[nodiscard]] std::optional<ProgramMap> parse_program_map(ByteSpan section);

}  // namespace fanlight::packager
