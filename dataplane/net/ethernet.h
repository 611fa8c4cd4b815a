// Ethernet II: the 14 bytes in front of everything, and the addresses in them. VLAN tags are not spoken here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace fanlight::net {

using MacAddress = std::array<std::uint8_t, 6>;

inline constexpr std::size_t kMacBytes = 6;
inline constexpr std::size_t kEthernetBytes = 14;
inline constexpr std::size_t kFrameBytesMax = 1514;  // Without the frame check sequence.

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86DD;

inline constexpr MacAddress kMacBroadcast = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

// True for broadcast too: the group bit is the first bit on the wire.
constexpr bool is_group(const MacAddress& mac) { return (mac[0] & 1) != 0; }
// An address that can be one station's.
constexpr bool is_station(const MacAddress& mac) { return !is_group(mac) && mac != MacAddress{}; }

inline MacAddress load_mac(const std::byte* p) {
  MacAddress mac;
  std::memcpy(mac.data(), p, mac.size());
  return mac;
}
inline void write_mac(ByteWriter& writer, const MacAddress& mac) { writer.bytes(std::as_bytes(std::span{mac})); }

struct EthernetHeader {
  MacAddress destination{};
  MacAddress source{};
  std::uint16_t type = 0;
};

inline std::optional<EthernetHeader> parse_ethernet(ByteSpan frame) {
  if (frame.size() < kEthernetBytes) return std::nullopt;
  return EthernetHeader{load_mac(frame.data()), load_mac(frame.data() + kMacBytes),
                        load_be16(frame.data() + 2 * kMacBytes)};
}

inline void write_ethernet(ByteWriter& writer, const EthernetHeader& header) {
  write_mac(writer, header.destination);
  write_mac(writer, header.source);
  writer.u16(header.type);
}

}  // namespace fanlight::net
