#include "session/derivation_budget.h"

#include <algorithm>

namespace fanlight::control {
namespace {

constexpr Micros kInterval = seconds(1) / DerivationBudget::kPerSecond;
constexpr Micros kPrefixInterval = seconds(1) / DerivationBudget::kPrefixPerSecond;

}  // namespace

bool DerivationBudget::take(Instant now, const IpAddress& caller) {
  if (!all_.has_token(now, kBurst, kInterval)) return false;
  const IpAddress prefix = site_of(caller);
  Entry& entry = entry_of(prefix);
  if (entry.prefix != prefix) entry = {.prefix = prefix, .bucket = {}};
  if (!entry.bucket.has_token(now, kPrefixBurst, kPrefixInterval)) return false;
  entry.bucket.take(now, kPrefixInterval);
  all_.take(now, kInterval);
  return true;
}

DerivationBudget::Entry& DerivationBudget::entry_of(const IpAddress& prefix) {
  const auto found = std::ranges::find(entries_, prefix, &Entry::prefix);
  if (found != entries_.end()) return *found;
  return *std::ranges::min_element(entries_, {}, [](const Entry& entry) { return entry.bucket.full_at(); });
}

}  // namespace fanlight::control
