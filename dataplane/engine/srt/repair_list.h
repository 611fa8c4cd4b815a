// What one viewer asked to have again and did not get yet, and what it got lately: two small fixed tables.
//
// A NAK's ranges wait in `pending` until the same breath serves them; a report with more than 16 ranges is cut, and the
// viewer's next periodic report brings the rest. `recent` remembers the last 16 repairs, so that a report sent before
// the repair arrived does not have it sent twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/seq.h"
#include "base/time.h"

namespace fanlight::srt {

class RepairList {
 public:
  static constexpr std::size_t kRangesMax = 16;
  static constexpr std::size_t kRecentMax = 16;

  // False when the table is full: the range is left to the next report.
  [[nodiscard]] bool add(PosRange range) noexcept;
  // The next position asked for, lowest of the oldest range first.
  [[nodiscard]] std::optional<PacketPos> take() noexcept;
  // Takes what follows the position taken last in its range, up to `end`; answers how many.
  std::int64_t take_until(PacketPos taken, PacketPos end) noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::int64_t packets() const noexcept;
  void clear() noexcept { size_ = 0; }

  // True when `pos` was repaired less than `span` ago.
  [[nodiscard]] bool was_repaired(PacketPos pos, Instant now, Micros span) const noexcept;
  void note_repaired(PacketPos pos, Instant now) noexcept;

 private:
  void shorten_front(PacketPos first) noexcept;
  struct Recent {
    PacketPos pos{-1};
    Instant at;
  };
  std::size_t size_ = 0;
  std::array<PosRange, kRangesMax> ranges_{};
  std::array<Recent, kRecentMax> recent_{};
  std::size_t recent_next_ = 0;
};

}  // namespace fanlight::srt
