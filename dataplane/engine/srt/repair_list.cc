#include "engine/srt/repair_list.h"

#include <algorithm>

namespace fanlight::srt {
namespace {

bool holds(const LostRange& known, PosRange range) {
  const PacketPos first = known.first.beside(range.first);
  return first <= range.first && range.last < first + known.packets;
}

}  // namespace

bool RepairList::add(RangePool& pool, PosRange range) noexcept {
  const LostRange lost{NearPos::of(range.first), static_cast<std::uint32_t>(range.size())};
  if (size_ == 0) {
    front_ = lost;
    size_ = 1;
    return true;
  }
  if (holds(front_, range)) return true;
  RangePool::Index* end = &next_;
  for (; *end != RangePool::kNone; end = &pool.at(*end).next)
    if (holds(pool.at(*end).range, range)) return true;
  if (size_ == kRangesMax) return false;
  *end = pool.take(lost);
  if (*end == RangePool::kNone) return false;
  ++size_;
  return true;
}

std::optional<PacketPos> RepairList::take(RangePool& pool, PacketPos near) noexcept {
  if (size_ == 0) return std::nullopt;
  const PacketPos pos = front_.first.beside(near);
  drop_front(pool, 1);
  return pos;
}

std::int64_t RepairList::take_until(RangePool& pool, PacketPos taken, PacketPos end) noexcept {
  if (size_ == 0 || front_.first != NearPos::of(taken + 1)) return 0;
  const std::int64_t count = std::clamp<std::int64_t>(end - (taken + 1), 0, front_.packets);
  drop_front(pool, static_cast<std::uint32_t>(count));
  return count;
}

void RepairList::drop_front(RangePool& pool, std::uint32_t packets) noexcept {
  front_.first.low += packets;
  front_.packets -= packets;
  if (front_.packets > 0) return;
  --size_;
  if (size_ == 0) return;
  const RangePool::Index taken = next_;
  front_ = pool.at(taken).range;
  next_ = pool.at(taken).next;
  pool.give_back(taken);
}

std::int64_t RepairList::packets(const RangePool& pool) const noexcept {
  if (size_ == 0) return 0;
  std::int64_t total = front_.packets;
  for (RangePool::Index i = next_; i != RangePool::kNone; i = pool.at(i).next) total += pool.at(i).range.packets;
  return total;
}

void RepairList::clear(RangePool& pool) noexcept {
  while (next_ != RangePool::kNone) {
    const RangePool::Index taken = next_;
    next_ = pool.at(taken).next;
    pool.give_back(taken);
  }
  size_ = 0;
}

}  // namespace fanlight::srt
