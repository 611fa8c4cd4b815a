// One stream's packets, each held once, in a ring by position. Every viewer's repair, join and catch-up is an index
// into it (design D5).
//
// Invariant: a slot holds position p only if oldest() <= p < next(). Holes are slots without a packet. The ring never
// refuses: a new position retires the one a whole ring behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/seq.h"
#include "base/time.h"
#include "base/verdict.h"
#include "packet/packet.h"
#include "packet/rtp_marks.h"

namespace fanlight {

class History {
 public:
  struct Slot {
    PacketRef packet;  // Payload only, clear. Empty: a hole.
    PacketPos pos{-1};
    StreamTime time;     // Its place on the stream's clock.
    Instant first_sent;  // When it arrived, which is when it went to the viewers.
    RtpMarks marks;
  };

  // `slots` is a power of two.
  explicit History(std::size_t slots);

  // Takes the packet into its slot, retiring what was there. kDuplicate when the position is held, kTooLate when it has
  // been retired. The packet is left untouched unless accepted.
  [[nodiscard]] Verdict admit(Instant now, PacketPos pos, StreamTime time, PacketRef& packet,
                              const RtpMarks& marks = {}) noexcept;
  // Makes `pos` the next position, so that holes before it count as passed.
  void advance_to(PacketPos pos) noexcept;

  [[nodiscard]] const Slot* find(PacketPos pos) const noexcept {
    const Slot& slot = slots_[static_cast<std::size_t>(pos.value) & mask_];
    return slot.pos == pos && slot.packet ? &slot : nullptr;
  }
  [[nodiscard]] PacketPos next() const noexcept { return next_; }
  [[nodiscard]] PacketPos oldest() const noexcept;
  [[nodiscard]] std::size_t held() const noexcept { return held_; }
  [[nodiscard]] std::size_t slots() const noexcept { return slots_.size(); }
  // When the packet that was retired last had arrived; tells a ring that is too short for its stream.
  [[nodiscard]] Instant last_retired() const noexcept { return last_retired_; }
  void clear() noexcept;

 private:
  void retire(Slot& slot) noexcept;

  std::vector<Slot> slots_;
  std::size_t mask_;
  PacketPos next_{0};
  std::size_t held_ = 0;
  Instant last_retired_;
};

}  // namespace fanlight
