// One of the two ways that the packets of a source come (SMPTE ST 2022-7): what got lost on it, how many it brought
// first, and how far it is behind the other. Both go into one receiver, which drops what it has.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/time.h"

namespace fanlight::rtp {

class Leg {
 public:
  struct Stats {
    std::uint64_t packets = 0;
    std::uint64_t lost = 0;  // Less what came late, of the numbers that it should have brought.
    Micros behind;           // The other, smoothed, where the other was first.
    Micros behind_max;
  };

  // A packet of the source came this way; false when it had before ...
  bool note(Instant now, std::uint16_t seq) noexcept {
    note_stray(now);
    if (!follows(seq)) return begin(seq);
    const auto ahead = static_cast<std::int16_t>(seq - *newest_);
    for (int i = 1; i < ahead; ++i) came_.reset(index_of(static_cast<std::uint16_t>(*newest_ + i)));
    if (ahead > 0) {
      expected_ += static_cast<std::uint64_t>(ahead);
      newest_ = seq;
    } else if (came_[index_of(seq)]) {
      return false;
    }
    came_.set(index_of(seq));
    ++received_;
    return true;
  }
  // ... whose number says nothing about the next ones.
  void note_stray(Instant now) noexcept {
    ++packets_;
    note_doubted(now);
  }
  // One that counts as soon as another proves it, and is noted again then.
  void note_doubted(Instant now) noexcept { last_ = now; }
  // The source begins again: numbers that were there before are new ones.
  void forget_place() noexcept { newest_.reset(); }
  // The other had brought it so long before.
  void note_behind(Micros span) noexcept {
    behind_ = behind_ == Micros{} ? span : behind_ + (span - behind_) / 16;
    behind_max_ = std::max(behind_max_, span);
  }

  // It brought something that was near the stream's newest, or what followed that.
  [[nodiscard]] bool has_place() const noexcept { return newest_.has_value(); }
  // It is near what this leg brought last.
  [[nodiscard]] bool follows(std::uint16_t seq) const noexcept {
    return newest_ && std::abs(int{static_cast<std::int16_t>(seq - *newest_)}) <= kDropoutMax;
  }
  // It is behind what this leg brought last, or that itself.
  [[nodiscard]] bool has_passed(std::uint16_t seq) const noexcept {
    return newest_ && static_cast<std::int16_t>(seq - *newest_) <= 0;
  }
  [[nodiscard]] bool is_silent(Instant now, Micros span) const noexcept { return !last_ || now - *last_ >= span; }
  [[nodiscard]] Stats stats() const noexcept {
    return {.packets = packets_, .lost = lost_before_ + lost(), .behind = behind_, .behind_max = behind_max_};
  }

  static constexpr int kDropoutMax = 3000;  // RFC 3550 A.1

 private:
  static constexpr std::size_t kWindow = 4096;  // Numbers that it remembers whether they came.
  static_assert(kWindow > kDropoutMax);
  static constexpr std::size_t index_of(std::uint16_t seq) noexcept { return seq % kWindow; }
  // Numbers from before the first are not expected: as many that come hide as many losses.
  [[nodiscard]] std::uint64_t lost() const noexcept { return expected_ > received_ ? expected_ - received_ : 0; }
  bool begin(std::uint16_t seq) noexcept {
    lost_before_ += lost();
    expected_ = received_ = 1;
    newest_ = seq;
    came_.reset();
    came_.set(index_of(seq));
    return true;
  }

  std::bitset<kWindow> came_{};
  std::optional<std::uint16_t> newest_;
  std::optional<Instant> last_;
  std::uint64_t packets_ = 0;
  std::uint64_t expected_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t lost_before_ = 0;  // The last jump of its numbers.
  Micros behind_{};
  Micros behind_max_{};
};

}  // namespace fanlight::rtp
