// The positions a receiver misses, as ranges in order, each with the moment it stops being worth asking for.
//
// Invariant: ranges do not touch or overlap and grow in position; give-up times never decrease along the list, because
// a gap is found when the packet behind it arrives. Beyond `kMax` ranges the oldest is given up early: 512 for a
// relay's publishers, 64 where one program receives for thousands.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/seq.h"
#include "base/time.h"

namespace fanlight {

template <std::size_t kMax>
class BasicLossList {
 public:
  static constexpr std::size_t kRangesMax = kMax;

  struct Gap {
    PosRange range;
    Instant give_up;   // The packet behind the gap is played then.
    Instant asked_at;  // Last time a NAK named it.
    bool asked = false;
    std::uint8_t asks = 0;  // How often; who counts them keeps them below 256.
  };

  // `range` lies behind everything listed. Answers how many packets an overfull list had to give up for it.
  std::int64_t add_gap(PosRange range, Instant give_up) noexcept;
  // False when `pos` was not missing.
  bool remove(PacketPos pos) noexcept;
  // Takes every position of `range` off the list; answers how many were on it.
  std::int64_t remove_range(PosRange range) noexcept;
  // Gives up all gaps whose time has come; answers how many packets that were.
  std::int64_t drop_due(Instant now) noexcept;
  // Forgets everything; answers how many packets that were.
  std::int64_t clear() noexcept;

  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool contains(PacketPos pos) const noexcept;
  // The gap that it is in; null when it is not missing.
  [[nodiscard]] const Gap* find(PacketPos pos) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t packets() const noexcept { return packets_; }
  [[nodiscard]] Gap& at(std::size_t i) noexcept { return gaps_[i]; }
  [[nodiscard]] const Gap& at(std::size_t i) const noexcept { return gaps_[i]; }
  // The first missing position; the list must not be empty.
  [[nodiscard]] PacketPos first() const noexcept { return gaps_[0].range.first; }
  [[nodiscard]] Instant next_give_up() const noexcept { return size_ == 0 ? Instant::never() : gaps_[0].give_up; }
  // Recounts everything from the raw list. For DCHECK.
  [[nodiscard]] bool is_consistent() const noexcept;

 private:
  [[nodiscard]] std::size_t index_at_or_after(PacketPos pos) const noexcept;
  void erase(std::size_t first, std::size_t count) noexcept;
  bool insert(std::size_t at, const Gap& gap) noexcept;

  std::array<Gap, kRangesMax> gaps_{};
  std::size_t size_ = 0;
  std::int64_t packets_ = 0;
};
extern template class BasicLossList<512>;
extern template class BasicLossList<64>;
using LossList = BasicLossList<512>;
using SmallLossList = BasicLossList<64>;

}  // namespace fanlight
