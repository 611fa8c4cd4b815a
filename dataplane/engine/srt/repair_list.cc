#include "engine/srt/repair_list.h"

#include <algorithm>

namespace fanlight::srt {

bool RepairList::add(PosRange range) noexcept {
  for (std::size_t i = 0; i < size_; ++i)
    if (ranges_[i].first <= range.first && range.last <= ranges_[i].last) return true;
  if (size_ == kRangesMax) return false;
  ranges_[size_++] = range;
  return true;
}

std::optional<PacketPos> RepairList::take() noexcept {
  if (size_ == 0) return std::nullopt;
  PosRange& range = ranges_[0];
  const PacketPos pos = range.first;
  range.first = range.first + 1;
  if (range.size() <= 0) {
    std::move(ranges_.begin() + 1, ranges_.begin() + size_, ranges_.begin());
    --size_;
  }
  return pos;
}

std::int64_t RepairList::packets() const noexcept {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < size_; ++i) total += ranges_[i].size();
  return total;
}

bool RepairList::was_repaired(PacketPos pos, Instant now, Micros span) const noexcept {
  return std::any_of(recent_.begin(), recent_.end(),
                     [&](const Recent& recent) { return recent.pos == pos && now - recent.at < span; });
}

void RepairList::note_repaired(PacketPos pos, Instant now) noexcept {
  recent_[recent_next_++ % kRecentMax] = {pos, now};
}

}  // namespace fanlight::srt
