#include "session/key_ring.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "session/stream_table.h"

namespace fanlight::control {
namespace {

bool is_pattern(const std::string& stream) { return !stream.empty() && stream.back() == '*'; }

// The larger one is the better one; see the header.
auto merit_of(const RingKey& key, const KeySeeker& seeker) {
  return std::tuple(rank_of(key.place, seeker), !is_pattern(key.place.stream), key.place.stream.size(),
                    key.place.role.has_value(), key.source == KeySource::kApi);
}

bool is_from_config(const RingKey& key) { return key.source != KeySource::kApi && key.source != KeySource::kStream; }

}  // namespace

int rank_of(const KeyPlace& place, const KeySeeker& seeker) {
  const bool is_about = is_pattern(place.stream) ? covers(place.stream, seeker.stream) : place.stream == seeker.stream;
  if (!is_about || (place.role && *place.role != seeker.role)) return 0;
  if (!place.user.empty()) return place.user == seeker.user ? 3 : 0;
  if (!place.group.empty()) return place.group == seeker.group ? 2 : 0;
  return 1;
}

const RingKey* KeyRing::choose(const KeySeeker& seeker) const {
  const RingKey* best = nullptr;
  for (const RingKey& key : keys_)
    if (rank_of(key.place, seeker) > 0 && (best == nullptr || merit_of(key, seeker) > merit_of(*best, seeker)))
      best = &key;
  return best;
}

bool KeyRing::set(WallTime now, KeyRule& rule) {
  const auto is_set = [](const RingKey& key) { return key.source == KeySource::kApi; };
  const bool is_new =
      std::ranges::none_of(keys_, [&](const RingKey& key) { return is_set(key) && key.place == rule.place; });
  if (is_new && static_cast<std::size_t>(std::ranges::count_if(keys_, is_set)) >= kSetMax) {
    wipe(rule.passphrase);
    return false;
  }
  std::optional<WallTime> expires;
  if (rule.expires) expires = WallTime{*rule.expires};
  if (rule.expires_in) expires = WallTime{now.raw() + *rule.expires_in};
  // An adopted passphrase of that place would hide behind the new one, and come back with it.
  std::erase_if(keys_, [&](const RingKey& key) { return !is_from_config(key) && key.place == rule.place; });
  keys_.push_back({.id = ++last_id_,
                   .place = rule.place,
                   .passphrase = Secret(rule.passphrase),
                   .source = KeySource::kApi,
                   .set_at = now,
                   .expires = expires});
  wipe(rule.passphrase);
  return true;
}

void KeyRing::reload(WallTime now, std::vector<KeyRule>& rules) {
  std::vector<RingKey> before = std::exchange(keys_, {});
  for (const KeyRule& rule : rules) {
    RingKey key{.place = rule.place, .passphrase = Secret(rule.passphrase), .source = rule.source, .set_at = now};
    if (rule.expires) key.expires = WallTime{*rule.expires};
    const auto same = std::ranges::find_if(before, [&](const RingKey& old) {
      return is_from_config(old) && old.place == key.place && old.passphrase == key.passphrase;
    });
    if (same != before.end()) {
      key.id = same->id;
      key.set_at = same->set_at;
      key.is_cut = same->is_cut;
      if (same->is_cut) key.expires = same->expires;
    } else {
      key.id = ++last_id_;
    }
    keys_.push_back(std::move(key));
  }
  for (RingKey& key : before)
    if (!is_from_config(key)) keys_.push_back(std::move(key));
  wipe_passphrases(rules);
}

RingKey& KeyRing::adopt(WallTime now, KeyPlace place, const Secret& passphrase) {
  return keys_.emplace_back(RingKey{.id = ++last_id_,
                                    .place = std::move(place),
                                    .passphrase = passphrase,
                                    .source = KeySource::kStream,
                                    .set_at = now});
}

}  // namespace fanlight::control
