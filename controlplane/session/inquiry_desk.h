// Conclusions that wait for somebody else's word on them: a webhook's. Bounded in number and in time.
//
// A question leaves the desk only when the webhook has a hand free for it, so that what was asked has the whole of its
// timeout. Who waits in vain was never asked about, and says nothing about the webhook.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "access/decision.h"
#include "access/request.h"
#include "base/bytes.h"
#include "base/seq.h"
#include "contract/limits.h"
#include "session/fair_line.h"

namespace fanlight::control {

// A question for `hook`.
struct Inquiry {
  std::uint64_t id = 0;
  std::string hook;
  AccessRequest request;
};

// What is kept of a caller until then.
struct HeldConclusion {
  Path path;
  SocketId peer;
  SeqNo first_seq;
  std::size_t worker = 0;  // Where it landed.
  Instant received;
  std::string hook;
  AccessRequest request;  // As it is asked about.
  std::vector<std::byte> datagram;
};

// By webhook: how many questions at a time.
using HookHands = std::map<std::string, std::uint32_t, std::less<>>;

class InquiryDesk {
 public:
  static constexpr std::size_t kHeldMax = 1024;  // For each webhook.
  // From the caller's CONCLUSION on. A libsrt caller gives up after 3 s; an answer must still reach it.
  static constexpr Micros kWaitMax = kHandshakeTimeout - millis(200);
  static constexpr std::uint32_t kHandsUnsaid = 16;

  void set_hands(HookHands hands) { hands_ = std::move(hands); }
  // False when too many of its site wait already.
  [[nodiscard]] bool hold(HeldConclusion held);
  // The same caller's copy.
  [[nodiscard]] bool is_held(const Path& path, SocketId peer, SeqNo first_seq) const;
  [[nodiscard]] std::optional<Inquiry> poll();
  // Whom an answer is for; empty when it has waited too long. The webhook has a hand free again.
  [[nodiscard]] std::optional<HeldConclusion> take(std::uint64_t id);
  // One that has waited too long.
  [[nodiscard]] std::optional<HeldConclusion> take_overdue(Instant now);
  [[nodiscard]] Instant next_deadline() const;

 private:
  struct Waiting {
    HeldConclusion held;
    bool is_asked = false;
  };
  void leave_line(std::uint64_t id);

  HookHands hands_;
  std::map<std::uint64_t, Waiting> waiting_;  // By number: oldest first.
  std::map<std::string, FairLine, std::less<>> lines_;
  std::map<std::uint64_t, std::string> hooks_;  // Of all that stand in a line, answered late or not.
  std::uint64_t last_id_ = 0;
};

}  // namespace fanlight::control
