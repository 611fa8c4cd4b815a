// Puts the sections of one PID together: they may begin anywhere in a packet's payload and go on over several.
// ISO/IEC 13818-1 §2.4.4.1 (pointer_field)
#pragma once

#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

class Sections {
 public:
  // A packet's payload; `take` gets each section that is whole with it, whether intact or not.
  template <class Take>
  void handle(ByteSpan payload, bool starts_unit, Take&& take) {
    if (!starts_unit) return go_on(payload, take);
    if (payload.empty()) return forget();
    const std::size_t rest = std::to_integer<std::size_t>(payload[0]);  // Of the section before.
    if (rest >= payload.size()) return forget();
    go_on(payload.subspan(1, rest), take);
    pending_.clear();
    is_inside_ = true;
    go_on(payload.subspan(1 + rest), take);
  }
  // A packet was lost: what is pending is not whole.
  void forget() noexcept {
    pending_.clear();
    is_inside_ = false;
  }

 private:
  static constexpr std::size_t kSectionBytesMax = 4096;

  template <class Take>
  void go_on(ByteSpan bytes, Take& take) {
    if (!is_inside_) return;
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    std::size_t at = 0;
    while (const std::size_t length = whole_at(at)) {
      take(ByteSpan(pending_).subspan(at, length));
      at += length;
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(at));
    if (pending_.size() > kSectionBytesMax || is_stuffing()) forget();
  }
  // The length of the section there; 0 when it is not whole, or there is none.
  [[nodiscard]] std::size_t whole_at(std::size_t at) const noexcept {
    constexpr std::size_t kLengthBytes = 3;
    if (pending_.size() - at < kLengthBytes || pending_[at] == kStuffing) return 0;
    const std::size_t length = kLengthBytes + (load_be16(pending_.data() + at + 1) & 0x0FFFu);
    return length <= pending_.size() - at ? length : 0;
  }
  [[nodiscard]] bool is_stuffing() const noexcept { return !pending_.empty() && pending_[0] == kStuffing; }

  static constexpr std::byte kStuffing{0xFF};  // No table has this ID.
  std::vector<std::byte> pending_;
  bool is_inside_ = false;  // The start of what comes was seen.
};

}  // namespace fanlight::packager
