// A stream's live viewers of one cipher class, in a plain array that the fan-out walks. A pass may stop half way (the
// transmit queue is full) and go on in the next breath; viewers may leave in between, nobody may enter.
//
// Invariant: [0, served_) had this pass, [served_, size) did not yet; the first of those may have had a part of it.
// Nobody is served twice or left out by a removal.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "stream/viewer.h"

namespace fanlight {

class Audience {
 public:
  explicit Audience(std::size_t capacity) {
    viewers_.reserve(capacity);
    envelopes_.reserve(capacity);
  }

  // Only between passes. False when full.
  [[nodiscard]] bool add(Viewer& viewer) noexcept;
  void remove(Viewer& viewer) noexcept;

  void begin_pass() noexcept { served_ = packets_done_ = 0; }
  // The next viewer of this pass, or null when all had it.
  [[nodiscard]] Viewer* next() noexcept { return served_ < viewers_.size() ? viewers_[served_++] : nullptr; }
  // The envelopes of those that did not have this pass yet, and what the first of them had of it.
  [[nodiscard]] std::span<const Envelope* const> waiting() const noexcept {
    return std::span(envelopes_).subspan(served_);
  }
  [[nodiscard]] std::size_t packets_done() const noexcept { return packets_done_; }
  // So many departures of a run of `packets` left, from the first that waits.
  void note_served(std::size_t departures, std::size_t packets) noexcept {
    served_ += (packets_done_ + departures) / packets;
    packets_done_ = (packets_done_ + departures) % packets;
  }
  [[nodiscard]] bool is_pass_done() const noexcept { return served_ >= viewers_.size(); }
  [[nodiscard]] bool is_served(const Viewer& viewer) const noexcept { return viewer.place_index < served_; }
  [[nodiscard]] std::size_t size() const noexcept { return viewers_.size(); }
  [[nodiscard]] Viewer& at(std::size_t i) noexcept { return *viewers_[i]; }

 private:
  void put(std::size_t index, Viewer* viewer) noexcept;
  std::vector<Viewer*> viewers_;
  std::vector<const Envelope*> envelopes_;  // Of the viewer at the same index: all that a fresh packet reads of it.
  std::size_t served_ = 0;
  std::size_t packets_done_ = 0;  // Of the viewer at served_.
};

}  // namespace fanlight
