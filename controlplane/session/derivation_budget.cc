#include "session/derivation_budget.h"

#include <algorithm>

namespace fanlight::control {
namespace {

using Budget = DerivationBudget;

constexpr Micros kInterval = seconds(1) / Budget::kPerSecond;
constexpr Micros kNewInterval = seconds(1) / Budget::kNewPerSecond;
constexpr Micros kSiteInterval = seconds(1) / Budget::kSitePerSecond;
constexpr Micros kFailuresInterval = seconds(1) / Budget::kFailuresPerSecond;
constexpr Micros kNetworkInterval = seconds(1) / Budget::kNetworkFailuresPerSecond;

// Null when it is not remembered.
template <class Entries>
auto* find(Entries& entries, const IpAddress& prefix) {
  const auto found = std::ranges::find_if(entries, [&](const auto& entry) { return entry.prefix == prefix; });
  return found == entries.end() ? nullptr : &*found;
}

template <class Entries>
auto& find_or_begin(Entries& entries, const IpAddress& prefix) {
  if (auto* known = find(entries, prefix)) return *known;
  auto& place = *std::ranges::min_element(entries, {}, [](const auto& entry) { return entry.forgiven_at(); });
  place = {};
  place.prefix = prefix;
  return place;
}

}  // namespace

bool DerivationBudget::take(Instant now, const IpAddress& caller) {
  const IpAddress prefix = site_of(caller);
  const Site* known = find(sites_, prefix);
  const Site before = known != nullptr ? *known : Site{};
  if (!before.bucket.has_token(now, kSiteBurst, kSiteInterval)) return false;
  const bool is_suspected = is_suspect(now, before, caller);
  if (is_suspected && !failures_.has_token(now, kFailuresBurst, kFailuresInterval)) return false;
  const bool is_new = !is_suspected && now >= before.new_from;
  const bool is_kept_for_it = is_new && new_.has_token(now, kNewBurst, kNewInterval);
  if (!is_kept_for_it && !all_.has_token(now, kBurst, kInterval)) return false;
  is_kept_for_it ? new_.take(now, kNewInterval) : all_.take(now, kInterval);
  Site& site = find_or_begin(sites_, prefix);
  site.bucket.take(now, kSiteInterval);
  site.new_from = now + kNewAfter;
  return true;
}

bool DerivationBudget::take_guess(Instant now, const IpAddress& caller) {
  const Site* known = find(sites_, site_of(caller));
  const Site site = known != nullptr ? *known : Site{};
  return !is_suspect(now, site, caller) || take(now, caller);
}

void DerivationBudget::note_failure(Instant now, const IpAddress& caller) {
  Site& site = find_or_begin(sites_, site_of(caller));
  for (std::int64_t i = 1; i < kFailureCost; ++i) site.bucket.take(now, kSiteInterval);
  site.suspect_until = now + kRemembered;
  if (failures_.has_token(now, kFailuresBurst, kFailuresInterval)) failures_.take(now, kFailuresInterval);
  Network& network = find_or_begin(networks_, network_of(caller));
  if (network.failures.has_token(now, kNetworkFailuresBurst, kNetworkInterval))
    network.failures.take(now, kNetworkInterval);
}

void DerivationBudget::note_success(Instant now, const IpAddress& caller) {
  Site& site = find_or_begin(sites_, site_of(caller));
  // Who knows one passphrase may still be guessing another.
  if (site.bucket.has_token(now, kSiteBurst, kSiteInterval)) site.suspect_until = {};
  site.trusted_until = now + kRemembered;
}

bool DerivationBudget::is_suspect(Instant now, const Site& site, const IpAddress& caller) const {
  if (now < site.suspect_until) return true;
  const Network* network = find(networks_, network_of(caller));
  return network != nullptr && now >= site.trusted_until &&
         !network->failures.has_token(now, kNetworkFailuresBurst, kNetworkInterval);
}

}  // namespace fanlight::control
