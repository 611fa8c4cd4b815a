// Whom an operator shut out, until when, and why. It ends with the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/prefix.h"
#include "base/result.h"
#include "base/time.h"
#include "contract/limits.h"

namespace fanlight::control {

struct BanOrder {
  IpPrefix prefix;
  std::optional<Micros> span{};  // Absent: until it is lifted.
  std::string reason{};
};

struct BanView {
  IpPrefix prefix;
  std::string reason;
  Micros age;
  std::optional<Micros> left;
  std::uint64_t sessions_closed = 0;
};

// What became of strangers on the control thread.
struct ArmourView {
  std::size_t bans = 0;
  std::uint64_t passphrases_paused = 0;  // Conclusions turned down after wrong passphrases from there.
  std::uint64_t key_derivations = 0;
  std::uint64_t postponed = 0;          // Conclusions that were not answered: no derivation was left.
  std::uint64_t refreshes_ignored = 0;  // Of publishers' keys.
};

class BanTable {
 public:
  static constexpr std::size_t kReasonBytesMax = 200;
  static constexpr Micros kSpanMax = seconds(366 * 86'400);

  struct Ban {
    IpPrefix prefix;
    std::string reason;
    Instant since;
    Instant until = Instant::never();
    std::uint64_t sessions_closed = 0;
  };
  // A ban of the same prefix is replaced; an error when there is no room or the order makes no sense. Valid until the
  // next change.
  [[nodiscard]] Result<Ban*> add(Instant now, const BanOrder& order);
  // False when there was none of exactly that prefix.
  bool remove(const IpPrefix& prefix);
  [[nodiscard]] bool has(const IpPrefix& prefix) const;
  // The prefix that covers it; null when it may come in.
  [[nodiscard]] const IpPrefix* find(const IpAddress& address) const;
  // One whose time is over; it is removed.
  [[nodiscard]] std::optional<IpPrefix> take_expired(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::vector<BanView> views(Instant now) const;
  [[nodiscard]] std::size_t size() const { return bans_.size(); }

 private:
  std::vector<Ban> bans_;  // Oldest first. Walked through: an operator's, 1,024 at most.
};

}  // namespace fanlight::control
