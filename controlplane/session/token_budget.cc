#include "session/token_budget.h"

#include <algorithm>

#include "base/prefix.h"

namespace fanlight::control {
namespace {

constexpr Micros kInterval = seconds(1) / TokenBudget::kPerSecond;
constexpr Micros kSiteInterval = seconds(1) / TokenBudget::kSitePerSecond;
constexpr Micros kNetworkInterval = seconds(1) / TokenBudget::kNetworkPerSecond;
constexpr Micros kOfLate = seconds(60);  // Since a bucket was full again.

}  // namespace

bool TokenBudget::may_look(Instant now, const IpAddress& caller) const {
  const TokenBucket site = bucket_of(sites_, site_of(caller));
  const TokenBucket network = bucket_of(networks_, network_of(caller));
  if (!network.has_token(now, kNetworkBurst, kNetworkInterval)) return false;
  const bool is_new = !sites_.contains(site_of(caller)) || site.full_at() + kOfLate <= now;
  if (is_new) return true;
  return site.has_token(now, kSiteBurst, kSiteInterval) && all_.has_token(now, kBurst, kInterval);
}

void TokenBudget::charge(Instant now, const IpAddress& caller) {
  charge(sites_, now, site_of(caller), kSiteInterval);
  charge(networks_, now, network_of(caller), kNetworkInterval);
  all_.take(now, kInterval);
}

TokenBucket TokenBudget::bucket_of(const Buckets& buckets, const IpAddress& block) {
  const auto found = buckets.find(block);
  return found == buckets.end() ? TokenBucket{} : found->second;
}

// Those without a bad token of late say nothing. Where all have something to say, the fullest is forgiven.
void TokenBudget::charge(Buckets& buckets, Instant now, const IpAddress& block, Micros interval) {
  if (buckets.size() >= kKeptMax && !buckets.contains(block)) {
    std::erase_if(buckets, [&](const auto& entry) { return entry.second.full_at() + kOfLate <= now; });
    if (buckets.size() >= kKeptMax)
      buckets.erase(std::ranges::min_element(buckets, {}, [](const auto& entry) { return entry.second.full_at(); }));
  }
  buckets[block].take(now, interval);
}

}  // namespace fanlight::control
