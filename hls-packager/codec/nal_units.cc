#include "codec/nal_units.h"

#include <algorithm>

namespace fanlight::packager {

namespace {

ByteSpan behind_start_code(ByteSpan bytes, std::size_t start_code) noexcept {
  return bytes.subspan(std::min(start_code + 3, bytes.size()));
}

ByteSpan without_trailing_zeros(ByteSpan unit) noexcept {
  while (!unit.empty() && unit.back() == std::byte{0}) unit = unit.first(unit.size() - 1);
  return unit;
}

}  // namespace

std::size_t find_start_code(ByteSpan bytes) noexcept {
  std::size_t i = 0;
  while (i + 3 <= bytes.size()) {
    const auto third = std::to_integer<unsigned>(bytes[i + 2]);
    if (third > 1) {
      i += 3;  // None of these three can be one of its zeros.
    } else if (third == 1 && bytes[i] == std::byte{0} && bytes[i + 1] == std::byte{0}) {
      return i;
    } else {
      ++i;
    }
  }
  return bytes.size();
}

bool begins_in_unit(ByteSpan bytes) noexcept {
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  const auto other = std::find_if_not(bytes.begin(), bytes.end(), is_zero);
  return !bytes.empty() && (other == bytes.end() || *other != std::byte{1} || other - bytes.begin() < 2);
}

NalUnits::NalUnits(ByteSpan annex_b) noexcept : rest_(behind_start_code(annex_b, find_start_code(annex_b))) {}

std::optional<ByteSpan> NalUnits::next() noexcept {
  while (!rest_.empty()) {
    const std::size_t end = find_start_code(rest_);
    const ByteSpan unit = without_trailing_zeros(rest_.first(end));
    rest_ = behind_start_code(rest_, end);
    if (!unit.empty()) return unit;
  }
  return std::nullopt;
}

std::vector<std::byte> unescape(ByteSpan unit, std::size_t most) {
  unit = unit.first(std::min(unit.size(), most));
  std::vector<std::byte> plain;
  plain.reserve(unit.size());
  std::size_t zeros = 0;
  for (const std::byte byte : unit) {
    if (zeros >= 2 && byte == std::byte{3}) {
      zeros = 0;
      continue;
    }
    zeros = byte == std::byte{0} ? zeros + 1 : 0;
    plain.push_back(byte);
  }
  return plain;
}

std::size_t escaped_size(ByteSpan unit, std::size_t plain) noexcept {
  std::size_t at = 0, zeros = 0;
  for (; at < unit.size() && plain > 0; ++at) {
    if (zeros >= 2 && unit[at] == std::byte{3}) {
      zeros = 0;
      continue;
    }
    zeros = unit[at] == std::byte{0} ? zeros + 1 : 0;
    --plain;
  }
  return at;
}

void append_unit(std::vector<std::byte>& sample, ByteSpan unit) {
  const std::size_t at = sample.size();
  sample.resize(at + 4);
  store_be32(sample.data() + at, static_cast<std::uint32_t>(unit.size()));
  sample.insert(sample.end(), unit.begin(), unit.end());
}

}  // namespace fanlight::packager
