// Where a worker's destinations stand, lent to their audiences in blocks (docs/adr/0044): a stream may have all of the
// relay's or none, and no stream keeps room for what stands elsewhere.
//
//   pool:      [block][block][block] ...   as many as all destinations fill, and one more for each audience
//   audience:  0..255 ─▶ block   256..511 ─▶ block   ...   the last one not full
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/check.h"
#include "contract/limits.h"
#include "packet/envelope.h"

namespace fanlight {

class PlacePool {
 public:
  using Index = std::uint16_t;
  static constexpr std::size_t kBlock = 256;  // Places.
  static constexpr Index kNone = 0xFFFF;

  // So many members in so many audiences never find it empty. Untouched memory: where nobody ever stood costs nothing.
  PlacePool(std::size_t members, std::size_t audiences)
      : free_(members / kBlock + audiences),
        places_(std::make_unique_for_overwrite<Envelope*[]>(free_.size() * kBlock)) {
    CHECK(free_.size() < kNone);
    for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = static_cast<Index>(free_.size() - 1 - i);
  }
  // kNone: all are lent.
  [[nodiscard]] Index take() noexcept {
    if (free_.empty()) return kNone;
    const Index block = free_.back();
    free_.pop_back();
    return block;
  }
  // Within the capacity of the list: it began with each of them.
  void give_back(Index block) noexcept { free_.push_back(block); }
  [[nodiscard]] Envelope** at(Index block) noexcept { return places_.get() + block * kBlock; }
  [[nodiscard]] std::size_t free_blocks() const noexcept { return free_.size(); }

 private:
  std::vector<Index> free_;
  std::unique_ptr<Envelope*[]> places_;
};

// One audience's share of a pool: the places of an AudienceOf.
class PlaceBlocks {
 public:
  void lend_from(PlacePool& pool) noexcept { pool_ = &pool; }
  // For one more than `size`. False when the pool is empty, or none was named.
  [[nodiscard]] bool try_grow(std::size_t size) noexcept {
    if (size % PlacePool::kBlock != 0) return true;
    if (pool_ == nullptr || size / PlacePool::kBlock == blocks_.size()) return false;
    PlacePool::Index& block = blocks_[size / PlacePool::kBlock];
    block = pool_->take();
    return block != PlacePool::kNone;
  }
  // To `size`, from one more.
  void shrink(std::size_t size) noexcept {
    if (size % PlacePool::kBlock == 0) pool_->give_back(blocks_[size / PlacePool::kBlock]);
  }
  [[nodiscard]] Envelope*& at(std::size_t i) noexcept { return block(i)[i % PlacePool::kBlock]; }
  // Those from `first` on that stand in a row, as far as `end`.
  [[nodiscard]] std::span<const Envelope* const> row(std::size_t first, std::size_t end) const noexcept {
    if (first == end) return {};
    const std::size_t last = std::min(end, (first / PlacePool::kBlock + 1) * PlacePool::kBlock);
    return {block(first) + first % PlacePool::kBlock, last - first};
  }

 private:
  [[nodiscard]] Envelope** block(std::size_t i) const noexcept { return pool_->at(blocks_[i / PlacePool::kBlock]); }

  PlacePool* pool_ = nullptr;
  std::array<PlacePool::Index, (kDestinationsMax + PlacePool::kBlock - 1) / PlacePool::kBlock> blocks_{};
};

}  // namespace fanlight
