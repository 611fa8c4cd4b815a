// One range of bytes that a request asks for. RFC 9110 §14.1.2
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fanlight::packager {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// From a byte on, up to and with a byte; or so many at the end.
struct RangeWish {
  std::optional<std::uint64_t> first{};
  std::optional<std::uint64_t> last{};  // Without `first`: how many.
  // Empty: cannot be had of so many bytes.
  [[nodiscard]] std::optional<ByteRange> of(std::uint64_t size) const;
  friend bool operator==(const RangeWish&, const RangeWish&) = default;
};

// Empty: none, or one that is not understood, or several. All three get the whole, as they may.
[[nodiscard]] std::optional<RangeWish> parse_range(std::string_view field);

}  // namespace fanlight::packager
