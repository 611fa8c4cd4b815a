// A stream rule as the desk keeps it: the passphrases wiped from plain strings into secrets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/rules.h"
#include "config/secret.h"
#include "contract/commands.h"
#include "session/session_kek.h"

namespace fanlight::control {

struct StreamPolicy {
  std::string name;
  Micros latency;
  Micros latency_max;
  std::uint64_t bitrate_bits_max = 0;
  Micros gop_max;
  JoinOptions join;
  ViewerBounds bounds;
  Micros coalesce;
  Micros order_wait;
  FecOptions fec;
  RekeyRule rekey;
  bool wait = true;
  Secret publish_passphrase;
  Secret view_passphrase;

  // The rule must have passed find_fault().
  explicit StreamPolicy(const StreamRule& rule);
  [[nodiscard]] const Secret& passphrase_of(Role role) const {
    return role == Role::kPublisher ? publish_passphrase : view_passphrase;
  }
  [[nodiscard]] StreamOptions options() const;
  // What a stream keeps for its life, whatever its rule says later. False when that differs from `running`'s.
  bool keep_dimensions_of(const StreamPolicy& running);
  // Without the passphrases.
  [[nodiscard]] StreamRule public_rule() const;
};

// For rules that were handed over: their policies have what is needed of them.
void wipe_passphrases(std::vector<StreamRule>& rules);

// A sentence about what is wrong with a rule; empty when nothing is.
[[nodiscard]] std::optional<std::string> find_fault(const StreamRule& rule);
// A sentence about what can be, and is hardly meant.
[[nodiscard]] std::optional<std::string> find_doubt(const StreamRule& rule);

}  // namespace fanlight::control
