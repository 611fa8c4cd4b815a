// What control keeps of a publisher's keys while its session lasts, to judge its refreshes by.
//
// A refresh proves nothing but that somebody once knew the passphrase: one that was recorded and comes again, from a
// forged address, would put an old key in the place of the new one. So a key that was replaced does not come back. And
// a stranger chooses the salt: with another than the session's, a refresh costs PBKDF2, and has few tries. New keys,
// which only who knows the passphrase can bring, have a budget as well, for each of them is told.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>

#include "session/derivation_budget.h"
#include "session/quiet_count.h"
#include "session/session_kek.h"

namespace fanlight::control {

// Tells keys from each other without being one: of the even and the odd slot; 0: none.
using KeyPrints = std::array<std::uint64_t, 2>;

class KeyMemory {
 public:
  static constexpr std::size_t kPastMax = 16'384;

  // Whether one of these stood in a slot before the key that stands there now.
  [[nodiscard]] bool is_replay(const KeyPrints& prints) const {
    return std::ranges::any_of(
        prints, [&](std::uint64_t print) { return print != 0 && std::ranges::find(past_, print) != past_.end(); });
  }
  // Whether one of these is another key than stands in its slot.
  [[nodiscard]] bool is_news(const KeyPrints& prints) const {
    for (std::size_t slot = 0; slot < prints.size(); ++slot)
      if (prints[slot] != 0 && prints[slot] != now_[slot]) return true;
    return false;
  }
  void take(const KeyPrints& prints) {
    for (std::size_t slot = 0; slot < prints.size(); ++slot) {
      if (prints[slot] == 0 || prints[slot] == now_[slot]) continue;
      if (now_[slot] != 0) past_.push_back(now_[slot]);
      now_[slot] = prints[slot];
    }
    while (past_.size() > kPastMax) past_.pop_front();
  }

 private:
  KeyPrints now_{};
  std::deque<std::uint64_t> past_;
};

struct PublisherKeys {
  // Refreshes with another salt than the session's: a publisher that changes it needs one at a time.
  static constexpr std::int64_t kOtherSaltsBurst = 4;
  static constexpr Micros kOtherSaltsInterval = seconds(1);
  // New keys. One that comes too soon is repeated by its publisher until it is answered.
  static constexpr std::int64_t kNewKeysBurst = 32;
  static constexpr Micros kNewKeysInterval = millis(100);

  SessionKek session;
  KeyMemory memory{};
  TokenBucket other_salts{};
  TokenBucket new_keys{};
  QuietCount ignored{};  // Refreshes.
};

}  // namespace fanlight::control
