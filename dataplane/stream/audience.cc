#include "stream/audience.h"

#include "base/check.h"

namespace fanlight {

bool Audience::add(Viewer& viewer) noexcept {
  if (viewers_.size() == viewers_.capacity()) return false;
  viewer.place_index = static_cast<std::uint32_t>(viewers_.size());
  viewers_.push_back(&viewer);
  envelopes_.push_back(&viewer.envelope);
  return true;
}

// Fills the hole from the end of its own part, and that part's hole from the end of the next: those that were served,
// the one that had a part of the pass, those that wait.
void Audience::remove(Viewer& viewer) noexcept {
  std::size_t hole = viewer.place_index;
  DCHECK(hole < viewers_.size() && viewers_[hole] == &viewer);
  if (hole < served_) {
    --served_;
    put(hole, viewers_[served_]);
    hole = served_;
    if (packets_done_ > 0) {
      put(hole, viewers_[hole + 1]);
      ++hole;
    }
  } else if (hole == served_) {
    packets_done_ = 0;
  }
  // When the part that lost one is all there is, its hole is the end: whoever stood there has moved already.
  if (hole + 1 < viewers_.size()) put(hole, viewers_.back());
  viewers_.pop_back();
  envelopes_.pop_back();
}

void Audience::put(std::size_t index, Viewer* viewer) noexcept {
  viewers_[index] = viewer;
  envelopes_[index] = &viewer->envelope;
  viewer->place_index = static_cast<std::uint32_t>(index);
}

}  // namespace fanlight
