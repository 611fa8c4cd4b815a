// The streams by name and by index, and the patterns under which new ones may appear.
//
// Invariant: a name leads to at most one entry, and never to one that is retiring: the worker may still be closing the
// old stream's sessions when a new stream of the same name begins, under another index.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/stream_pattern.h"
#include "contract/commands.h"
#include "session/admission.h"
#include "session/overdraft.h"
#include "session/stream_policy.h"

namespace fanlight::control {

// What is not sent to a stream's destinations, because it is no whole TS packets.
struct UnfitPayload {
  std::uint16_t bytes = 0;
  Instant told{};   // By a worker, the last time ...
  Instant noted{};  // ... and when that stood in the log.
};

struct StreamEntry {
  StreamPolicy policy;
  StreamIndex index;
  bool is_dynamic = false;                            // Born under a pattern; ends after its publisher.
  bool is_removed = false;                            // Its rule is gone: no new sessions.
  bool is_retiring = false;                           // RemoveStream was said; waits for StreamRetired.
  std::optional<RequestId> publisher = std::nullopt;  // Taken from its CONCLUSION or our call on: two cannot win.
  bool is_published = false;                          // By `publisher`; not yet while our call for it rings.
  Micros publisher_latency{};                         // The publisher session's receive latency; 0 without one.
  std::size_t retired = 0;                            // Workers that gave theirs back.
  std::uint32_t sessions = 0;                         // Asked for or open, publisher and ringing calls included.
  std::uint32_t ringing_viewers = 0;                  // Of them: listeners that have not answered our call yet.
  std::uint32_t further_legs = 0;                     // Of them: second legs and FEC of destinations.
  Instant linger_end = Instant::never();              // When a dynamic stream without a publisher ends.
  StreamRate rate{};
  std::uint64_t publisher_bits_max = 0;  // What `publisher` was let in to send; 0: not said.
  std::uint32_t seconds_over = 0;        // In a row, that it sent more.
  Overdraft overdraft{};                 // Of that and a tenth.
  std::uint32_t fec_random = 0;          // Of all its destinations with FEC, which covers their numbers.
  std::string cname{};                   // Of reports about it; empty: not known.
  std::optional<UnfitPayload> unfit = std::nullopt;

  [[nodiscard]] double viewer_bits() const { return rate.bits_or(static_cast<double>(policy.bitrate_bits_max)); }
  // What is sent the stream, each by itself: a destination's legs as well.
  [[nodiscard]] std::uint32_t flows() const { return sessions - ringing_viewers - (publisher && sessions > 0 ? 1 : 0); }
  // Who watches: a destination is one, however many legs it has.
  [[nodiscard]] std::uint32_t viewers() const { return flows() - further_legs; }

  // Frees the publisher's place if it is `request`'s.
  void vacate(RequestId request) {
    if (publisher != request) return;
    publisher.reset();
    is_published = false;
    publisher_latency = Micros{};
    publisher_bits_max = 0;
    seconds_over = 0;
    overdraft = {};
  }
};

class StreamTable {
 public:
  [[nodiscard]] StreamEntry* find(std::string_view name);
  [[nodiscard]] const StreamEntry* find(std::string_view name) const;
  [[nodiscard]] StreamEntry* at(StreamIndex index);
  // The first pattern that `name` falls under.
  [[nodiscard]] const StreamPolicy* match(std::string_view name) const;

  // The name must be free. Null when all indices are in use.
  [[nodiscard]] StreamEntry* add(const StreamPolicy& policy, std::string_view name);
  // Frees the name; the index stays taken until erase().
  void retire(StreamEntry& entry);
  void erase(StreamIndex index);

  // False when there is one of that name already.
  [[nodiscard]] bool try_add_pattern(const StreamPolicy& pattern);
  [[nodiscard]] bool try_remove_pattern(std::string_view name);
  [[nodiscard]] const std::vector<StreamPolicy>& patterns() const { return patterns_; }
  void clear_patterns() { patterns_.clear(); }

  // Visits all that are not retiring; `visit` may retire the one it is given.
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [index, entry] : entries_)
      if (!entry.is_retiring) visit(entry);
  }
  [[nodiscard]] Instant next_linger_end() const;

 private:
  std::map<StreamIndex, StreamEntry> entries_;  // Nodes stay where they are: entries are handed out by pointer.
  std::map<std::string, StreamIndex, std::less<>> names_;
  std::vector<StreamPolicy> patterns_;  // In the configuration's order.
};

}  // namespace fanlight::control
