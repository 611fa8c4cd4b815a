#include "stream/audience.h"

namespace fanlight {

bool Audience::add(Viewer& viewer) noexcept {
  if (room_.free_ == 0) return false;
  --room_.free_;
  put(size_++, viewer);
  return true;
}

// Fills the hole from the end of its own part, and that part's hole from the end of the next: those that were served,
// the one that had a part of the pass, those that wait.
void Audience::remove(Viewer& viewer) noexcept {
  std::size_t hole = viewer.place_index;
  DCHECK(hole < size_ && &at(hole) == &viewer);
  if (hole < served_) {
    --served_;
    put(hole, at(served_));
    hole = served_;
    if (packets_done_ > 0) {
      put(hole, at(hole + 1));
      ++hole;
    }
  } else if (hole == served_) {
    packets_done_ = 0;
  }
  // When the part that lost one is all there is, its hole is the end: whoever stood there has moved already.
  if (hole + 1 < size_) put(hole, at(size_ - 1));
  --size_;
  ++room_.free_;
}

}  // namespace fanlight
