// A command of SCTE 35, as players are told of it: a tag of a media playlist, RFC 8216bis §4.4.5.1, and an event of an
// MPD, SCTE 214-1. What is left and come back to is two tags of one ID, so that nothing that was said changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cmaf/wall_time.h"

namespace fanlight::packager {

enum class SpliceRole : std::uint8_t { kOut, kIn, kCommand };

struct DateRange {
  std::string id{};                  // Of a way out and back one; else another for each.
  WallTime begins{};                 // The same in all of one ID.
  std::optional<Micros> planned{};   // How long it is to be,
  std::optional<Micros> duration{};  // and how long it was.
  SpliceRole role = SpliceRole::kCommand;
  std::vector<std::byte> section{};  // splice_info_section, whole.
  std::int64_t media_time = 0;       // What the command is about: of a way back the end. 90 kHz
  std::uint64_t number = 0;          // Another for each.

  // Empty: nobody knows yet.
  [[nodiscard]] std::optional<WallTime> ends() const noexcept {
    const std::optional<Micros> length = duration ? duration : planned;
    return length ? std::optional(begins + *length) : std::nullopt;
  }
};

// No more are said at a time: the newest.
inline constexpr std::size_t kDateRangesMax = 64;

[[nodiscard]] std::string date_range_tag(const DateRange& range);

}  // namespace fanlight::packager
