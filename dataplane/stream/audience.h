// A stream's live viewers of one cipher class, in a plain array that the fan-out walks. A pass may stop half way (the
// transmit queue is full) and go on in the next breath; viewers may leave in between, nobody may enter.
//
// Invariant: [0, served_) had this pass, [served_, size) did not yet. Nobody is served twice or left out by a removal.
#pragma once

#include <cstddef>
#include <vector>

#include "stream/viewer.h"

namespace fanlight {

class Audience {
 public:
  explicit Audience(std::size_t capacity) { viewers_.reserve(capacity); }

  // Only between passes. False when full.
  [[nodiscard]] bool add(Viewer& viewer) noexcept;
  void remove(Viewer& viewer) noexcept;

  void begin_pass() noexcept { served_ = 0; }
  // The next viewer of this pass, or null when all had it.
  [[nodiscard]] Viewer* next() noexcept { return served_ < viewers_.size() ? viewers_[served_++] : nullptr; }
  [[nodiscard]] bool is_pass_done() const noexcept { return served_ >= viewers_.size(); }
  [[nodiscard]] bool is_served(const Viewer& viewer) const noexcept { return viewer.place_index < served_; }
  [[nodiscard]] std::size_t size() const noexcept { return viewers_.size(); }
  [[nodiscard]] Viewer& at(std::size_t i) noexcept { return *viewers_[i]; }

 private:
  void put(std::size_t index, Viewer* viewer) noexcept;
  std::vector<Viewer*> viewers_;
  std::size_t served_ = 0;
};

}  // namespace fanlight
