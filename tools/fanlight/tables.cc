#include "fanlight/tables.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/check.h"

namespace fanlight::cli {
namespace {

// Code points, for alignment: continuation bytes of UTF-8 take no column of their own.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string_view text, std::size_t width, Align align) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return align == Align::kLeft ? std::string{text} + blanks : blanks + std::string{text};
}

template <class... T>
std::string formatted(const char* format, T... values) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, values...);
  return out.data();
}

}  // namespace

void Table::add(std::vector<std::string> row) {
  CHECK(row.size() == columns_.size());
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns_) lines.front().emplace_back(column.title);
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(columns_.size());
  for (const std::vector<std::string>& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  std::string out;
  for (const std::vector<std::string>& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i)
      row += (i > 0 ? "  " : "") + padded(line[i], widths[i], columns_[i].align);
    out += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, C2 80 to C2 9F in UTF-8, are control characters as well.
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) ++i;
    out += byte < 0x20 || byte == 0x7F || is_c1 ? '?' : text[i];
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string byte_size(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 999.5 would be shown with four digits.
  for (; value >= 999.5 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  const char* format = value < 9.995 ? "%.2f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s";
  return formatted(format, value, kUnits[unit]);
}

std::string span(double seconds) {
  const auto whole = static_cast<unsigned long long>(std::max(seconds, 0.0));
  if (whole < 60) return formatted("%llu s", whole);
  if (whole < 3600) return formatted("%llu min %02llu s", whole / 60, whole % 60);
  if (whole < 86'400) return formatted("%llu h %02llu min", whole / 3600, whole / 60 % 60);
  return formatted("%llu d %02llu h", whole / 86'400, whole / 3600 % 24);
}

std::optional<std::int64_t> parse_span(std::string_view text) {
  constexpr std::int64_t kNumberMax = 1'000'000;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc{} || number < 1 || number > kNumberMax || unit.size() != 1) return std::nullopt;
  for (const auto& [letter, seconds] : {std::pair{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}})
    if (unit.front() == letter) return number * seconds;
  return std::nullopt;
}

std::string tenths(double value) { return formatted("%.1f", value); }

}  // namespace fanlight::cli
