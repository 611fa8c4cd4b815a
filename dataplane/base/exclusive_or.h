// dst ^= src, as fast as memory goes: a plain loop that compilers turn into vectors.
#pragma once

#include "base/bytes.h"
#include "base/check.h"

namespace fanlight {

// `dst` is as long as `src`, or longer; they do not overlap.
inline void exclusive_or(MutableByteSpan dst, ByteSpan src) noexcept {
  DCHECK(src.size() <= dst.size());
  std::byte* __restrict to = dst.data();
  const std::byte* __restrict from = src.data();
  const std::size_t bytes = src.size();
  for (std::size_t i = 0; i < bytes; ++i) to[i] ^= from[i];
}

}  // namespace fanlight
