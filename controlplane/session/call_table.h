// The calls that the relay is to have made, each with where it stands. One that ended or failed is made again after a
// pause that doubles from 1 s to 30 s, of which the second half is random: a hundred relays that lost one listener do
// not come back as one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "config/rules.h"
#include "config/secret.h"
#include "contract/commands.h"
#include "contract/limits.h"
#include "session/publisher_keys.h"

namespace fanlight::control {

enum class CallState : std::uint8_t { kWaiting, kResolving, kCalling, kConnected };

struct CallEntry {
  std::uint32_t id = 0;
  CallRule rule;  // Its passphrase is wiped.
  Secret passphrase{};
  CallState state = CallState::kWaiting;
  Instant since{};                // In that state.
  Instant retry_at{};             // Waiting: when it is tried again.
  bool waits_for_stream = false;  // Nobody was called: what stands in the way is here.
  bool is_removed = false;        // Goes as soon as the worker has answered.
  std::string failure{};          // Why it is not connected, or was not before.
  std::uint32_t attempts = 0;     // Since it was added.
  std::uint32_t failures = 0;     // In a row.
  std::vector<IpAddress> addresses{};
  RequestId request{};  // Of the last call or session.
  std::size_t worker = 0;
  StreamIndex stream{};
  SeqNo first_seq{};
  SocketId socket{};  // Of the session.
  SessionKek keys{};  // Of the last call, if it is encrypted.
  KeyPrints prints{};
};

// A call as the API shows it.
struct CallView {
  std::uint32_t id = 0;
  Role role = Role::kViewer;
  std::string stream{};
  std::string url{};  // Without its passphrase.
  std::string_view state{};
  Micros age{};       // In that state.
  Micros retry_in{};  // Waiting.
  std::string failure{};
  std::uint32_t attempts = 0;
  SocketId socket{};  // 0: not connected.
  bool is_encrypted = false;
  std::uint32_t ssrc = 0;  // Of an RTP destination; 0: not known.
  std::string sdp{};       // Of an RTP destination.
};

class CallTable {
 public:
  static constexpr std::size_t kCallsMax = 256;

  // The rule's passphrase goes into a Secret. Null when there are kCallsMax.
  CallEntry* add(Instant now, CallRule rule);
  // A number that no call has or gets.
  [[nodiscard]] std::uint32_t take_id() { return ++last_id_; }
  void erase(std::uint32_t id) { calls_.erase(id); }
  [[nodiscard]] CallEntry* find(std::uint32_t id);
  [[nodiscard]] CallEntry* find(RequestId request);
  // One that was not removed and says the same, passphrase included.
  [[nodiscard]] CallEntry* find(const CallRule& rule);
  // Visits all; `visit` may erase the one it is given.
  template <class Visit>
  void for_each(Visit visit) {
    for (auto at = calls_.begin(); at != calls_.end();) visit((at++)->second);
  }
  // As many as a worker has places for are on their way to an answer: the next ones wait until one has it.
  [[nodiscard]] bool is_ringing_full() const;
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::vector<CallView> views(Instant now) const;

 private:
  std::map<std::uint32_t, CallEntry> calls_;  // Nodes stay where they are.
  std::uint32_t last_id_ = 0;
};

// The pause after so many failures in a row (1: the first). `random`: any 32 bits.
[[nodiscard]] Micros pause_after(std::uint32_t failures, std::uint32_t random);

}  // namespace fanlight::control
