// A payload that can be recognised: its size and its place in the feed in the first word, and every later byte follows
// from them.
//
//  +0 size (16 bits) | index (48 bits)   +8 a stream of words seeded with word 0 and the world's salt
#pragma once

#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace fanlight::sim {

inline constexpr std::size_t kPayloadBytesMin = 16;

constexpr std::uint64_t next_word(std::uint64_t word) {
  return word * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
}

inline void fill_payload(MutableByteSpan out, std::uint64_t index, std::uint64_t salt) {
  std::uint64_t word = std::uint64_t{out.size()} << 48 | index;
  std::memcpy(out.data(), &word, 8);
  word ^= salt;
  for (std::size_t at = 8; at < out.size(); at += 8) {
    word = next_word(word);
    std::memcpy(out.data() + at, &word, std::min<std::size_t>(8, out.size() - at));
  }
}

// The index; empty when a bit differs.
inline std::optional<std::uint64_t> read_payload(ByteSpan payload, std::uint64_t salt) {
  if (payload.size() < kPayloadBytesMin) return std::nullopt;
  std::uint64_t word;
  std::memcpy(&word, payload.data(), 8);
  if (word >> 48 != payload.size()) return std::nullopt;
  const std::uint64_t index = word & 0xFFFF'FFFF'FFFF;
  word ^= salt;
  for (std::size_t at = 8; at < payload.size(); at += 8) {
    word = next_word(word);
    if (std::memcmp(payload.data() + at, &word, std::min<std::size_t>(8, payload.size() - at)) != 0)
      return std::nullopt;
  }
  return index;
}

}  // namespace fanlight::sim
