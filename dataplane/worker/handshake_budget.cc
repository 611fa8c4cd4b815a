#include "worker/handshake_budget.h"

#include <algorithm>
#include <cstring>

#include "base/prefix.h"

namespace fanlight {

bool HandshakeBudget::has_token(const TokenBucket& bucket, Instant now, std::uint32_t per_second) noexcept {
  return bucket.has_token(now, kBurstSeconds * per_second, seconds(1) / per_second);
}

void HandshakeBudget::take(TokenBucket& bucket, Instant now, std::uint32_t per_second) noexcept {
  bucket.take(now, seconds(1) / per_second);
}

bool HandshakeBudget::take_induction(Instant now) noexcept {
  if (!has_token(inductions_, now, options_.inductions_per_second)) return false;
  take(inductions_, now, options_.inductions_per_second);
  return true;
}

std::optional<Verdict> HandshakeBudget::take_conclusion(Instant now, const IpAddress& caller) noexcept {
  const std::uint32_t all_rate = options_.conclusions_per_second;
  const std::uint32_t site_rate = options_.site_conclusions_per_second;
  const std::uint32_t network_rate = std::max<std::uint32_t>(all_rate / 2, 1);
  TokenBucket& site = bucket_of(sites_, site_of(caller));
  TokenBucket& network = bucket_of(networks_, network_of(caller));
  if (!has_token(site, now, site_rate) || !has_token(network, now, network_rate)) return Verdict::kSiteLimited;
  if (!has_token(conclusions_, now, all_rate)) return Verdict::kConclusionsLimited;
  take(site, now, site_rate);
  take(network, now, network_rate);
  take(conclusions_, now, all_rate);
  return std::nullopt;
}

TokenBucket& HandshakeBudget::bucket_of(std::vector<TokenBucket>& table, const IpAddress& block) const noexcept {
  const std::uint64_t hash = siphash(key_, std::as_bytes(std::span(block.bytes)));
  return table[hash % table.size()];
}

}  // namespace fanlight
