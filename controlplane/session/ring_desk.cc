// SessionDesk's care of keys: which passphrase a caller needs, and the operator's word on them.
#include <algorithm>
#include <utility>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

// Every row of a stream's own passphrases.
template <class See>
void see_own(const StreamPolicy& policy, See see) {
  for (const Role role : {Role::kPublisher, Role::kViewer})
    if (!policy.passphrase_of(role).is_empty())
      see(KeyPlace{.stream = policy.name, .role = role}, policy.passphrase_of(role));
}

bool is_own_place(const KeyPlace& place) { return place.user.empty() && place.group.empty(); }

}  // namespace

KeyChoice SessionDesk::choose_key(const StreamPolicy& policy, const StreamRequest& request, const Grant& grant) const {
  if (grant.passphrase) return {.passphrase = &*grant.passphrase};
  const RingKey* key = key_ring_.choose({.stream = request.name,
                                         .role = request.role,
                                         .user = grant.user.empty() ? request.user : grant.user,
                                         .group = grant.group});
  if (key == nullptr) return {.passphrase = &policy.passphrase_of(request.role)};
  return {.passphrase = &key->passphrase, .key = key};
}

template <class See>
void SessionDesk::see_own_passphrases(See see) {
  streams_.for_each([&](const StreamEntry& stream) {
    if (!stream.is_dynamic) see_own(stream.policy, see);
  });
  for (const StreamPolicy& pattern : streams_.patterns()) see_own(pattern, see);
}

Result<Done> SessionDesk::set_key(KeyRule rule) {
  if (!key_ring_.set(wall_clock_(), rule))
    return Error{ErrorCode::kNoMemory,
                 "there are " + std::to_string(KeyRing::kSetMax) +
                     " keys, the most that can be set while the relay runs: write keys that stay into the "
                     "configuration, let a webhook answer with the passphrase, or give a group one key"};
  note(Notice::Level::kInfo, "key set: " + place_text(rule.place));
  return Done{};
}

void SessionDesk::reload_keys(std::vector<KeyRule> rules) {
  key_ring_.reload(wall_clock_(), rules);
  key_ring_.drop_adopted([this](const RingKey& key) {
    bool is_current = false;
    see_own_passphrases([&](const KeyPlace& place, const Secret& passphrase) {
      is_current |= place == key.place && passphrase == key.passphrase;
    });
    return is_current;
  });
}

// Sessions that came in with a stream's own passphrase have no key of the ring, and those with a webhook's neither.
bool SessionDesk::is_in_with(const Session& session, std::uint64_t key, const KeyPlace& place, std::uint64_t own_mark) {
  if (session.key != 0 || own_mark == 0) return session.key == key && key != 0;
  return session.passphrase_mark == own_mark &&
         rank_of(place, {.stream = session.stream_name, .role = session.role, .user = {}, .group = {}}) > 0;
}

std::uint32_t SessionDesk::count_in_with(std::uint64_t key, const KeyPlace& place, std::uint64_t own_mark) {
  std::uint32_t sessions = 0;
  sessions_.for_each([&](const Session& session) { sessions += is_in_with(session, key, place, own_mark) ? 1 : 0; });
  return sessions;
}

std::vector<KeyView> SessionDesk::keys() {
  std::vector<KeyView> views;
  const WallTime now = wall_clock_();
  std::vector<KeyPlace> adopted;
  for (const RingKey& key : key_ring_.keys()) {
    const bool is_own = key.source == KeySource::kStream;
    if (is_own) adopted.push_back(key.place);
    views.push_back({.place = key.place,
                     .source = key.source,
                     .set_at = key.set_at,
                     .expires = key.expires,
                     .is_expired = key.is_expired(now),
                     .sessions = count_in_with(key.id, key.place, is_own ? passphrase_marks_.of(key.passphrase) : 0)});
  }
  see_own_passphrases([&](const KeyPlace& place, const Secret& passphrase) {
    if (std::ranges::find(adopted, place) == adopted.end())
      views.push_back({.place = place,
                       .source = KeySource::kStream,
                       .set_at = {},
                       .expires = {},
                       .is_expired = false,
                       .sessions = count_in_with(0, place, passphrase_marks_.of(passphrase))});
  });
  return views;
}

// A stream's own passphrase is taken into the ring to expire there.
std::vector<RingKey*> SessionDesk::keys_at(const KeyPlace& wanted) {
  const auto is_meant = [&](const KeyPlace& place) {
    return place.stream == wanted.stream && place.user == wanted.user && place.group == wanted.group &&
           (!wanted.role || place.role == wanted.role);
  };
  std::vector<std::pair<KeyPlace, Secret>> own;
  if (is_own_place(wanted))
    see_own_passphrases([&](const KeyPlace& place, const Secret& passphrase) {
      const bool is_known =
          std::ranges::any_of(key_ring_.keys(), [&](const RingKey& key) { return key.place == place; });
      if (is_meant(place) && !is_known) own.emplace_back(place, passphrase);
    });
  for (auto& [place, passphrase] : own) key_ring_.adopt(wall_clock_(), std::move(place), passphrase);
  std::vector<RingKey*> found;
  for (RingKey& key : key_ring_.keys())
    if (is_meant(key.place)) found.push_back(&key);
  return found;
}

Result<ExpiredKeys> SessionDesk::expire_keys(Instant now, const KeyPlace& place, std::int64_t in_seconds, bool kicks) {
  now_ = std::max(now_, now);
  const std::vector<RingKey*> found = keys_at(place);
  const KeyPlace both{.stream = place.stream, .user = place.user, .group = place.group};
  const auto is_for_both = [&](const RingKey& key) { return key.place == both; };
  if (found.empty() && place.role && std::ranges::any_of(key_ring_.keys(), is_for_both))
    return Error{ErrorCode::kInvalid, "the key for " + place_text(both) +
                                          " is one for both directions: expire it without a direction, or set one "
                                          "for " +
                                          place_text(place) + " first"};
  if (found.empty())
    return Error{ErrorCode::kNotFound, "there is no key for " + place_text(place) + "; GET /v1/keys lists them"};
  ExpiredKeys expired{.keys = static_cast<std::uint32_t>(found.size())};
  for (RingKey* key : found) {
    key->expires = WallTime{wall_clock_().raw() + in_seconds};
    key->is_cut = true;
    const std::uint64_t own_mark = key->source == KeySource::kStream ? passphrase_marks_.of(key->passphrase) : 0;
    expired.sessions += count_in_with(key->id, key->place, own_mark);
    set_key_kick(*key, own_mark, kicks ? now_ + seconds(in_seconds) : Instant::never());
    note(Notice::Level::kInfo, "key expires in " + std::to_string(in_seconds) + " s: " + place_text(key->place));
  }
  kick_expired();
  return expired;
}

// The last word on a key is the one that counts: another moment, or no kick at all (never). Kicks of keys that are gone
// wait on for who came in with them, and with the last of those they are forgotten.
void SessionDesk::set_key_kick(const RingKey& key, std::uint64_t own_mark, Instant at) {
  std::erase_if(key_kicks_, [&](const KeyKick& one) { return one.key == key.id; });
  if (at == Instant::never()) return;
  if (key_kicks_.size() >= KeyRing::kSetMax)
    std::erase_if(key_kicks_, [&](const KeyKick& one) {
      const bool is_there =
          std::ranges::any_of(key_ring_.keys(), [&](const RingKey& other) { return other.id == one.key; });
      return !is_there && count_in_with(one.key, one.place, one.own_mark) == 0;
    });
  key_kicks_.push_back({at, key.id, key.place, own_mark});
}

void SessionDesk::kick_expired() {
  for (const KeyKick& due : key_kicks_) {
    if (due.at > now_) continue;
    std::vector<SocketId> sockets;
    sessions_.for_each([&](const Session& session) {
      if (session.socket != SocketId{} && is_in_with(session, due.key, due.place, due.own_mark))
        sockets.push_back(session.socket);
    });
    for (const SocketId socket : sockets) static_cast<void>(kick(socket));
  }
  std::erase_if(key_kicks_, [this](const KeyKick& due) { return due.at <= now_; });
}

Instant SessionDesk::next_key_kick() const {
  Instant next = Instant::never();
  for (const KeyKick& due : key_kicks_) next = std::min(next, due.at);
  return next;
}

}  // namespace fanlight::control
