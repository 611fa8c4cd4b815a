// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for cookies and tables that strangers can write into.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace fanlight {

using HashKey = std::array<std::uint64_t, 2>;

[[nodiscard]] std::uint64_t siphash(const HashKey& key, ByteSpan message) noexcept;

}  // namespace fanlight
