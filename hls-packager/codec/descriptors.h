// The descriptors of an elementary stream, ISO/IEC 13818-1 §2.6: | tag | length | content |, one behind the other.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace fanlight::packager {

struct Descriptor {
  std::uint8_t tag = 0;
  ByteSpan content{};
};

class DescriptorReader {
 public:
  explicit DescriptorReader(ByteSpan descriptors) noexcept : rest_(descriptors) {}

  // None either when the next is cut short.
  [[nodiscard]] std::optional<Descriptor> next() noexcept {
    if (rest_.size() < 2) return std::nullopt;
    const auto length = std::to_integer<std::size_t>(rest_[1]);
    if (rest_.size() - 2 < length) return std::nullopt;
    const Descriptor descriptor{std::to_integer<std::uint8_t>(rest_[0]), rest_.subspan(2, length)};
    rest_ = rest_.subspan(2 + length);
    return descriptor;
  }

 private:
  ByteSpan rest_;
};

[[nodiscard]] inline bool has_descriptor(ByteSpan descriptors, std::uint8_t tag) noexcept {
  DescriptorReader reader(descriptors);
  while (const auto descriptor = reader.next())
    if (descriptor->tag == tag) return true;
  return false;
}

// A registration_descriptor, §2.6.8: tag 5, four letters.
[[nodiscard]] inline bool has_registration(ByteSpan descriptors, std::uint32_t letters) noexcept {
  constexpr std::uint8_t kRegistration = 5;
  DescriptorReader reader(descriptors);
  while (const auto descriptor = reader.next())
    if (descriptor->tag == kRegistration && descriptor->content.size() >= 4 &&
        load_be32(descriptor->content.data()) == letters)
      return true;
  return false;
}

}  // namespace fanlight::packager
