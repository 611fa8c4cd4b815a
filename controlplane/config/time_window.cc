#include "config/time_window.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace fanlight::control {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int kDayMinutes = 24 * 60;

std::optional<std::size_t> parse_day(std::string_view text) {
  const auto* day = std::ranges::find(kDays, text);
  if (day == kDays.end()) return std::nullopt;
  return static_cast<std::size_t>(day - kDays.begin());
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "18:30" as a minute of the day; "24:00" as its end.
std::optional<int> parse_minute(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t i : {0u, 1u, 3u, 4u})
    if (!is_digit(text[i])) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + text[1] - '0';
  const int minute = (text[3] - '0') * 10 + text[4] - '0';
  if (minute > 59 || hour * 60 + minute > kDayMinutes) return std::nullopt;
  return hour * 60 + minute;
}

std::optional<std::pair<int, int>> parse_hours(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto begin = parse_minute(text.substr(0, dash));
  const auto end = parse_minute(text.substr(dash + 1));
  if (!begin || !end || *begin == *end || *begin == kDayMinutes || *end == 0) return std::nullopt;
  return std::pair{*begin, *end};
}

std::string clock_text(int minute) {
  char text[16];
  std::snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
  return text;
}

std::string days_text(std::uint8_t days) {
  std::string text;
  for (std::size_t first = 0; first < kDays.size(); ++first) {
    if ((days >> first & 1) == 0) continue;
    std::size_t last = first;
    while (last + 1 < kDays.size() && (days >> (last + 1) & 1) != 0) ++last;
    text += (text.empty() ? "" : ",") + std::string{kDays[first]};
    if (last > first) text += "-" + std::string{kDays[last]};
    first = last;
  }
  return text;
}

}  // namespace

std::optional<std::uint8_t> parse_days(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_day(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_day(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  std::uint8_t days = 0;
  for (std::size_t day = *first;; day = (day + 1) % kDays.size()) {
    days = static_cast<std::uint8_t>(days | 1u << day);
    if (day == *last) return days;
  }
}

bool TimeWindow::covers(ClockTime at) const {
  const auto is_day = [this](int day) { return (days >> (day % 7) & 1) != 0; };
  if (begin < end) return is_day(at.weekday) && at.minute >= begin && at.minute < end;
  return (at.minute >= begin && is_day(at.weekday)) || (at.minute < end && is_day(at.weekday + 6));
}

std::string TimeWindow::text() const {
  if (is_always()) return "always";
  std::string text = days == kEveryDay ? "" : days_text(days) + " ";
  if (begin != 0 || end != kDayMinutes) text += clock_text(begin) + "-" + clock_text(end) + " ";
  return text + (is_utc ? "utc" : "local time");
}

TimeWindow read_time_window(FieldReader& reader) {
  TimeWindow window;
  const std::vector<std::string> days = reader.texts("days");
  if (!days.empty()) window.days = 0;
  for (const std::string& text : days) {
    const auto bits = parse_days(text);
    if (!bits) reader.complain("days", quoted(text), R"(days like "mon" and spans like "mon-fri")");
    window.days = static_cast<std::uint8_t>(window.days | bits.value_or(0));
  }
  const std::string hours = reader.text("hours");
  if (const auto parsed = parse_hours(hours)) {
    window.begin = static_cast<std::int16_t>(parsed->first);
    window.end = static_cast<std::int16_t>(parsed->second);
  } else if (reader.has("hours")) {
    reader.complain("hours", quoted(hours),
                    R"(two times that differ, like "18:00-23:30" or, over midnight, "22:00-02:00")");
  }
  window.is_utc = reader.choice("time_zone", {"local", "utc"}, 0) == 1;
  if (reader.has("time_zone") && window.is_always())
    reader.complain("time_zone", "a time zone", "one only with days or hours");
  return window;
}

}  // namespace fanlight::control
