#include "config/ethernet_section.h"

#include <charconv>

namespace fanlight::control {
namespace {

struct Family {
  std::string_view key;
  std::string_view gateway_key;
  bool is_v4;
  int bits_max;
  std::string_view example;
};
constexpr Family kV4{"ipv4", "ipv4_gateway", true, 32, "an IPv4 address with prefix, like \"10.77.0.1/24\""};
constexpr Family kV6{"ipv6", "ipv6_gateway", false, 128, "an IPv6 address with prefix, like \"fd77::1/64\""};

std::optional<InterfaceAddress> parse_with_prefix(std::string_view text, const Family& family) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<IpAddress> ip = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  int bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (!ip || ip->is_v4() != family.is_v4 || ip->is_unspecified() || bits < 1 || bits > family.bits_max)
    return std::nullopt;
  return InterfaceAddress{*ip, static_cast<std::uint8_t>(bits), std::nullopt};
}

bool is_link_local(const IpAddress& ip) { return ip.bytes[0] == 0xFE && (ip.bytes[1] & 0xC0) == 0x80; }

bool is_gateway_of(const InterfaceAddress& address, const IpAddress& gateway) {
  if (gateway == address.ip || gateway.is_v4() != address.ip.is_v4()) return false;
  return address.is_on_link(gateway) || is_link_local(gateway);
}

void read_gateway(FieldReader& reader, const Family& family, std::optional<InterfaceAddress>& address) {
  const std::string text = reader.text(family.gateway_key);
  if (!reader.has(family.gateway_key)) return;
  const std::optional<IpAddress> gateway = IpAddress::parse(text);
  if (!address) {
    reader.complain(family.gateway_key, quoted(text), "a gateway only beside a valid " + std::string{family.key});
  } else if (!gateway || !is_gateway_of(*address, *gateway)) {
    reader.complain(family.gateway_key, quoted(text),
                    "another address on the link of " + std::string{family.key} + " (" + address->ip.text() + "/" +
                        std::to_string(address->prefix_bits) + ")");
  } else {
    address->gateway = gateway;
  }
}

std::optional<InterfaceAddress> read_address(FieldReader& reader, const Family& family) {
  const std::string text = reader.text(family.key);
  std::optional<InterfaceAddress> address = parse_with_prefix(text, family);
  if (reader.has(family.key) && !address) reader.complain(family.key, quoted(text), std::string{family.example});
  read_gateway(reader, family, address);
  return address;
}

void read_eal(FieldReader& reader, DeviceOptions& device) {
  device.eal = reader.text("eal");
  if (!device.eal.empty() && device.eal.find_first_of(" \t\n") == std::string::npos) return;
  reader.complain("eal", reader.has("eal") ? quoted(device.eal) : "nothing",
                  "a DPDK --vdev argument like \"net_af_packet0,iface=eth1\", or a PCI address like \"0000:01:00.0\"");
}

}  // namespace

bool InterfaceAddress::is_on_link(const IpAddress& other) const {
  const int first = ip.is_v4() ? 96 : 0;
  for (int bit = 0; bit < first + prefix_bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    if ((ip.bytes[bit / 8] & mask) != (other.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

DeviceOptions read_device(FieldReader& reader) {
  DeviceOptions device;
  read_eal(reader, device);
  device.ipv4 = read_address(reader, kV4);
  device.ipv6 = read_address(reader, kV6);
  if (!reader.has("ipv4") && !reader.has("ipv6")) reader.complain("ipv4", "nothing", "an address: ipv4, ipv6 or both");
  device.trusts_rx_checksum = reader.choice("rx_checksum", {"verify", "trust"}, 0) == 1;
  device.mtu = static_cast<std::uint16_t>(reader.integer("mtu", {1500, 1500}, 1500));
  reader.finish();
  return device;
}

}  // namespace fanlight::control
