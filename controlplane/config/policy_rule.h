// One [[policy]] of the configuration: whom it is about, and what becomes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/prefix.h"
#include "base/time.h"
#include "config/time_window.h"
#include "contract/commands.h"
#include "wire/reject.h"

namespace fanlight::control {

// Absent, or 0: the stream's own rule stays as it is.
struct PolicyLimits {
  std::uint32_t viewers_max = 0;               // Of the stream, whoever let them in.
  std::uint32_t sessions_per_address_max = 0;  // On the whole relay.
  std::uint64_t bitrate_bits_max = 0;          // Of a publisher.
  std::optional<Micros> latency{};             // The least.
  std::optional<Micros> latency_max{};         // The most.
  double overload_share = 0;                   // Of capacity_mbps: beyond, viewers under this policy are turned away.
  friend bool operator==(const PolicyLimits&, const PolicyLimits&) = default;
};

struct PolicyRule {
  enum class Then : std::uint8_t { kAllow, kDeny, kAsk };
  // --- whom: all of these
  std::string stream = "*";          // A name, or a pattern with one trailing '*'.
  std::optional<Role> role{};        // Absent: both.
  std::vector<std::string> users{};  // The user is one of them; empty: anybody.
  std::vector<IpPrefix> from{};      // The address is in one of them; empty: any.
  TimeWindow when{};
  std::string token{};  // The issuer of a good token; empty: none is asked for.
  // --- what becomes of them
  Then then = Then::kAllow;
  std::string webhook{};  // Whom to ask.
  bool fails_open = false;
  std::optional<wire::Reject> code{};  // For a denial; absent: 2403.
  std::string group{};                 // Chooses the passphrase.
  PolicyLimits limits{};
  int line = 0;  // In the file.
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

}  // namespace fanlight::control
