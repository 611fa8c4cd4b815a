#include "engine/rtp/canonical_name.h"

#include <algorithm>

namespace fanlight::rtp {
namespace {

constexpr std::size_t kAboutBytesMax = 255;  // A CNAME's, RFC 3550 §6.5.

}  // namespace

CanonicalName CanonicalName::of(const HashKey& key, Of kind, ByteSpan about) noexcept {
  std::array<std::byte, 2 + kAboutBytesMax> message{std::byte{static_cast<std::uint8_t>(kind)}};
  const std::size_t bytes = std::min(about.size(), kAboutBytesMax);
  std::copy_n(about.begin(), bytes, message.begin() + 2);
  const auto hash = [&](std::uint8_t half) {
    message[1] = std::byte{half};
    return siphash(key, std::span(message).first(2 + bytes));
  };
  const std::uint64_t high = hash(0);
  return {{static_cast<std::uint32_t>(high >> 32), static_cast<std::uint32_t>(high),
           static_cast<std::uint32_t>(hash(1)) | 1}};  // Never none.
}

CanonicalName::Text CanonicalName::text() const noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Text text;
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = kDigits[words[i / 8] >> (28 - 4 * (i % 8)) & 0xF];
  return text;
}

}  // namespace fanlight::rtp
