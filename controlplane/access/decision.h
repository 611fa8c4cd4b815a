// What becomes of a request: let in under a Grant, turned down, or asked about elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "access/request.h"
#include "base/time.h"
#include "config/secret.h"
#include "wire/reject.h"

namespace fanlight::control {

// What a session is let in with. Every field that is absent (or 0) leaves the stream's own rule as it is.
struct Grant {
  std::string user;                     // Instead of the stream ID's: what a token or a webhook vouches for.
  std::string group;                    // Chooses the passphrase, together with the user.
  std::optional<Secret> passphrase{};   // From a webhook's answer: before all others.
  std::optional<Micros> latency{};      // The least.
  std::optional<Micros> latency_max{};  // The most; never more than the stream's.
  std::uint32_t viewers_max = 0;        // Of the stream, so many at a time; beyond: 2402.
  std::uint32_t sessions_per_address_max = 0;
  std::uint64_t bitrate_bits_max = 0;  // A publisher that sends more for long is closed.
  double share_max = 0;                // Of capacity_mbps: beyond, these are turned away first.
  std::optional<WallTime> until{};     // The session ends then.
  std::string by;                      // Who said so: "policy 2 (line 31)".
};

struct Denied {
  wire::Reject reason = wire::Reject::kForbidden;
  std::string by;
  Micros holds{};             // So long the same request need not be asked about again.
  bool is_postponed = false;  // Nothing is said: the caller repeats itself, and is judged anew then.
};

// The webhook `hook` decides; `grant` holds as far as its answer says nothing else, and when there is none and
// `fails_open`.
struct Asked {
  std::string hook;
  bool fails_open = false;
  Grant grant;
};

// What `grant` says, and what `base` says where `grant` says nothing.
[[nodiscard]] Grant on_top_of(const Grant& base, Grant grant);

using Decision = std::variant<Grant, Denied, Asked>;

// What a webhook said; a NoAnswer is why it said nothing that counts.
struct NoAnswer {
  std::string why;
  bool is_ours = false;  // It was not asked, or not given its time: not its failure.
};
using InquiryAnswer = std::variant<Grant, Denied, NoAnswer>;

}  // namespace fanlight::control
