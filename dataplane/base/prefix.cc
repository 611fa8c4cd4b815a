#include "base/prefix.h"

#include <charconv>

namespace fanlight {
namespace {

constexpr int kMappedBits = 96;  // IPv4 addresses are kept behind so many.

int family_bits(const IpAddress& ip) { return ip.is_v4() ? 32 : 128; }

IpAddress cut(const IpAddress& ip, int bits) {
  const int kept = bits + (ip.is_v4() ? kMappedBits : 0);
  IpAddress out = ip;
  for (int i = 0; i < 16; ++i) {
    const int of_byte = kept - i * 8;
    if (of_byte <= 0) out.bytes[i] = 0;
    if (of_byte > 0 && of_byte < 8) out.bytes[i] &= static_cast<std::uint8_t>(0xFF00 >> of_byte);
  }
  return out;
}

Error invalid(std::string_view text, const std::string& what) {
  return {ErrorCode::kInvalid, "\"" + std::string{text} + "\": " + what};
}

// As it is written: an IPv4-mapped address counts its bits as IPv6 does.
std::optional<int> bits_of(std::string_view digits, bool is_mapped, int most) {
  int bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.front() == '-') return std::nullopt;
  if (is_mapped) bits -= kMappedBits;
  return bits >= 0 && bits <= most ? std::optional{bits} : std::nullopt;
}

}  // namespace

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const Result<IpPrefix> prefix = read(text);
  return prefix ? std::optional{*prefix} : std::nullopt;
}

Result<IpPrefix> IpPrefix::read(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::optional<IpAddress> ip = IpAddress::parse(host);
  if (!ip) return invalid(text, "not an IPv4 or IPv6 address or prefix, like 192.0.2.0/24 or 2001:db8::/32");
  const int most = family_bits(*ip);
  if (slash == std::string_view::npos) return IpPrefix{*ip, static_cast<std::uint8_t>(most)};
  const bool is_mapped = ip->is_v4() && host.find(':') != std::string_view::npos;
  const std::optional<int> bits = bits_of(text.substr(slash + 1), is_mapped, most);
  if (!bits) {
    const std::string range = is_mapped ? "96 to 128 (IPv4-mapped)" : "0 to " + std::to_string(most);
    return invalid(text, "behind the slash stands a number of bits, " + range);
  }
  const IpPrefix block = around(*ip, *bits);
  if (block.ip != *ip)
    return invalid(text, "bits behind the prefix are set: meant is " + block.text() + " or " + ip->text() + " alone");
  return block;
}

IpPrefix IpPrefix::around(const IpAddress& address, int bits) {
  return {cut(address, bits), static_cast<std::uint8_t>(bits)};
}

bool IpPrefix::covers(const IpAddress& address) const {
  return address.is_v4() == ip.is_v4() && cut(address, bits) == ip;
}

std::string IpPrefix::text() const {
  return bits == family_bits(ip) ? ip.text() : ip.text() + "/" + std::to_string(bits);
}

IpAddress host_of(const IpAddress& address) { return address.is_v4() ? address : cut(address, 64); }
IpAddress site_of(const IpAddress& address) { return cut(address, address.is_v4() ? 24 : 56); }
IpAddress network_of(const IpAddress& address) { return cut(address, address.is_v4() ? 16 : 32); }

}  // namespace fanlight
