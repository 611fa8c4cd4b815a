#include "engine/loss_list.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight {

template <std::size_t kMax>
std::int64_t BasicLossList<kMax>::add_gap(PosRange range, Instant give_up) noexcept {
  DCHECK(size_ == 0 || gaps_[size_ - 1].range.last < range.first);
  std::int64_t given_up = 0;
  if (size_ == kRangesMax) {
    given_up = gaps_[0].range.size();
    erase(0, 1);
  }
  gaps_[size_++] = {.range = range, .give_up = give_up, .asked_at = {}};
  packets_ += range.size();
  DCHECK(is_consistent());
  return given_up;
}

template <std::size_t kMax>
bool BasicLossList<kMax>::remove(PacketPos pos) noexcept {
  return remove_range({pos, pos}) == 1;
}

template <std::size_t kMax>
std::int64_t BasicLossList<kMax>::remove_range(PosRange range) noexcept {
  const std::int64_t before = packets_;
  std::size_t i = index_at_or_after(range.first);
  while (i < size_ && gaps_[i].range.first <= range.last) {
    Gap& gap = gaps_[i];
    const PosRange left{gap.range.first, range.first - 1};
    const PosRange right{range.last + 1, gap.range.last};
    if (left.size() <= 0 && right.size() <= 0) {
      erase(i, 1);
      continue;
    }
    packets_ -= gap.range.size();
    if (left.size() > 0 && right.size() > 0) {
      Gap tail = gap;
      tail.range = right;
      gap.range = left;
      packets_ += left.size();
      // No room for the tail: it is given up with the packet that split it off, which costs it a repair, no more.
      if (insert(i + 1, tail)) packets_ += right.size();
      break;
    }
    gap.range = left.size() > 0 ? left : right;
    packets_ += gap.range.size();
    ++i;
  }
  DCHECK(is_consistent());
  return before - packets_;
}

template <std::size_t kMax>
std::int64_t BasicLossList<kMax>::drop_due(Instant now) noexcept {
  std::size_t due = 0;
  std::int64_t dropped = 0;
  for (; due < size_ && gaps_[due].give_up <= now; ++due) dropped += gaps_[due].range.size();
  erase(0, due);
  DCHECK(is_consistent());
  return dropped;
}

template <std::size_t kMax>
std::int64_t BasicLossList<kMax>::clear() noexcept {
  const std::int64_t forgotten = packets_;
  size_ = 0;
  packets_ = 0;
  return forgotten;
}

template <std::size_t kMax>
bool BasicLossList<kMax>::contains(PacketPos pos) const noexcept {
  return find(pos) != nullptr;
}

template <std::size_t kMax>
const typename BasicLossList<kMax>::Gap* BasicLossList<kMax>::find(PacketPos pos) const noexcept {
  const std::size_t i = index_at_or_after(pos);
  return i < size_ && gaps_[i].range.first <= pos ? &gaps_[i] : nullptr;
}

// The first gap that ends at `pos` or behind it.
template <std::size_t kMax>
std::size_t BasicLossList<kMax>::index_at_or_after(PacketPos pos) const noexcept {
  const auto end = gaps_.begin() + size_;
  return static_cast<std::size_t>(
      std::lower_bound(gaps_.begin(), end, pos, [](const Gap& gap, PacketPos p) { return gap.range.last < p; }) -
      gaps_.begin());
}

template <std::size_t kMax>
void BasicLossList<kMax>::erase(std::size_t first, std::size_t count) noexcept {
  if (count == 0) return;
  for (std::size_t i = first; i < first + count; ++i) packets_ -= gaps_[i].range.size();
  std::move(gaps_.begin() + first + count, gaps_.begin() + size_, gaps_.begin() + first);
  size_ -= count;
}

template <std::size_t kMax>
bool BasicLossList<kMax>::insert(std::size_t at, const Gap& gap) noexcept {
  if (size_ == kRangesMax) return false;
  std::move_backward(gaps_.begin() + at, gaps_.begin() + size_, gaps_.begin() + size_ + 1);
  gaps_[at] = gap;
  ++size_;
  return true;
}

template <std::size_t kMax>
bool BasicLossList<kMax>::is_consistent() const noexcept {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (gaps_[i].range.size() <= 0) return false;
    if (i > 0 && (gaps_[i].range.first <= gaps_[i - 1].range.last || gaps_[i].give_up < gaps_[i - 1].give_up))
      return false;
    total += gaps_[i].range.size();
  }
  return total == packets_;
}

template class BasicLossList<512>;
template class BasicLossList<64>;

}  // namespace fanlight
