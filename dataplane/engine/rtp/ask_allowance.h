// How many bytes of NACKs are sent to the address that a stream comes from. Whoever sends may lie about where he is, so
// we say little to an address that nobody named: a twentieth of the bytes that came from there, and, until RTCP came
// from there as well, one NACK a second. RFC 4585 §3.5 gives RTCP the same share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace fanlight::rtp {

class AskAllowance {
 public:
  // `is_named`: an operator said where the stream comes from.
  explicit constexpr AskAllowance(bool is_named) noexcept : is_named_(is_named) {}

  // The stream comes from another address.
  constexpr void begin() noexcept {
    received_ = kFirst;
    is_heard_ = false;
  }
  constexpr void credit(std::size_t bytes) noexcept { received_ = std::min(received_ + bytes, kMost); }
  // RTCP came from there.
  constexpr void note_heard() noexcept { is_heard_ = true; }
  constexpr void spend(Instant now, std::size_t bytes) noexcept {
    received_ -= std::min(received_, kShare * bytes);
    if (!is_named_ && !is_heard_) next_ = now + seconds(1);
  }
  // What may be said now, in bytes of UDP payload, as they are credited.
  [[nodiscard]] constexpr std::size_t bytes(Instant now) const noexcept {
    return now < next() ? 0 : received_ / kShare;
  }
  // Before that nothing may.
  [[nodiscard]] constexpr Instant next() const noexcept { return is_named_ || is_heard_ ? Instant{} : next_; }

 private:
  static constexpr std::size_t kShare = 20;
  static constexpr std::size_t kFirst = kShare * 128;       // A NACK with a report and our name.
  static constexpr std::size_t kMost = kShare * 64 * 1024;  // No more at once, however long nothing was lost.

  bool is_named_;
  bool is_heard_ = false;
  std::size_t received_ = kFirst;
  Instant next_{};
};

}  // namespace fanlight::rtp
