// A stream's live viewers of one cipher class, in a plain array that the fan-out walks. A pass may stop half way (the
// transmit queue is full) and go on in the next breath; viewers may leave in between, nobody may enter.
//
// The two classes share one room of as many places as there are viewers: one fills it from the front, one from the
// back. A place is the address of an envelope, which is all that a fresh packet reads of a viewer.
//
// Invariant: [0, served_) had this pass, [served_, size) did not yet; the first of those may have had a part of it.
// Nobody is served twice or left out by a removal.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/check.h"
#include "stream/viewer.h"

namespace fanlight {

class AudienceRoom {
 public:
  // Untouched memory: what no viewer ever stood on costs nothing.
  explicit AudienceRoom(std::size_t places)
      : places_(std::make_unique_for_overwrite<Envelope*[]>(places)), size_(places), free_(places) {}

 private:
  friend class Audience;
  std::unique_ptr<Envelope*[]> places_;
  std::size_t size_;
  std::size_t free_;
};

class Audience {
 public:
  enum class From : std::uint8_t { kFront, kBack };
  Audience(AudienceRoom& room, From from) : room_(room), from_(from) {}

  // Only between passes. False when the room is full.
  [[nodiscard]] bool add(Viewer& viewer) noexcept;
  void remove(Viewer& viewer) noexcept;

  void begin_pass() noexcept { served_ = packets_done_ = 0; }
  // The next viewer of this pass, or null when all had it.
  [[nodiscard]] Viewer* next() noexcept { return served_ < size_ ? &at(served_++) : nullptr; }
  // The envelopes of those that did not have this pass yet, and what the first of them had of it. Of who fills the room
  // from the front.
  [[nodiscard]] std::span<const Envelope* const> waiting() const noexcept {
    DCHECK(from_ == From::kFront);
    return std::span<const Envelope* const>(room_.places_.get(), size_).subspan(served_);
  }
  // So many had this pass: they stand in front.
  [[nodiscard]] std::size_t served() const noexcept { return served_; }
  [[nodiscard]] std::size_t packets_done() const noexcept { return packets_done_; }
  // So many departures of a run of `packets` left, from the first that waits.
  void note_served(std::size_t departures, std::size_t packets) noexcept {
    served_ += (packets_done_ + departures) / packets;
    packets_done_ = (packets_done_ + departures) % packets;
  }
  [[nodiscard]] bool is_pass_done() const noexcept { return served_ >= size_; }
  [[nodiscard]] bool is_served(const Viewer& viewer) const noexcept { return viewer.place_index < served_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Viewer& at(std::size_t i) noexcept { return Viewer::of(*place(i)); }

 private:
  [[nodiscard]] Envelope*& place(std::size_t i) noexcept {
    return room_.places_[from_ == From::kFront ? i : room_.size_ - 1 - i];
  }
  void put(std::size_t index, Viewer& viewer) noexcept {
    place(index) = &viewer.envelope;
    viewer.place_index = static_cast<std::uint32_t>(index);
  }

  AudienceRoom& room_;
  From from_;
  std::size_t size_ = 0;
  std::size_t served_ = 0;
  std::size_t packets_done_ = 0;  // Of the viewer at served_.
};

}  // namespace fanlight
