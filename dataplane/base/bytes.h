// Big-endian reading and writing. FixedReader checks the length once at run time and every offset at compile time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace fanlight {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

inline std::uint16_t load_be16(const std::byte* p) {
  std::uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap16(v);
}
inline std::uint32_t load_be32(const std::byte* p) {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap32(v);
}
inline void store_be16(std::byte* p, std::uint16_t v) {
  v = __builtin_bswap16(v);
  std::memcpy(p, &v, sizeof v);
}
inline void store_be32(std::byte* p, std::uint32_t v) {
  v = __builtin_bswap32(v);
  std::memcpy(p, &v, sizeof v);
}
inline void store_be64(std::byte* p, std::uint64_t v) {
  v = __builtin_bswap64(v);
  std::memcpy(p, &v, sizeof v);
}
static_assert(std::endian::native == std::endian::little, "loads and stores above swap unconditionally");

// A view of at least `Size` bytes whose offsets the compiler checks.
template <std::size_t Size>
class FixedReader {
 public:
  static std::optional<FixedReader> over(ByteSpan bytes) {
    if (bytes.size() < Size) return std::nullopt;
    return FixedReader{bytes.data()};
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint8_t u8() const {
    static_assert(Offset + 1 <= Size);
    return static_cast<std::uint8_t>(at_[Offset]);
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint16_t u16() const {
    static_assert(Offset + 2 <= Size);
    return load_be16(at_ + Offset);
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint32_t u32() const {
    static_assert(Offset + 4 <= Size);
    return load_be32(at_ + Offset);
  }

 private:
  explicit FixedReader(const std::byte* at) : at_(at) {}
  const std::byte* at_;
};

// Writes from the front of a span and remembers whether everything fitted. Nothing is written past the end.
class ByteWriter {
 public:
  explicit ByteWriter(MutableByteSpan out) : out_(out) {}
  void u8(std::uint8_t v) {
    if (std::byte* p = claim(1)) *p = std::byte{v};
  }
  void u16(std::uint16_t v) {
    if (std::byte* p = claim(2)) store_be16(p, v);
  }
  void u32(std::uint32_t v) {
    if (std::byte* p = claim(4)) store_be32(p, v);
  }
  void bytes(ByteSpan v) {
    if (v.empty()) return;
    if (std::byte* p = claim(v.size())) std::memcpy(p, v.data(), v.size());
  }
  void zeros(std::size_t n) {
    if (n == 0) return;
    if (std::byte* p = claim(n)) std::memset(p, 0, n);
  }
  // Bytes written, or 0 when something did not fit: half a packet is never sent.
  [[nodiscard]] std::size_t written() const { return overflowed_ ? 0 : at_; }

 private:
  std::byte* claim(std::size_t n) {
    if (overflowed_ || out_.size() - at_ < n) {
      overflowed_ = true;
      return nullptr;
    }
    std::byte* p = out_.data() + at_;
    at_ += n;
    return p;
  }
  MutableByteSpan out_;
  std::size_t at_ = 0;
  bool overflowed_ = false;
};

}  // namespace fanlight
