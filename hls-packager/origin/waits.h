// Requests that are not answered yet: each in the list of what it waits for, and in one by when it has waited long
// enough. To wait costs nothing; to leave, for whatever reason, takes no search.
//
// Why no wheel or heap: there are few lengths of wait (three target durations), and waits of one length end in the
// order in which they began.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>

#include "base/time.h"
#include "http/message.h"
#include "origin/ask.h"

namespace fanlight::packager {

struct WaitedFor;
struct WaitedUntil;
template <class Tag>
using WaiterHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
template <class Waiter, class Tag>
using WaitersBy = boost::intrusive::list<Waiter, boost::intrusive::base_hook<WaiterHook<Tag>>,
                                         boost::intrusive::constant_time_size<false>>;

// What one takes, whatever is asked for.
inline constexpr std::size_t kWaiterBytesMax = 512;

// Leaves its lists when it goes.
struct Waiter : WaiterHook<WaitedFor>, WaiterHook<WaitedUntil> {
  HttpRequestId id{};
  Ask ask{};
  Instant until = Instant::never();
  std::uint64_t parts_sent = 0;  // Of a segment that is sent as it comes.
  bool has_begun = false;        // Such a segment.
};
using WaiterList = WaitersBy<Waiter, WaitedFor>;

class Waits {
 public:
  // In no list yet but, unless its time is over at `Instant::never()`, the one by time.
  Waiter& add(HttpRequestId id, const Ask& ask, Instant now, Micros at_most);
  // Without an end,
  Waiter& add_endless(HttpRequestId id, const Ask& ask);
  // until it gets one; the first holds.
  void limit(Waiter& waiter, Instant now, Micros at_most);
  [[nodiscard]] Waiter* find(HttpRequestId id);
  // Whether there was one.
  bool erase(HttpRequestId id);

  [[nodiscard]] std::size_t size() const { return waiters_.size(); }
  [[nodiscard]] Instant next_deadline() const;
  // Null: none has waited long enough.
  [[nodiscard]] Waiter* first_expired(Instant now);
  // In any order; `each` leaves them where they are.
  template <class Each>
  void for_each(Each&& each) {
    for (auto& [id, waiter] : waiters_) each(waiter);
  }

 private:
  struct Hash {
    std::size_t operator()(const HttpRequestId& id) const noexcept {
      return std::hash<std::uint64_t>{}(id.connection * 0x9E3779B97F4A7C15 + id.stream);
    }
  };
  std::map<Micros, WaitersBy<Waiter, WaitedUntil>> by_length_;
  std::unordered_map<HttpRequestId, Waiter, Hash> waiters_;  // Last: goes first, and leaves the lists.
};

}  // namespace fanlight::packager
