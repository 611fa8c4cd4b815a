#include "stream/history.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fanlight {

History::History(std::size_t slots) : slots_(slots), mask_(slots - 1) { CHECK(slots >= 2 && (slots & mask_) == 0); }

Verdict History::admit(Instant now, PacketPos pos, StreamTime time, PacketRef& packet, const RtpMarks& marks) noexcept {
  if (pos < oldest()) return Verdict::kTooLate;
  Slot& slot = slots_[static_cast<std::size_t>(pos.value) & mask_];
  if (slot.pos == pos && slot.packet) return Verdict::kDuplicate;
  const bool fresh = pos >= next_;
  if (fresh) advance_to(pos + 1);
  retire(slot);
  slot.packet = std::move(packet);
  slot.pos = pos;
  slot.time = time;
  slot.first_sent = now;
  slot.marks = marks;
  ++held_;
  return fresh ? Verdict::kAccepted : Verdict::kAcceptedLate;
}

// Holes keep the packet of a ring ago only until the ring has moved past it: find() goes by position.
void History::advance_to(PacketPos pos) noexcept {
  const std::int64_t steps = std::min<std::int64_t>(pos - next_, static_cast<std::int64_t>(slots_.size()));
  for (std::int64_t i = 1; i <= steps; ++i) retire(slots_[static_cast<std::size_t>((pos - i).value) & mask_]);
  next_ = std::max(next_, pos);
}

PacketPos History::oldest() const noexcept {
  return {std::max<std::int64_t>(0, next_.value - static_cast<std::int64_t>(slots_.size()))};
}

void History::retire(Slot& slot) noexcept {
  if (!slot.packet) return;
  slot.packet.reset();
  last_retired_ = slot.first_sent;
  --held_;
}

void History::clear() noexcept {
  for (Slot& slot : slots_) retire(slot);
}

}  // namespace fanlight
