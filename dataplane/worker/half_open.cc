#include "worker/half_open.h"

#include "base/check.h"
#include "base/prefix.h"

namespace fanlight {

void HalfOpen::add(Session& session) noexcept {
  DCHECK(!session.is_half_open);
  session.is_half_open = true;
  const auto link = static_cast<std::uint16_t>(sessions_.slot_of(session) + 1);
  Site& site = site_for(session);
  session.opening.before = site.last;
  session.opening.behind = 0;
  if (site.last != 0) at(site.last).opening.behind = link;
  site.last = link;
  if (site.first == 0) {
    site.first = link;
    note_first(site);
  }
  ++site.sessions;
  ++networks_[network_for(session)];
  ++size_;
}

void HalfOpen::remove(Session& session) noexcept {
  DCHECK(session.is_half_open);
  session.is_half_open = false;
  Site& site = site_for(session);
  const std::uint16_t before = session.opening.before;
  const std::uint16_t behind = session.opening.behind;
  (before != 0 ? at(before).opening.behind : site.first) = behind;
  (behind != 0 ? at(behind).opening.before : site.last) = before;
  if (before == 0 && behind != 0) note_first(site);
  --site.sessions;
  --networks_[network_for(session)];
  --size_;
}

// A pass over 24 KiB: seldom, and less than opening the session that it makes room for.
Session& HalfOpen::first_to_go(Instant now) noexcept {
  DCHECK(size_ > 0);
  const Site* chosen = nullptr;
  const auto goes_before = [&](const Site& a, const Site& b) {
    if (networks_[a.network] != networks_[b.network]) return networks_[a.network] > networks_[b.network];
    if (a.sessions != b.sessions) return a.sessions > b.sessions;
    return a.since.ago(now) > b.since.ago(now);
  };
  for (const Site& site : sites_)
    if (site.sessions > 0 && (chosen == nullptr || goes_before(site, *chosen))) chosen = &site;
  return at(chosen->first);
}

void HalfOpen::note_first(Site& site) noexcept {
  const Session& first = at(site.first);
  site.network = network_for(first);
  site.since = NearInstant::of(first.opened);
}

HalfOpen::Site& HalfOpen::site_for(const Session& session) noexcept {
  return sites_[place_of(site_of(session.path.remote.ip), sites_.size())];
}

std::uint16_t HalfOpen::network_for(const Session& session) const noexcept {
  return static_cast<std::uint16_t>(place_of(network_of(session.path.remote.ip), networks_.size()));
}

std::size_t HalfOpen::place_of(const IpAddress& block, std::size_t places) const noexcept {
  return siphash(key_, std::as_bytes(std::span(block.bytes))) % places;
}

}  // namespace fanlight
