// Passphrases for some of a stream's callers: a user's, a group's, or everybody's who has none of these.
//
// Which one a caller needs is known before its key message is looked at: a user's comes before a group's, and that
// before the stream's; among equals the name before the pattern, the longer pattern before the shorter, one for a
// single direction before one for both, and what the API set before what the configuration says. A key that has expired
// stays where it is and shuts its place: nobody falls back to a more general one.
//
// Invariant: of the keys that the API set, and of the configuration's, each place has one at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/request.h"
#include "config/key_rule.h"
#include "config/secret.h"

namespace fanlight::control {

struct RingKey {
  std::uint64_t id = 0;  // From 1 on; another passphrase has another one.
  KeyPlace place;
  Secret passphrase;
  KeySource source = KeySource::kConfig;
  WallTime set_at{};
  std::optional<WallTime> expires{};
  bool is_cut = false;  // The operator's word made it expire: a reload does not take that back.

  [[nodiscard]] bool is_expired(WallTime now) const { return expires && *expires <= now; }
};

// A key as the operator sees it: never what it is.
struct KeyView {
  KeyPlace place;
  KeySource source = KeySource::kConfig;
  WallTime set_at{};  // 0: with its stream.
  std::optional<WallTime> expires{};
  bool is_expired = false;
  std::uint32_t sessions = 0;  // That came in with it.
  std::uint32_t earlier = 0;   // That would need it now, and came in with another or none.
};
struct ExpiredKeys {
  std::uint32_t keys = 0;
  std::uint32_t sessions = 0;
};

// Who wants in: its stream, direction, user and group.
struct KeySeeker {
  std::string_view stream;
  Role role = Role::kViewer;
  std::string_view user;
  std::string_view group;
};

class KeyRing {
 public:
  static constexpr std::size_t kSetMax = 4096;  // By word of the operator; each is looked at for each caller.

  // Null: the stream's own passphrase counts.
  [[nodiscard]] const RingKey* choose(const KeySeeker& seeker) const;
  // By word of the operator; in the place of the API's key there. `rule` is wiped. False when there are kSetMax.
  [[nodiscard]] bool set(WallTime now, KeyRule& rule);
  // The configuration's keys, anew. One that stays the same keeps its time and an expiry by the operator's word. Wiped.
  void reload(WallTime now, std::vector<KeyRule>& rules);
  // A stream's own passphrase, so that it can expire.
  RingKey& adopt(WallTime now, KeyPlace place, const Secret& passphrase);
  // Keeps no adopted passphrase that `is_current` does not know any more.
  template <class IsCurrent>
  void drop_adopted(IsCurrent is_current) {
    std::erase_if(keys_, [&](const RingKey& key) { return key.source == KeySource::kStream && !is_current(key); });
  }

  [[nodiscard]] std::vector<RingKey>& keys() { return keys_; }
  [[nodiscard]] const std::vector<RingKey>& keys() const { return keys_; }

 private:
  std::vector<RingKey> keys_;
  std::uint64_t last_id_ = 0;
};

// Whether a key of `place` would be everybody's, a group's or a user's for that seeker; 0: none of them.
[[nodiscard]] int rank_of(const KeyPlace& place, const KeySeeker& seeker);

}  // namespace fanlight::control
