// From commands of SCTE 35 to ranges of dates: a way out begins one, the way back with its event's number ends it.
//
// Senders repeat a command until its time has come; that says nothing new. One that is called off, or that is said
// again with another time, ends as it stands: with no length if it has not begun.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "media/track_set.h"
#include "playlist/date_range.h"

namespace fanlight::packager {

class SpliceLog {
 public:
  // `at`: the date of its time; `newest`: media time of what came last. Ranges that it makes are appended, in order.
  void handle(const TimedSplice& splice, WallTime at, std::int64_t newest, std::vector<DateRange>& fresh);
  // What comes is another presentation; numbers go on.
  void restart() noexcept {
    events_.clear();
    ranges_.clear();
  }

  // The newest, in order.
  [[nodiscard]] const std::deque<DateRange>& ranges() const noexcept { return ranges_; }

 private:
  struct Event {
    SpliceEvent said;
    std::int64_t begins = 0;  // Media time.
    std::int64_t ends = 0;    // Once it has.
    bool has_ended = false;
    DateRange range;  // As it began.
  };
  void take(const SpliceEvent& said, const TimedSplice& splice, WallTime at, std::int64_t newest);
  void take_out(const SpliceEvent& said, const TimedSplice& splice, WallTime at, std::int64_t newest);
  void take_in(const SpliceEvent& said, const TimedSplice& splice, WallTime at);
  [[nodiscard]] bool is_known(const SpliceEvent& said, std::int64_t at) const noexcept;
  [[nodiscard]] Event* open_event(const SpliceEvent& said) noexcept;
  void begin(const SpliceEvent& said, const TimedSplice& splice, WallTime at);
  void end(Event& event, std::int64_t at, SpliceRole role, const TimedSplice& splice);
  void say(DateRange range);

  std::deque<Event> events_;
  std::deque<DateRange> ranges_;
  std::uint64_t said_ = 0;  // Ranges, ever.
};

}  // namespace fanlight::packager
