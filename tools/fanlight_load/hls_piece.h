// The bytes behind one URL, as the viewers were given them: those of whoever is furthest are kept, once, and everybody
// else's are compared as they come. So each byte of each viewer is checked, and nobody has a copy.
#pragma once

#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "fanlight_load/hls_boxes.h"

namespace fanlight::load {

class HlsPiece {
 public:
  // A viewer's answer says how long it is. False: others were told otherwise.
  [[nodiscard]] bool is_length(std::uint64_t length) {
    if (!length_) {
      length_ = length;
      bytes_.reserve(length);
    }
    return *length_ == length;
  }
  // A viewer's bytes from `offset` on. False: others were given other bytes.
  [[nodiscard]] bool take(std::size_t offset, ByteSpan bytes) {
    const std::size_t known = offset < bytes_.size() ? std::min(bytes.size(), bytes_.size() - offset) : 0;
    if (known > 0 && std::memcmp(bytes_.data() + offset, bytes.data(), known) != 0) return false;
    if (offset + known == bytes_.size())
      bytes_.insert(bytes_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(known), bytes.end());
    return true;
  }
  [[nodiscard]] bool is_whole() const { return length_ && bytes_.size() == *length_; }
  [[nodiscard]] ByteSpan bytes() const { return bytes_; }

  Instant listed_at = Instant::never();  // First, by anybody.
  bool is_judged = false;
  bool begins_anew = false;  // Behind a discontinuity: media time need not go on.
  std::optional<HlsFragments> fragments;
  std::uint32_t timescale = 0;

 private:
  std::optional<std::uint64_t> length_;
  std::vector<std::byte> bytes_;
};

}  // namespace fanlight::load
