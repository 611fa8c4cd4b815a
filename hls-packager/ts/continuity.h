// Is a packet the one behind the last of its PID? ISO/IEC 13818-1 §2.4.3.3 (continuity_counter)
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "wire/ts_packet.h"

namespace fanlight::packager {

class Continuity {
 public:
  enum class Judgement : std::uint8_t {
    kNext,
    kAgain,      // The one before, sent twice: allowed once.
    kAnnounced,  // A jump, and the packet says so.
    kLost,       // Something is missing in front of it.
  };

  // A packet with payload: only those count.
  [[nodiscard]] Judgement judge(unsigned counter, bool is_discontinuous, ByteSpan payload) noexcept {
    const std::optional<unsigned> last = std::exchange(last_, counter);
    const bool is_again = last == counter && !was_again_ && is_last(payload);
    was_again_ = is_again;
    if (is_again) return Judgement::kAgain;
    payload_bytes_ = std::min(payload.size(), payload_.size());
    std::copy_n(payload.begin(), payload_bytes_, payload_.begin());
    if (!last || counter == ((*last + 1) & 15)) return Judgement::kNext;
    return is_discontinuous ? Judgement::kAnnounced : Judgement::kLost;
  }

 private:
  [[nodiscard]] bool is_last(ByteSpan payload) const noexcept {
    return std::equal(payload.begin(), payload.end(), payload_.begin(),
                      payload_.begin() + static_cast<std::ptrdiff_t>(payload_bytes_));
  }
  std::optional<unsigned> last_;
  bool was_again_ = false;
  std::size_t payload_bytes_ = 0;
  std::array<std::byte, wire::kTsPacketBytes> payload_{};
};

}  // namespace fanlight::packager
