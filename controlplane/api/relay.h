// What the API may know of the relay and ask of it: the seam between HTTP and the session desk. The daemon implements
// it on the desk; tests implement it on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/destination_rule.h"
#include "config/policy_rule.h"
#include "config/rules.h"
#include "contract/counters.h"
#include "hooks/webhook_view.h"
#include "session/access_forecast.h"
#include "session/admission.h"
#include "session/ban_table.h"
#include "session/call_table.h"
#include "session/feed_table.h"
#include "session/key_ring.h"
#include "session/report_desk.h"

namespace fanlight::control {

struct RelayFacts {
  std::string version;
  std::string port;  // "sockets" or "ethernet".
  std::uint64_t uptime_s = 0;
  std::vector<const WorkerCounters*> counters;  // By worker.
  AdmissionView admission{};
  ArmourView armour{};
  std::vector<WebhookView> webhooks{};
  std::uint64_t left_unasked = 0;         // Callers, for want of a turn or of time.
  std::uint64_t tokens_unread = 0;        // Too many from there were bad.
  std::uint64_t refusals_remembered = 0;  // Without asking a webhook again.
  EventsView events{};
  std::vector<FeedView> feeds{};
};

// No session has this ID (bits 31 and 30 of ours are clear): asking for it brings the streams alone.
inline constexpr SocketId kNoSession{0xFFFF'FFFF};

class Relay {
 public:
  virtual ~Relay() = default;
  [[nodiscard]] virtual RelayFacts facts() const = 0;
  [[nodiscard]] virtual Result<Done> add_stream(const StreamRule& rule) = 0;
  [[nodiscard]] virtual Result<Done> remove_stream(std::string_view name) = 0;
  [[nodiscard]] virtual Result<Done> kick(SocketId socket) = 0;
  // Of a stream's or pattern's viewers, or of one session. Answers how many get another.
  [[nodiscard]] virtual Result<std::size_t> rotate_keys(std::string_view stream, SocketId socket) = 0;
  [[nodiscard]] virtual std::vector<PolicyRule> policies() const = 0;
  [[nodiscard]] virtual Result<AccessForecast> forecast(AccessQuestion question) = 0;
  [[nodiscard]] virtual Result<Done> set_key(const KeyRule& rule) = 0;
  [[nodiscard]] virtual std::vector<KeyView> keys() const = 0;
  [[nodiscard]] virtual Result<std::size_t> kick_earlier(const KeyPlace& place) = 0;
  [[nodiscard]] virtual Result<ExpiredKeys> expire_keys(const KeyPlace& place, std::int64_t in_seconds, bool kicks) = 0;
  [[nodiscard]] virtual Result<std::uint32_t> add_call(const CallRule& rule) = 0;
  [[nodiscard]] virtual Result<std::uint32_t> add_destination(const DestinationRule& rule) = 0;
  [[nodiscard]] virtual Result<Done> remove_call(std::uint32_t id, std::optional<Role> role) = 0;
  // `with_keys`: session descriptions hold the keys of SRTP destinations.
  [[nodiscard]] virtual std::vector<CallView> calls(bool with_keys) const = 0;
  [[nodiscard]] virtual std::vector<FeedView> feeds() const = 0;
  // Answers how many sessions end.
  [[nodiscard]] virtual Result<std::size_t> ban(const BanOrder& order) = 0;
  [[nodiscard]] virtual Result<Done> unban(const IpPrefix& prefix) = 0;
  [[nodiscard]] virtual std::vector<BanView> bans() const = 0;
  // As SessionDesk's: the report comes later, or never when the worker is stuck.
  [[nodiscard]] virtual std::uint64_t ask_report(SocketId socket) = 0;
  [[nodiscard]] virtual std::optional<Report> take_report(std::uint64_t ticket) = 0;
};

}  // namespace fanlight::control
