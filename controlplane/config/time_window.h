// When a policy holds: days of the week, and hours that may run over midnight.
//
// Hours that run over midnight belong to the day on which they begin: "fri", "22:00-02:00" ends on Saturday at two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/fields.h"

namespace fanlight::control {

// Where a clock on the wall stands.
struct ClockTime {
  int weekday = 0;  // Monday is 0.
  int minute = 0;   // Of the day.
};

struct TimeWindow {
  static constexpr std::uint8_t kEveryDay = 0x7F;
  std::uint8_t days = kEveryDay;  // Bit 0 is Monday.
  std::int16_t begin = 0;         // Minute of the day.
  std::int16_t end = 24 * 60;     // Exclusive; not above `begin`: on the next day.
  bool is_utc = false;            // Else the host's time zone.

  [[nodiscard]] bool is_always() const { return days == kEveryDay && begin == 0 && end == 24 * 60; }
  [[nodiscard]] bool covers(ClockTime at) const;
  [[nodiscard]] std::string text() const;  // "mon-fri 18:00-23:30 utc"
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

// Asks for `days`, `hours` and `time_zone`.
[[nodiscard]] TimeWindow read_time_window(FieldReader& reader);

// "mon", "mon-fri", "sat-mon" as bits; empty when it is neither.
[[nodiscard]] std::optional<std::uint8_t> parse_days(std::string_view text);

}  // namespace fanlight::control
