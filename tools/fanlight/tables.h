// Aligned tables and numbers for people.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fanlight::cli {

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string_view title;
  Align align = Align::kLeft;
};

class Table {
 public:
  Table(std::initializer_list<Column> columns) : columns_(columns) {}
  // One cell per column.
  void add(std::vector<std::string> row);
  // Title line first; two spaces between columns, none at the end of a line.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// What a terminal can show: control characters become '?'. Names come from strangers.
[[nodiscard]] std::string printable(std::string_view text);
// 1234567 → "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);
// Bytes with a binary unit and three significant digits: "512 B", "1.25 MiB".
[[nodiscard]] std::string byte_size(std::uint64_t bytes);
// Seconds as "42 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
[[nodiscard]] std::string span(double seconds);
// "90s", "10m", "2h", "7d" in seconds; empty for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_span(std::string_view text);
// One decimal: "20.5".
[[nodiscard]] std::string tenths(double value);

}  // namespace fanlight::cli
