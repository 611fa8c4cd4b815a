// Which viewers get another key, and when. A key is due by its packets, which the worker counts, by time, or because an
// operator says so. The next one is made here and said by the worker; until the viewer has confirmed it, nothing
// changes (docs/adr/0028).
//
// 5,000 viewers may be due at one moment: so many keys are made at a time that the thread has others' turns in between.
// A session keeps its key-encrypting key and its salt, so a turn costs a key wrap and no PBKDF2, and a viewer never
// meets a salt that it would derive from (srt-wire §4.5).
//
//   due ─▶ kWanted ─ poll() ─▶ kAnnounced ─ kTurned ─▶ kIdle, until the next time
//                                  ╰─ kUnanswered ─▶ kIdle, for kRetryPause
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "contract/commands.h"
#include "session/derivation_budget.h"
#include "session/session_kek.h"

namespace fanlight::control {

class RotationDesk {
 public:
  static constexpr std::int64_t kKeysPerTurn = 32;
  static constexpr Micros kTurnInterval = millis(10);
  static constexpr Micros kRetryPause = seconds(60);
  // What became of a stream's keys is gathered for so long.
  static constexpr Micros kTallySpan = seconds(1);

  struct Viewer {
    RequestId request;
    StreamIndex stream;
    std::size_t worker = 0;
    SocketId socket{};  // 0 until the worker opened it.
    SessionKek keys;
    RekeyRule rule{};
  };
  void add(Instant now, Viewer viewer);
  void note_opened(RequestId request, SocketId socket);
  void forget(RequestId request);
  // The stream's rule has changed. How many packets a key may have goes with the next key.
  void apply_rule(Instant now, StreamIndex stream, const RekeyRule& rule);

  // True when it is a viewer with a key, which now gets another.
  bool ask(RequestId request);
  // As many as there are in the stream.
  std::size_t ask(StreamIndex stream);
  void handle_due(RequestId request) { ask(request); }
  void handle_announced(Instant now, RequestId request, KeyOutcome outcome);
  void handle_timeout(Instant now);

  struct Order {
    std::size_t worker = 0;
    command::AnnounceKey command;
  };
  // The next key to be said, as long as this turn has any.
  [[nodiscard]] std::optional<Order> poll(Instant now);
  struct Tally {
    StreamIndex stream{};
    std::size_t turned = 0;
    std::size_t unanswered = 0;
    RequestId last_turned{};
    RequestId last_unanswered{};
  };
  // What became of a stream's keys within kTallySpan.
  [[nodiscard]] std::optional<Tally> poll_tally(Instant now);
  [[nodiscard]] Instant next_deadline() const;

 private:
  enum class State : std::uint8_t { kIdle, kWanted, kAnnounced };
  struct Entry {
    Viewer viewer;
    State state = State::kIdle;
    Instant due_at = Instant::never();  // Idle.
  };
  [[nodiscard]] Entry* find(RequestId request);
  bool want(Entry& entry);
  void rest(Entry& entry, Instant until);
  void stop_waiting(Entry& entry);
  [[nodiscard]] Entry* take_wanted();
  struct OpenTally {
    Instant due_at{};
    Tally tally{};
  };

  std::unordered_map<std::uint64_t, Entry> viewers_;   // By request number.
  std::set<std::pair<Instant, std::uint64_t>> timed_;  // Those with a due_at.
  std::deque<std::uint64_t> wanted_;                   // Some may have gone, or wait for their socket.
  TokenBucket turns_;
  std::map<StreamIndex, OpenTally> tallies_;
};

}  // namespace fanlight::control
