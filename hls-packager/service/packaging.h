// The thread that packages: takes what the sources bring, keeps a live stream of each, and publishes what is new.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/ingest.h"
#include "ingest/sink.h"
#include "live/group.h"
#include "live/live_stream.h"
#include "origin/published.h"
#include "service/fault_log.h"
#include "service/settings.h"
#include "service/stream_board.h"

namespace fanlight::packager {

class Packaging final : private IngestSink {
 public:
  Packaging(const Settings& settings, Published& published, StreamBoard& board);

  // Errors: a port that cannot be listened to.
  [[nodiscard]] Result<Done> open();
  // Until it is asked to stop, within a twentieth of a second.
  void run(const std::stop_token& stop);

 private:
  struct Group;
  struct One {
    StreamSettings settings;
    LiveStream live;
    StreamStanding standing;
    std::size_t number = 0;  // Of its source.
    std::size_t member = 0;  // Of its group.
    Group* group = nullptr;
    bool is_up = false;
    std::string last_why{};  // As it was logged.
    Instant logged_at{};
    FaultLog faults{};
    std::optional<Instant> warned_at{};  // Of its bit rate.
  };
  struct Group {
    StreamGroup content;
    StreamStanding standing;
    std::vector<One*> members{};
    std::vector<std::string> said{};  // Why each is left out, as it was logged.
  };
  static constexpr Micros kBoardEvery = millis(200);
  static constexpr Micros kSameAgain = seconds(60);  // A reason that stays the same is logged so often.

  void handle_bytes(std::size_t source, ByteSpan bytes) override;
  void handle_up(std::size_t source) override;
  void handle_down(std::size_t source, std::string_view why, Micros again_in) override;
  void publish(One& one);
  void add_group(const GroupSettings& settings);
  void publish_group(One& one, const std::shared_ptr<const StreamSnapshot>& fresh, Instant now);
  static void say_who_is_left_out(Group& group);
  static void stand(Group& group);
  static void note_what_it_is(One& one);
  void say_what_is_wrong(One& one, Instant now) const;
  static void warn_of_latency(const One& one);
  static void warn_of_bitrate(One& one, Instant now);
  [[nodiscard]] static StreamState state_of(const One& one);
  void keep_time(Instant now);
  void tell(Instant now);
  [[nodiscard]] Micros until_next_deadline(Instant now) const;

  Published& published_;
  StreamBoard& board_;
  Ingest ingest_;
  std::deque<One> streams_;  // By source.
  std::deque<Group> groups_;
  Instant told_at_{};
};

}  // namespace fanlight::packager
