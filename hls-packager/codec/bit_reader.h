// Bits of a header, first bit first: H.264 §7.2 and §9.1, and the MPEG-4, AC-3 and Opus headers alike.
//
// Past the end every answer is 0 and failed() stays true: a parser reads on and asks once, at its end. What is read
// from a NAL unit has lost its emulation prevention before (nal_units.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace fanlight::packager {

class BitReader {
 public:
  explicit BitReader(ByteSpan bytes) noexcept : bytes_(bytes) {}

  // At most 32 of them.
  std::uint32_t bits(unsigned count) noexcept {
    if (!claim(count)) return 0;
    std::uint64_t value = 0;
    while (count > 0) {
      const auto in_byte = static_cast<unsigned>(at_ % 8);
      const unsigned taken = std::min(8 - in_byte, count);
      const unsigned rest = std::to_integer<unsigned>(bytes_[at_ / 8]) & (0xFFU >> in_byte);
      value = value << taken | rest >> (8 - in_byte - taken);
      at_ += taken;
      count -= taken;
    }
    return static_cast<std::uint32_t>(value);
  }
  bool flag() noexcept { return bits(1) != 0; }
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(bits(8)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(bits(16)); }

  void skip(std::size_t count) noexcept {
    if (claim(count)) at_ += count;
  }

  // Exp-Golomb, §9.1: as many zeros as there are digits behind the one.
  std::uint32_t ue() noexcept {
    unsigned zeros = 0;
    while (!failed_ && !flag()) ++zeros;
    if (zeros > 31) failed_ = true;
    if (failed_) return 0;
    return (std::uint32_t{1} << zeros) - 1 + bits(zeros);
  }
  std::int32_t se() noexcept {
    const std::uint32_t code = ue();
    const auto half = static_cast<std::int32_t>(code / 2);
    return code % 2 != 0 ? half + 1 : -half;
  }

  // A number that may not be above `most`: anything else is as bad as no bits at all.
  std::uint32_t ue_up_to(std::uint32_t most) noexcept {
    const std::uint32_t value = ue();
    if (value > most) failed_ = true;
    return failed_ ? 0 : value;
  }

  void fail() noexcept { failed_ = true; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() * 8 - at_; }
  // To the next whole byte.
  void align() noexcept { skip((8 - at_ % 8) % 8); }

 private:
  bool claim(std::size_t count) noexcept {
    if (failed_ || left() < count) failed_ = true;
    return !failed_;
  }
  ByteSpan bytes_;
  std::size_t at_ = 0;  // In bits; at most 8 * bytes_.size().
  bool failed_ = false;
};

}  // namespace fanlight::packager
