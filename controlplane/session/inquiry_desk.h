// Conclusions that wait for somebody else's word on them: a webhook's. Bounded in number and in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "access/decision.h"
#include "access/request.h"
#include "base/bytes.h"
#include "base/seq.h"
#include "contract/limits.h"

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
  Asked asked;
  std::vector<std::byte> datagram;
};

class InquiryDesk {
 public:
  static constexpr std::size_t kHeldMax = 1024;
  // From the caller's CONCLUSION on. A libsrt caller gives up after 3 s; an answer must still reach it.
  static constexpr Micros kWaitMax = kHandshakeTimeout - millis(200);

  // False when too many wait already.
  [[nodiscard]] bool hold(HeldConclusion held, AccessRequest request);
  // The same caller's copy.
  [[nodiscard]] bool is_held(const Path& path, SocketId peer, SeqNo first_seq) const;
  [[nodiscard]] std::optional<Inquiry> poll();
  // Ends the waiting; empty when it has ended by itself.
  [[nodiscard]] std::optional<HeldConclusion> take(std::uint64_t id);
  // One that has waited too long.
  [[nodiscard]] std::optional<HeldConclusion> take_overdue(Instant now);
  [[nodiscard]] Instant next_deadline() const;

 private:
  std::map<std::uint64_t, HeldConclusion> held_;  // By number: oldest first.
  std::deque<Inquiry> unasked_;
  std::uint64_t last_id_ = 0;
};

}  // namespace fanlight::control
