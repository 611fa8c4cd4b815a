#include "worker/ban_list.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace fanlight {

bool BanList::add(const IpPrefix& prefix) noexcept {
  if (has(prefix)) return true;
  if (prefixes_.size() == kBansMax) return false;
  prefixes_.insert(place_of(prefix), prefix);
  ++(prefix.ip.is_v4() ? of_length_v4_[prefix.bits] : of_length_v6_[prefix.bits]);
  return true;
}

void BanList::remove(const IpPrefix& prefix) noexcept {
  if (!has(prefix)) return;
  prefixes_.erase(place_of(prefix));
  --(prefix.ip.is_v4() ? of_length_v4_[prefix.bits] : of_length_v6_[prefix.bits]);
}

bool BanList::covers(const IpAddress& address) const noexcept {
  if (prefixes_.empty()) return false;
  const auto covers_with = [&](std::span<const std::uint16_t> of_length) {
    for (std::size_t bits = 0; bits < of_length.size(); ++bits)
      if (of_length[bits] > 0 && has(IpPrefix::around(address, static_cast<int>(bits)))) return true;
    return false;
  };
  return address.is_v4() ? covers_with(of_length_v4_) : covers_with(of_length_v6_);
}

std::vector<IpPrefix>::const_iterator BanList::place_of(const IpPrefix& prefix) const noexcept {
  return std::ranges::lower_bound(prefixes_, prefix, [](const IpPrefix& a, const IpPrefix& b) {
    return std::tie(a.ip.bytes, a.bits) < std::tie(b.ip.bytes, b.bits);
  });
}

bool BanList::has(const IpPrefix& prefix) const noexcept {
  const auto place = place_of(prefix);
  return place != prefixes_.end() && *place == prefix;
}

}  // namespace fanlight
