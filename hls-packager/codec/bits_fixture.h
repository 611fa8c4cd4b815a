// Writes headers for tests, as the specifications list them: numbers of so many bits, and of Exp-Golomb.
#pragma once

#include <bit>

#include "codec/bit_writer.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {

class TestBits {
 public:
  TestBits& bits(std::uint32_t value, unsigned count) {
    out_.bits(value, count);
    return *this;
  }
  TestBits& ue(std::uint32_t value) {
    const auto digits = static_cast<unsigned>(std::bit_width(value + 1));
    out_.bits(0, digits - 1);
    out_.bits(value + 1, digits);
    return *this;
  }
  // The one that ends a set or a slice head.
  Bytes finish() {
    out_.bits(1, 1);
    return out_.take();
  }
  Bytes take() { return out_.take(); }

 private:
  BitWriter out_;
};

// With emulation prevention.
inline Bytes escaped(ByteSpan plain) {
  Bytes unit;
  int zeros = 0;
  for (const std::byte byte : plain) {
    if (zeros >= 2 && byte <= std::byte{3}) {
      unit.push_back(std::byte{3});
      zeros = 0;
    }
    zeros = byte == std::byte{0} ? zeros + 1 : 0;
    unit.push_back(byte);
  }
  return unit;
}

inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline Bytes annex_b(std::initializer_list<Bytes> units) {
  Bytes all;
  for (const Bytes& unit : units) all = joined({all, from_hex("00000001"), unit});
  return all;
}

}  // namespace fanlight::packager
