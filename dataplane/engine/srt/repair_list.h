// What one viewer asked to have again and did not get yet. The first range stands here, the others in a pool that all
// viewers of the worker share: whatever the others do, each viewer's first range has its place.
//
// A NAK's ranges wait until the same breath serves them; a report with more than 16 ranges is cut, and the viewer's
// next periodic report brings the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/srt/range_pool.h"

namespace fanlight::srt {

class RepairList {
 public:
  static constexpr std::size_t kRangesMax = 16;

  // False when there is no room: the range is left to the next report.
  [[nodiscard]] bool add(RangePool& pool, PosRange range) noexcept;
  // The next position asked for, lowest of the oldest range first. `near`: any position of the viewer's.
  [[nodiscard]] std::optional<PacketPos> take(RangePool& pool, PacketPos near) noexcept;
  // Takes what follows the position taken last in its range, up to `end`; answers how many.
  std::int64_t take_until(RangePool& pool, PacketPos taken, PacketPos end) noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::int64_t packets(const RangePool& pool) const noexcept;
  void clear(RangePool& pool) noexcept;

 private:
  void drop_front(RangePool& pool, std::uint32_t packets) noexcept;
  LostRange front_;
  RangePool::Index next_ = RangePool::kNone;
  std::uint8_t size_ = 0;  // Ranges, the front among them.
};
static_assert(sizeof(RepairList) == 12);

}  // namespace fanlight::srt
