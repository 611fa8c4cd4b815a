// The name under which a source's reports go. Receivers take streams of one name for made by one clock, and play them
// in step. It says so and nothing of a host: 96 bits that only this run of the relay makes, as hexadecimal digits.
// RFC 3550 §6.5.1, RFC 7022 §4.2
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/siphash.h"

namespace fanlight::rtp {

struct CanonicalName {
  // What it is the name of. No two kinds share one.
  enum class Of : std::uint8_t { kRelay, kStream, kSource };
  using Text = std::array<char, 24>;

  std::array<std::uint32_t, 3> words{};  // Zero: none.
  // Equal for what is equal. `about` has 255 bytes at most.
  [[nodiscard]] static CanonicalName of(const HashKey& key, Of kind, ByteSpan about) noexcept;
  [[nodiscard]] Text text() const noexcept;
  [[nodiscard]] bool is_none() const noexcept { return *this == CanonicalName{}; }
  friend bool operator==(const CanonicalName&, const CanonicalName&) = default;
};

}  // namespace fanlight::rtp
