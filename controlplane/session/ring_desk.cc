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

// `wanted` without a direction means all of them.
bool is_at(const KeyPlace& place, const KeyPlace& wanted) {
  return place.stream == wanted.stream && place.user == wanted.user && place.group == wanted.group &&
         (!wanted.role || place.role == wanted.role);
}

Error no_key(const KeyPlace& place) {
  return {ErrorCode::kNotFound, "there is no key for " + place_text(place) + "; GET /v1/keys lists them"};
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

std::uint64_t SessionDesk::own_mark_of(const RingKey& key) const {
  return key.source == KeySource::kStream ? passphrase_marks_.of(key.passphrase) : 0;
}

std::uint32_t SessionDesk::count_in_with(std::uint64_t key, const KeyPlace& place, std::uint64_t own_mark) {
  std::uint32_t sessions = 0;
  sessions_.for_each([&](const Session& session) { sessions += is_in_with(session, key, place, own_mark) ? 1 : 0; });
  return sessions;
}

// The place of the key that the session would need if it came now; empty when it has that one.
std::optional<KeyPlace> SessionDesk::later_key_of(const Session& session) {
  if (session.has_own_passphrase || session.call != 0 || session.is_ours()) return std::nullopt;
  const RingKey* key = key_ring_.choose(
      {.stream = session.stream_name, .role = session.role, .user = session.user, .group = session.group});
  if (key != nullptr) {
    if (passphrase_marks_.of(key->passphrase) == session.passphrase_mark) return std::nullopt;
    return key->place;
  }
  const StreamEntry* stream = streams_.find(session.stream_name);
  if (stream == nullptr) return std::nullopt;
  if (passphrase_marks_.of(stream->policy.passphrase_of(session.role)) == session.passphrase_mark) return std::nullopt;
  const StreamPolicy* pattern = stream->is_dynamic ? streams_.match(session.stream_name) : nullptr;
  return KeyPlace{.stream = pattern != nullptr ? pattern->name : session.stream_name, .role = session.role};
}

template <class IsMeant>
std::vector<RequestId> SessionDesk::earlier_sessions(IsMeant is_meant) {
  std::vector<RequestId> earlier;
  sessions_.for_each([&](const Session& session) {
    const std::optional<KeyPlace> place = later_key_of(session);
    if (place && is_meant(*place)) earlier.push_back(session.request);
  });
  return earlier;
}

// Whom the worker has not opened yet it closes as soon as it has.
void SessionDesk::kick_with_key(const std::vector<RequestId>& requests) {
  for (const RequestId request : requests) {
    Session* session = sessions_.find(request);
    if (session == nullptr) continue;
    if (session->socket == SocketId{})
      session->is_kicked = true;
    else
      static_cast<void>(kick(session->socket));
  }
}

Result<std::size_t> SessionDesk::kick_earlier(const KeyPlace& place) {
  if (std::ranges::none_of(keys(), [&](const KeyView& view) { return is_at(view.place, place); })) return no_key(place);
  const std::vector<RequestId> earlier = earlier_sessions([&](const KeyPlace& later) { return is_at(later, place); });
  kick_with_key(earlier);
  note(Notice::Level::kInfo, std::to_string(earlier.size()) + " sessions ended that came in with an earlier key than " +
                                 place_text(place) + "'s");
  return earlier.size();
}

std::vector<KeyView> SessionDesk::keys() {
  std::vector<KeyView> views;
  const WallTime now = wall_clock_();
  std::vector<KeyPlace> adopted;
  for (const RingKey& key : key_ring_.keys()) {
    if (key.source == KeySource::kStream) adopted.push_back(key.place);
    views.push_back({.place = key.place,
                     .source = key.source,
                     .set_at = key.set_at,
                     .expires = key.expires,
                     .is_expired = key.is_expired(now),
                     .sessions = count_in_with(key.id, key.place, own_mark_of(key))});
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
  // Of several keys of a place the first is not always the one that counts; the API's is, and then the configuration's.
  sessions_.for_each([&](const Session& session) {
    const std::optional<KeyPlace> later = later_key_of(session);
    if (!later) return;
    KeyView* needed = nullptr;
    for (KeyView& view : views)
      if (view.place == *later && (needed == nullptr || view.source == KeySource::kApi)) needed = &view;
    if (needed != nullptr) ++needed->earlier;
  });
  return views;
}

// A stream's own passphrase is taken into the ring to expire there.
std::vector<RingKey*> SessionDesk::keys_at(const KeyPlace& wanted) {
  std::vector<std::pair<KeyPlace, Secret>> own;
  if (is_own_place(wanted))
    see_own_passphrases([&](const KeyPlace& place, const Secret& passphrase) {
      const bool is_known =
          std::ranges::any_of(key_ring_.keys(), [&](const RingKey& key) { return key.place == place; });
      if (is_at(place, wanted) && !is_known) own.emplace_back(place, passphrase);
    });
  for (auto& [place, passphrase] : own) key_ring_.adopt(wall_clock_(), std::move(place), passphrase);
  std::vector<RingKey*> found;
  for (RingKey& key : key_ring_.keys())
    if (is_at(key.place, wanted)) found.push_back(&key);
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
  if (found.empty()) return no_key(place);
  ExpiredKeys expired{.keys = static_cast<std::uint32_t>(found.size())};
  for (RingKey* key : found) {
    key->expires = WallTime{wall_clock_().raw() + in_seconds};
    key->is_cut = true;
    const std::uint64_t own_mark = own_mark_of(*key);
    expired.sessions += count_in_with(key->id, key->place, own_mark);
    set_key_kick(*key, own_mark, kicks ? now_ + seconds(in_seconds) : Instant::never());
    note(Notice::Level::kInfo, "key expires in " + std::to_string(in_seconds) + " s: " + place_text(key->place));
  }
  std::erase_if(key_kicks_, [&](const KeyKick& one) { return !one.earlier.empty() && one.place == place; });
  if (kicks) expired.sessions += kick_earlier_at(now_ + seconds(in_seconds), place, found);
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
      return !is_there && one.earlier.empty() && count_in_with(one.key, one.place, one.own_mark) == 0;
    });
  key_kicks_.push_back({at, key.id, key.place, own_mark});
}

// With a key go those that came in with a passphrase that it replaced; who came in clear knows none that leaked.
// Answers how many; who is in with one of `found` is counted.
std::uint32_t SessionDesk::kick_earlier_at(Instant at, const KeyPlace& place, const std::vector<RingKey*>& found) {
  std::vector<RequestId> earlier = earlier_sessions([&](const KeyPlace& later) { return is_at(later, place); });
  std::erase_if(earlier, [&](RequestId request) {
    const Session* session = sessions_.find(request);
    return session->passphrase_mark == 0 || std::ranges::any_of(found, [&](const RingKey* key) {
             return is_in_with(*session, key->id, key->place, own_mark_of(*key));
           });
  });
  const auto count = static_cast<std::uint32_t>(earlier.size());
  if (count > 0) key_kicks_.push_back({.at = at, .place = place, .earlier = std::move(earlier)});
  return count;
}

void SessionDesk::kick_expired() {
  for (const KeyKick& due : key_kicks_) {
    if (due.at > now_) continue;
    std::vector<RequestId> with_it;
    sessions_.for_each([&](const Session& session) {
      if (is_in_with(session, due.key, due.place, due.own_mark)) with_it.push_back(session.request);
    });
    kick_with_key(with_it);
    kick_with_key(due.earlier);
  }
  std::erase_if(key_kicks_, [this](const KeyKick& due) { return due.at <= now_; });
}

Instant SessionDesk::next_key_kick() const {
  Instant next = Instant::never();
  for (const KeyKick& due : key_kicks_) next = std::min(next, due.at);
  return next;
}

}  // namespace fanlight::control
