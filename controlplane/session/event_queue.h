// What waits for somebody who may be slow, in its order. Bounded: when it is full, what is worth least goes first; of
// that, what came from the site that has most of it waiting; of that, the oldest. So neither strangers that come and go
// nor one busy site take the place of a publisher's beginning and end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/ip.h"
#include "session/session_event.h"

namespace fanlight::control {

template <class What>
class EventQueue {
 public:
  explicit EventQueue(std::size_t places) : places_(places) {}

  // Answers whether one had to go, maybe this one.
  bool add(What what, const EventRank& rank) {
    entries_.emplace(++last_, Entry{std::move(what), rank});
    std::deque<std::uint64_t>& lane = lanes_[rank];
    if (!lane.empty()) lengths_.erase(length_of(rank, lane));
    lane.push_back(last_);
    lengths_.insert(length_of(rank, lane));
    if (entries_.size() <= places_) return false;
    drop_one();
    return true;
  }
  // The oldest. There must be one.
  What take() {
    CHECK(!entries_.empty());
    auto node = entries_.extract(entries_.begin());
    shorten(node.mapped().rank);  // The oldest of all is the oldest of its kind and site.
    return std::move(node.mapped().what);
  }
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    What what;
    EventRank rank;
  };
  using Lane = std::deque<std::uint64_t>;  // Numbers of one kind and site, oldest first.
  // The worth, and how much is waiting, the most first.
  using Length = std::pair<std::pair<EventWorth, std::size_t>, IpAddress>;

  [[nodiscard]] static Length length_of(const EventRank& rank, const Lane& lane) {
    return {{rank.worth, SIZE_MAX - lane.size()}, rank.site};
  }
  std::uint64_t shorten(const EventRank& rank) {
    const auto found = lanes_.find(rank);
    Lane& lane = found->second;
    lengths_.erase(length_of(rank, lane));
    const std::uint64_t number = lane.front();
    lane.pop_front();
    if (lane.empty())
      lanes_.erase(found);
    else
      lengths_.insert(length_of(rank, lane));
    return number;
  }
  void drop_one() {
    const auto& [worth, site] = *lengths_.begin();
    entries_.erase(shorten({worth.first, site}));
  }

  const std::size_t places_;
  std::map<std::uint64_t, Entry> entries_;  // Oldest first.
  std::map<EventRank, Lane> lanes_;
  std::set<Length> lengths_;  // Of all lanes.
  std::uint64_t last_ = 0;
};

}  // namespace fanlight::control
