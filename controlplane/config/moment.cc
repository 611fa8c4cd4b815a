#include "config/moment.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace fanlight::control {
namespace {

// Takes `digits` digits and the `mark` behind them, 0 for none. Empty when they are not there.
std::optional<int> take_number(std::string_view& text, std::size_t digits, char mark) {
  if (text.size() < digits + (mark != 0 ? 1 : 0)) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  if (mark == 0) return number;
  if (text.front() != mark) return std::nullopt;
  text.remove_prefix(1);
  return number;
}

// The whole rest of the text, in seconds east of UTC.
std::optional<std::int64_t> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2, ':');
  const auto minutes = hours ? take_number(text, 2, 0) : std::nullopt;
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3'600 + *minutes * 60);
}

void skip_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return;
  const std::size_t end = text.find_first_not_of("0123456789", 1);
  if (end != 1) text.remove_prefix(std::min(end, text.size()));
}

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text) {
  std::tm broken{};
  const auto year = take_number(text, 4, '-');
  const auto month = year ? take_number(text, 2, '-') : std::nullopt;
  const auto day = month ? take_number(text, 2, 0) : std::nullopt;
  if (!day || text.empty() || (text.front() != 'T' && text.front() != 't' && text.front() != ' ')) return std::nullopt;
  text.remove_prefix(1);
  const auto hour = take_number(text, 2, ':');
  const auto minute = hour ? take_number(text, 2, ':') : std::nullopt;
  const auto second = minute ? take_number(text, 2, 0) : std::nullopt;
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  skip_fraction(text);
  const auto offset = take_offset(text);
  if (!offset) return std::nullopt;
  broken.tm_year = *year - 1900;
  broken.tm_mon = *month - 1;
  broken.tm_mday = *day;
  const std::time_t midnight = timegm(&broken);
  // timegm() takes the 31st of February for the 3rd of March.
  if (broken.tm_mon != *month - 1 || broken.tm_mday != *day) return std::nullopt;
  return midnight + *hour * 3'600 + *minute * 60 + *second - *offset;
}

std::string moment_text(std::int64_t seconds) {
  const std::time_t moment = seconds;
  std::tm broken{};
  gmtime_r(&moment, &broken);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken);
  return text.data();
}

}  // namespace fanlight::control
