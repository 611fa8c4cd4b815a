#include "origin/byte_range.h"

#include <algorithm>
#include <limits>

#include "origin/decimal.h"

namespace fanlight::packager {
namespace {

// More than there can be is as good as the most there can be.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return parse_decimal(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

std::optional<ByteRange> RangeWish::of(std::uint64_t size) const {
  if (!first) {
    const std::uint64_t count = std::min(last.value_or(0), size);
    if (count == 0) return std::nullopt;
    return ByteRange{.offset = size - count, .size = count};
  }
  if (*first >= size) return std::nullopt;
  return ByteRange{.offset = *first, .size = std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

std::optional<RangeWish> parse_range(std::string_view field) {
  constexpr std::string_view kUnit = "bytes=";
  // Units are of either case. RFC 9110 §14.1
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (!std::ranges::equal(field.substr(0, kUnit.size()), kUnit, {}, lower)) return std::nullopt;
  field.remove_prefix(kUnit.size());
  const std::size_t dash = field.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view from = field.substr(0, dash), to = field.substr(dash + 1);
  RangeWish wish{.first = parse_position(from), .last = parse_position(to)};
  if ((!from.empty() && !wish.first) || (!to.empty() && !wish.last)) return std::nullopt;
  if ((!wish.first && !wish.last) || (wish.first && wish.last && *wish.last < *wish.first)) return std::nullopt;
  return wish;
}

}  // namespace fanlight::packager
