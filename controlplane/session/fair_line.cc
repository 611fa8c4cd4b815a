#include "session/fair_line.h"

#include <utility>

#include "base/prefix.h"

namespace fanlight::control {

// The first of a site always fits where anything is free.
bool FairLine::has_share(std::size_t site, std::size_t network, std::size_t free) {
  return network < free && site < (free + 1) / 2;
}

bool FairLine::enter(std::uint64_t number, const IpAddress& caller) {
  const auto site = sites_.try_emplace(site_of(caller)).first;
  const auto network = networks_.try_emplace(network_of(caller)).first;
  const bool fits = has_share(site->second.here, network->second.here, places_ - entries_.size());
  if (fits) {
    ++site->second.here;
    ++network->second.here;
    entries_.emplace(number, Entry{site, network});
  }
  if (site->second.here == 0) sites_.erase(site);
  if (network->second.here == 0) networks_.erase(network);
  return fits;
}

// The one whose network, then whose site, had its last turn the longest ago; of those the oldest.
std::optional<std::uint64_t> FairLine::next(std::size_t at_a_time) {
  if (under_way_ >= at_a_time) return std::nullopt;
  const auto rank = [](const Entry& entry) {
    return std::pair{entry.network->second.last_turn, entry.site->second.last_turn};
  };
  auto best = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    const Entry& entry = at->second;
    if (entry.is_under_way) continue;
    if (!has_share(entry.site->second.under_way, entry.network->second.under_way, at_a_time - under_way_)) continue;
    if (best == entries_.end() || rank(entry) < rank(best->second)) best = at;
  }
  if (best == entries_.end()) return std::nullopt;
  best->second.is_under_way = true;
  ++under_way_;
  ++turns_;
  for (Share* share : {&best->second.site->second, &best->second.network->second}) {
    ++share->under_way;
    share->last_turn = turns_;
  }
  return best->first;
}

void FairLine::leave(std::uint64_t number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  const Entry entry = found->second;
  entries_.erase(found);
  if (entry.is_under_way) --under_way_;
  for (Share* share : {&entry.site->second, &entry.network->second}) {
    --share->here;
    if (entry.is_under_way) --share->under_way;
  }
  if (entry.site->second.here == 0) sites_.erase(entry.site);
  if (entry.network->second.here == 0) networks_.erase(entry.network);
}

}  // namespace fanlight::control
