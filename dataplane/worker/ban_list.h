// The prefixes whose handshakes are not heard. Sorted, so that a handshake costs one binary search for each length of
// prefix that is in use, and a ban a move of those behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/prefix.h"
#include "contract/limits.h"

namespace fanlight {

class BanList {
 public:
  BanList() { prefixes_.reserve(kBansMax); }

  // False when there is no room. One that is there already stays once.
  bool add(const IpPrefix& prefix) noexcept;
  void remove(const IpPrefix& prefix) noexcept;
  [[nodiscard]] bool covers(const IpAddress& address) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return prefixes_.size(); }

 private:
  [[nodiscard]] std::vector<IpPrefix>::const_iterator place_of(const IpPrefix& prefix) const noexcept;
  [[nodiscard]] bool has(const IpPrefix& prefix) const noexcept;

  std::vector<IpPrefix> prefixes_;  // Never grows past its reserve. By address, then by length.
  std::array<std::uint16_t, 33> of_length_v4_{};
  std::array<std::uint16_t, 129> of_length_v6_{};
};

}  // namespace fanlight
