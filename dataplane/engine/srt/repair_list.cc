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
  const PacketPos pos = ranges_[0].first;
  shorten_front(pos + 1);
  return pos;
}

std::int64_t RepairList::take_until(PacketPos taken, PacketPos end) noexcept {
  if (size_ == 0 || ranges_[0].first != taken + 1) return 0;
  const PacketPos stop = std::clamp(end, ranges_[0].first, ranges_[0].last + 1);
  const std::int64_t count = stop - ranges_[0].first;
  shorten_front(stop);
  return count;
}

void RepairList::shorten_front(PacketPos first) noexcept {
  ranges_[0].first = first;
  if (ranges_[0].size() > 0) return;
  std::move(ranges_.begin() + 1, ranges_.begin() + size_, ranges_.begin());
  --size_;
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
