// The loss list against a set of positions.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "engine/loss_list.h"

namespace fanlight {
namespace {

// Position to the moment it is given up.
using Model = std::map<std::int64_t, std::int64_t>;

struct Pair {
  LossList list;
  Model model;
  std::int64_t newest = 0;
  std::int64_t now = 0;

  void add_gap() {
    const std::int64_t first = newest + *rc::gen::inRange(2, 5);
    const std::int64_t last = first + *rc::gen::inRange(0, 6);
    newest = last;
    if (list.size() == LossList::kRangesMax) return;  // What then happens is a unit test's.
    list.add_gap({{first}, {last}}, {now + 100});
    for (std::int64_t pos = first; pos <= last; ++pos) model[pos] = now + 100;
  }
  void remove_range() {
    const std::int64_t first = *rc::gen::inRange<std::int64_t>(0, newest + 2);
    const std::int64_t last = first + *rc::gen::inRange(0, 12);
    const auto from = model.lower_bound(first);
    const auto to = model.upper_bound(last);
    const auto count = std::distance(from, to);
    model.erase(from, to);
    RC_ASSERT(list.remove_range({{first}, {last}}) == count);
  }
  void remove() {
    const std::int64_t pos = *rc::gen::inRange<std::int64_t>(0, newest + 2);
    RC_ASSERT(list.remove({pos}) == (model.erase(pos) == 1));
  }
  void drop_due() {
    now += *rc::gen::inRange(0, 60);
    const auto count = std::erase_if(model, [&](const auto& one) { return one.second <= now; });
    RC_ASSERT(list.drop_due({now}) == static_cast<std::int64_t>(count));
  }
  void check() const {
    RC_ASSERT(list.is_consistent());
    RC_ASSERT(list.packets() == static_cast<std::int64_t>(model.size()));
    RC_ASSERT(list.is_empty() == model.empty());
    if (model.empty()) return;
    RC_ASSERT(list.first().value == model.begin()->first);
    RC_ASSERT(list.next_give_up().us == model.begin()->second);
    const std::int64_t pos = *rc::gen::inRange<std::int64_t>(0, newest + 2);
    RC_ASSERT(list.contains({pos}) == model.contains(pos));
  }
};

RC_GTEST_PROP(LossListProperty, AgreesWithASet, ()) {
  auto both = std::make_unique<Pair>();
  for (int steps = *rc::gen::inRange(1, 120); steps > 0; --steps) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        both->drop_due();
        break;
      case 1:
        both->remove_range();
        break;
      case 2:
        both->remove();
        break;
      default:
        both->add_gap();
        break;
    }
    both->check();
  }
}

}  // namespace
}  // namespace fanlight
