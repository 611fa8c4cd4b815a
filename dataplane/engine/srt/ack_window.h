// When each recent ACK left, so that its ACKACK gives an RTT sample, and how far it acknowledged.
// 256 full ACKs at one per 10 ms cover a round trip of 2.5 s.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/seq.h"
#include "base/time.h"

namespace fanlight::srt {

class AckWindow {
 public:
  struct Sent {
    Instant at;
    PacketPos first_missing;
  };
  void note(std::uint32_t number, Instant at, PacketPos first_missing) noexcept {
    entries_[number % kEntries] = {number, {at, first_missing}};
  }
  // Each ACK answers once; a repeated or unknown number answers nothing.
  [[nodiscard]] std::optional<Sent> take(std::uint32_t number) noexcept {
    Entry& entry = entries_[number % kEntries];
    if (number == 0 || entry.number != number) return std::nullopt;
    entry.number = 0;
    return entry.sent;
  }

 private:
  static constexpr std::size_t kEntries = 256;
  struct Entry {
    std::uint32_t number = 0;  // 0: empty; ACK numbers start at 1.
    Sent sent;
  };
  std::array<Entry, kEntries> entries_{};
};

}  // namespace fanlight::srt
