// A block of addresses of one family: "10.0.0.0/8", "2001:db8::/32"; an address alone is a block of one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace fanlight {

// Invariant: what `parse` made has no bit of `ip` set behind the first `bits` of its family's.
struct IpPrefix {
  IpAddress ip;
  std::uint8_t bits =
      0;  // Of the family: up to 32 or 128. An IPv4-mapped "::ffff:10.0.0.0/104" is the IPv4 /8 it means.

  // Empty for what `read` refuses.
  static std::optional<IpPrefix> parse(std::string_view text);
  // The error says what is wrong and, when host bits are set, which two prefixes may have been meant.
  static Result<IpPrefix> read(std::string_view text);
  // The block of so many bits that `address` is in.
  static IpPrefix around(const IpAddress& address, int bits);

  // An IPv6 prefix covers no IPv4 address, not even ::/0.
  [[nodiscard]] bool covers(const IpAddress& address) const;
  [[nodiscard]] bool covers(const IpPrefix& other) const { return other.bits >= bits && covers(other.ip); }
  // A block of one is written as its address.
  [[nodiscard]] std::string text() const;
  friend constexpr bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

// An IPv4 address, the /64 of an IPv6 one: what one host has to itself.
[[nodiscard]] IpAddress host_of(const IpAddress& address);
// The /24 of an IPv4 address, the /56 of an IPv6 one: what one site has to itself.
[[nodiscard]] IpAddress site_of(const IpAddress& address);
// The /16, the /32: what a provider is given. Who has one sweeps through all sites in it.
[[nodiscard]] IpAddress network_of(const IpAddress& address);

}  // namespace fanlight
