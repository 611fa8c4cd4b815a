// Writes a configuration record, first bit first. What is left of the last byte is zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

class BitWriter {
 public:
  // The lowest `count` bits of `value`.
  void bits(std::uint32_t value, unsigned count) {
    while (count-- > 0) {
      if (used_ % 8 == 0) bytes_.push_back(std::byte{0});
      bytes_.back() |= std::byte(static_cast<std::uint8_t>((value >> count & 1) << (7 - used_ % 8)));
      ++used_;
    }
  }
  void flag(bool value) { bits(value ? 1 : 0, 1); }
  // Only where a byte begins.
  void bytes(ByteSpan more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    used_ += 8 * more.size();
  }
  void align() { used_ = 8 * bytes_.size(); }
  [[nodiscard]] std::size_t position() const noexcept { return used_; }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;  // In bits.
};

}  // namespace fanlight::packager
