// What happens to sessions, for whoever follows along: `fanlight events` and the operator's webhook.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "contract/commands.h"
#include "session/session_table.h"

namespace fanlight::control {

struct SessionEvent {
  enum class Kind : std::uint8_t {
    kConnect,
    kDisconnect,  // With reason, age and the final statistics.
    kPublishStart,
    kPublishStop,
    kKeyRotated,  // A session's packets have another key.
    kRejected,    // With the code.
    kCallFailed,  // A listener that the relay calls did not take it.
    kBan,         // `address` says whom.
    kUnban,
  };
  Kind kind = Kind::kConnect;
  std::uint64_t number = 0;  // From 1, without a gap but for events that were dropped.
  SocketId session{};        // 0: none.
  std::optional<Role> role{};
  std::string stream{};
  std::string user{};
  std::string address{};          // With port, or a prefix.
  std::uint32_t srt_version = 0;  // 0: not known.
  std::size_t key_bytes = 0;      // 0: clear.
  std::uint32_t call = 0;         // The call of ours that it came from; 0: none.
  std::int32_t code = 0;          // As the wire carries it; 0: none.
  std::string reason{};
  Micros age{};
  std::optional<SessionStats> stats{};
  IpAddress caller{};  // Nobody's: it is the relay's own, or the operator's.
};

// What gives way first where more happens than is taken.
enum class EventWorth : std::uint8_t { kRejection, kViewer, kKey, kPublisher };
struct EventRank {
  EventWorth worth = EventWorth::kPublisher;
  IpAddress site{};
  friend auto operator<=>(const EventRank&, const EventRank&) = default;
};
[[nodiscard]] EventRank rank_of(const SessionEvent& event);

// "publish_start"
[[nodiscard]] std::string_view name_of(SessionEvent::Kind kind);
// Whom it is about is filled in, and nothing secret.
[[nodiscard]] SessionEvent event_of(SessionEvent::Kind kind, const Session& session);

}  // namespace fanlight::control
