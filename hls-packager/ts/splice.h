// What a splice_info_section says: where a program may be left for something else, and come back to. ANSI/SCTE 35 §9.6
//
//  |0xFC|flags, section_length|protocol_version|encrypted (1)|algorithm (6)|pts_adjustment (33)|cw_index|tier (12)|
//  |command length (12)|type (8)|command|length (16)|descriptors|stuffing|CRC|
//
// A splice_insert says one way out or back itself; a time_signal is about what its segmentation descriptors say.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

inline constexpr std::uint64_t kTicks33 = std::uint64_t{1} << 33;

enum class SpliceKind : std::uint8_t {
  kOut,
  kIn,
  kCancel,  // What was said of the event before does not hold.
  kOther,   // Chapters, programs, and what else may begin or end.
};

struct SpliceEvent {
  SpliceKind kind = SpliceKind::kOther;
  std::uint32_t id = 0;
  std::uint8_t type = 0;                   // Of a segmentation, that of its start; 0: of splice_insert.
  std::optional<std::uint64_t> planned{};  // How long it is to be. 90 kHz
  friend bool operator==(const SpliceEvent&, const SpliceEvent&) = default;
};

struct SpliceInfo {
  std::optional<std::uint64_t> pts{};  // 33 bits, adjusted. Empty: at once.
  std::vector<SpliceEvent> events;     // At least one.
  std::vector<std::byte> section;      // Whole.
};

struct SpliceCounts {
  std::uint64_t commands = 0;
  std::uint64_t encrypted = 0;  // Passed over.
  std::uint64_t malformed = 0;
  std::uint64_t other = 0;  // Heartbeats, schedules and private commands: they say nothing of the program's time.
};

// Of a whole section; empty when there is nothing in it for players, and counted either way.
[[nodiscard]] std::optional<SpliceInfo> parse_splice_info(ByteSpan section, SpliceCounts& counts);

}  // namespace fanlight::packager
