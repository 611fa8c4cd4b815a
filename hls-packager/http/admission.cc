#include "http/admission.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight::packager {
namespace {

// Whose addresses are one household's: a /64 of IPv6.
IpAddress household_of(IpAddress address) noexcept {
  if (!address.is_v4()) std::fill(address.bytes.begin() + 8, address.bytes.end(), std::uint8_t{0});
  return address;
}

}  // namespace

Admission::Answer Admission::admit(IpAddress address) {
  address = household_of(address);
  const std::scoped_lock lock(mutex_);
  if (connections_ >= limits_.connections_max) return {Verdict::kTooMany};
  const auto known = households_.find(address);
  if (known != households_.end() && known->second.connections >= limits_.connections_per_address_max)
    return {Verdict::kTooManyOfAddress};
  Household& household = known != households_.end() ? known->second : households_[address];
  household.address = address;
  ++household.connections;
  ++connections_;
  return {Verdict::kLetIn, &household};
}

void Admission::leave(Household& household) noexcept {
  const std::scoped_lock lock(mutex_);
  --connections_;
  if (--household.connections > 0) return;
  CHECK(household.requests == 0);
  households_.erase(IpAddress{household.address});
}

}  // namespace fanlight::packager
