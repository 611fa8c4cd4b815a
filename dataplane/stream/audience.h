// A stream's live viewers of one cipher class, or its destinations of one kind, in a plain array that the fan-out
// walks. A pass may stop half way (the port is full) and go on in the next breath; who stands there may leave in
// between, and no viewer may enter. A destination may: it gets that pass as well.
//
// The two cipher classes share one room of as many places as there are viewers: one fills it from the front, one from
// the back. Destinations stand in blocks that their worker lends (place_pool.h). A place is the address of an envelope,
// which is all that a fresh packet reads of a viewer.
//
// Invariant: [0, served_) had this pass, [served_, size) did not yet; the first of those may have had a part of it.
// Nobody is served twice or left out by a removal.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"
#include "stream/viewer.h"

namespace fanlight {

class AudienceRoom {
 public:
  // Untouched memory: what no viewer ever stood on costs nothing.
  explicit AudienceRoom(std::size_t places)
      : places_(std::make_unique_for_overwrite<Envelope*[]>(places)), size_(places), free_(places) {}

 private:
  friend class RoomEnd;
  std::unique_ptr<Envelope*[]> places_;
  std::size_t size_;
  std::size_t free_;
};

// What one of them has of it: the places of an AudienceOf.
class RoomEnd {
 public:
  enum class From : std::uint8_t { kFront, kBack };
  RoomEnd(AudienceRoom& room, From from) : room_(room), from_(from) {}

  [[nodiscard]] bool try_grow(std::size_t) noexcept {
    if (room_.free_ == 0) return false;
    --room_.free_;
    return true;
  }
  void shrink(std::size_t) noexcept { ++room_.free_; }
  [[nodiscard]] Envelope*& at(std::size_t i) noexcept {
    return room_.places_[from_ == From::kFront ? i : room_.size_ - 1 - i];
  }
  // Of who fills the room from the front.
  [[nodiscard]] std::span<const Envelope* const> row(std::size_t first, std::size_t end) const noexcept {
    DCHECK(from_ == From::kFront);
    return {room_.places_.get() + first, end - first};
  }

 private:
  AudienceRoom& room_;
  From from_;
};

// Member: has an envelope that leads back to it (of()), and keeps its index (place_index).
template <class Member, class Places>
class AudienceOf {
 public:
  template <class... Args>
  explicit AudienceOf(Args&&... args) : places_(std::forward<Args>(args)...) {}
  [[nodiscard]] Places& places() noexcept { return places_; }

  // False when there is no place.
  [[nodiscard]] bool add(Member& viewer) noexcept {
    if (!places_.try_grow(size_)) return false;
    put(size_++, viewer);
    return true;
  }
  // Fills the hole from the end of its own part, and that part's hole from the end of the next: those that were served,
  // the one that had a part of the pass, those that wait.
  void remove(Member& viewer) noexcept {
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
    places_.shrink(--size_);
  }

  void begin_pass() noexcept { served_ = packets_done_ = 0; }
  // The next viewer of this pass, or null when all had it.
  [[nodiscard]] Member* next() noexcept { return served_ < size_ ? &at(served_++) : nullptr; }
  // The envelopes of those that did not have this pass yet, as far as they stand in a row, and what the first of them
  // had of it.
  [[nodiscard]] std::span<const Envelope* const> waiting() const noexcept { return places_.row(served_, size_); }
  // So many had this pass: they stand in front.
  [[nodiscard]] std::size_t served() const noexcept { return served_; }
  [[nodiscard]] std::size_t packets_done() const noexcept { return packets_done_; }
  // So many departures of a run of `packets` left, from the first that waits.
  void note_served(std::size_t departures, std::size_t packets) noexcept {
    served_ += (packets_done_ + departures) / packets;
    packets_done_ = (packets_done_ + departures) % packets;
  }
  [[nodiscard]] bool is_pass_done() const noexcept { return served_ >= size_; }
  [[nodiscard]] bool is_served(const Member& viewer) const noexcept { return viewer.place_index < served_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Member& at(std::size_t i) noexcept { return Member::of(*places_.at(i)); }

 private:
  void put(std::size_t index, Member& viewer) noexcept {
    places_.at(index) = &viewer.envelope;
    viewer.place_index = static_cast<std::uint32_t>(index);
  }

  Places places_;
  std::size_t size_ = 0;
  std::size_t served_ = 0;
  std::size_t packets_done_ = 0;  // Of the viewer at served_.
};

using Audience = AudienceOf<Viewer, RoomEnd>;

}  // namespace fanlight
