// The history against a map of positions.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "stream/history.h"

namespace fanlight {
namespace {

constexpr std::int64_t kSlots = 16;

struct Pair {
  PacketPool pool{64, 64};
  History history{kSlots};
  std::map<std::int64_t, std::int64_t> model;  // Position to the moment it arrived.
  std::int64_t next = 0;
  std::int64_t now = 0;

  void move_to(std::int64_t pos) {
    next = std::max(next, pos);
    model.erase(model.begin(), model.lower_bound(next - kSlots));
  }
  void admit(std::int64_t pos) {
    PacketRef packet = pool.take();
    const Verdict verdict = history.admit({++now}, {pos}, {}, packet);
    if (pos < std::max<std::int64_t>(0, next - kSlots)) {
      RC_ASSERT(verdict == Verdict::kTooLate);
    } else if (model.contains(pos)) {
      RC_ASSERT(verdict == Verdict::kDuplicate);
    } else {
      RC_ASSERT(verdict == (pos >= next ? Verdict::kAccepted : Verdict::kAcceptedLate));
      move_to(pos + 1);
      model[pos] = now;
    }
  }
  void check() const {
    RC_ASSERT(history.next().value == next);
    RC_ASSERT(history.held() == model.size());
    RC_ASSERT(pool.capacity() - pool.available() == model.size());
    for (std::int64_t pos = std::max<std::int64_t>(0, next - 3 * kSlots); pos < next + kSlots; ++pos) {
      const History::Slot* slot = history.find({pos});
      RC_ASSERT((slot != nullptr) == model.contains(pos));
      if (slot != nullptr) RC_ASSERT(slot->first_sent.us == model.at(pos));
    }
  }
};

RC_GTEST_PROP(HistoryProperty, AgreesWithAMap, ()) {
  Pair both;
  for (int steps = *rc::gen::inRange(1, 100); steps > 0; --steps) {
    const std::int64_t near = both.next + *rc::gen::inRange<std::int64_t>(-2 * kSlots, kSlots);
    if (*rc::gen::inRange(0, 12) == 0) {
      both.history.advance_to({near});
      both.move_to(near);
    } else {
      both.admit(std::max<std::int64_t>(0, near));
    }
    both.check();
  }
}

}  // namespace
}  // namespace fanlight
