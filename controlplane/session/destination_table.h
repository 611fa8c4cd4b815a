// The destinations of the relay, each with where it stands. They are numbered with the calls, beside which they are
// listed, added and removed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/destination_rule.h"
#include "config/destination_sdp.h"
#include "contract/commands.h"
#include "session/srtp_key_table.h"

namespace fanlight::control {

enum class DestinationState : std::uint8_t {
  kWaiting,  // For its stream, or to be opened again.
  kOpening,
  kSending,
  kPaused,   // Open; nobody seems to be there.
  kWornOut,  // Not open, nor ever again: its key may protect nothing more.
};

// By which a leg's packets leave.
struct DestinationLegWay {
  std::uint32_t interface_index = 0;
  std::string fault{};  // Why none of them does.
};

struct DestinationEntry {
  std::uint32_t id = 0;
  DestinationRule rule;
  crypto::SrtpSendingKey* srtp = nullptr;  // Of the table's.
  std::uint32_t leader = 0;                // Whose leg it is: listed, removed and reloaded with that one; 0: its own.
  DestinationState state = DestinationState::kWaiting;
  Instant since{};  // In that state.
  Instant retry_at{};
  bool waits_for_stream = false;
  bool is_removed = false;     // Goes as soon as the worker has let go of it.
  bool is_blocked = false;     // Until a removed one has gone that has an address of its.
  std::string failure{};       // Why it is not sent to, or was not before.
  std::uint32_t attempts = 0;  // Since it was added.
  SocketId socket{};           // 0: not open.
  std::uint32_t ssrc = 0;      // Of its packets; 0: not known.
  std::size_t worker = 0;
  IpAddress local{};  // Of ours, where its packets leave; unspecified: the host's choice.
  // The second leg (SMPTE ST 2022-7) is opened behind the first, whose SSRC and beginnings it shares; they end
  // together.
  std::uint32_t random = 0;
  SocketId second_socket{};
  DestinationPause second_pause = DestinationPause::kNone;
  DestinationLegWay way{}, second_way{};
  std::uint32_t legs = 0;   // Sessions that are opening or open.
  bool is_ending = false;   // One ended: the other is to.
  bool may_be_own = false;  // It led to the relay itself when that was looked at last.
  SdpHistory sdp{};

  [[nodiscard]] bool is_open() const noexcept {
    return state == DestinationState::kSending || state == DestinationState::kPaused;
  }
};

// What it is called in the log.
[[nodiscard]] std::string title_of(const DestinationEntry& one);
[[nodiscard]] std::string_view name_of(DestinationState state);

class DestinationTable {
 public:
  // Why there can be no such one, by its key; empty when there can.
  [[nodiscard]] std::optional<std::string> refusal(const DestinationRule& rule) const { return keys_.refusal(rule); }
  // Its addresses are nobody's, or such of removed ones: then it is blocked until they are gone.
  DestinationEntry& add(std::uint32_t id, Instant now, DestinationRule rule, std::uint32_t leader = 0);
  void erase(std::uint32_t id, Instant now);
  [[nodiscard]] DestinationEntry* find(std::uint32_t id);
  // Who has that address, for RTP or for RTCP; removed ones have it until they are gone.
  [[nodiscard]] DestinationEntry* find(const Endpoint& remote);
  // Who waits for that address to become its own; null: nobody.
  [[nodiscard]] DestinationEntry* find_blocked(const Endpoint& remote);
  // Its places are free for others from here on.
  void note_removed(DestinationEntry& entry);
  // It waits until then.
  void wait(DestinationEntry& entry, Instant until);
  // One whose time has come; it is not among those that wait from here on. Null: no more.
  [[nodiscard]] DestinationEntry* take_due(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  // Of all that are not removed, second legs and FEC's among them.
  [[nodiscard]] std::size_t sessions() const { return sessions_; }
  // How many streams have destinations with FEC, and whether that one has.
  [[nodiscard]] std::size_t fec_streams() const { return fec_.size(); }
  [[nodiscard]] bool has_fec(const std::string& stream) const { return fec_.contains(stream); }
  // Visits all; `visit` may erase the one it is given.
  template <class Visit>
  void for_each(Visit visit) {
    for (auto at = entries_.begin(); at != entries_.end();) visit((at++)->second);
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, entry] : entries_) visit(entry);
  }

 private:
  void count(const DestinationEntry& entry, bool is_more);
  [[nodiscard]] bool claim(const DestinationEntry& entry);
  void unblock(const Endpoint& address, Instant now);

  SrtpKeyTable keys_;
  std::map<std::uint32_t, DestinationEntry> entries_;  // Nodes stay where they are.
  std::map<Endpoint, std::uint32_t> addresses_;
  std::map<Endpoint, std::uint32_t> blocked_;  // Who is to have it next.
  std::map<std::string, std::size_t> fec_;     // Destinations with FEC, by their stream.
  std::size_t sessions_ = 0;
  std::set<std::pair<Instant, std::uint32_t>> waiting_;
};

}  // namespace fanlight::control
