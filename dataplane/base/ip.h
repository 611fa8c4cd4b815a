// Addresses as plain values: IPv4 is kept in its IPv4-mapped IPv6 form, so there is one kind to compare and hash.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace fanlight {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // Network order.

  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}};
  }
  // "192.0.2.1" or "2001:db8::1"; empty when the text is neither.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr bool is_v4() const {
    for (int i = 0; i < 10; ++i)
      if (bytes[i] != 0) return false;
    return bytes[10] == 0xFF && bytes[11] == 0xFF;
  }
  // True for 0.0.0.0 and ::.
  [[nodiscard]] constexpr bool is_unspecified() const {
    for (int i = is_v4() ? 12 : 0; i < 16; ++i)
      if (bytes[i] != 0) return false;
    return true;
  }
  // 224.0.0.0/4 and ff00::/8.
  [[nodiscard]] constexpr bool is_multicast() const { return is_v4() ? (bytes[12] & 0xF0) == 0xE0 : bytes[0] == 0xFF; }
  // 240.0.0.0/4 and, but for 0.0.0.0, 0.0.0.0/8: neither hosts nor groups, and the last address is everybody's.
  [[nodiscard]] constexpr bool is_reserved() const {
    return is_v4() && (bytes[12] >= 240 || (bytes[12] == 0 && !is_unspecified()));
  }
  // 127.0.0.0/8 and ::1.
  [[nodiscard]] constexpr bool is_loopback() const {
    if (is_v4()) return bytes[12] == 127;
    for (int i = 0; i < 15; ++i)
      if (bytes[i] != 0) return false;
    return bytes[15] == 1;
  }
  // fe80::/10 and ff02::/16 with any flags: means something on one link only.
  [[nodiscard]] constexpr bool is_link_local() const {
    return (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) || (bytes[0] == 0xFF && (bytes[1] & 0x0F) == 0x02);
  }
  [[nodiscard]] std::string text() const;
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  // Compared for every packet: two words, not a call of memcmp.
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    using Words = std::array<std::uint64_t, 2>;
    const auto left = std::bit_cast<Words>(a.bytes);
    const auto right = std::bit_cast<Words>(b.bytes);
    return left[0] == right[0] && left[1] == right[1];
  }
};

struct Endpoint {
  IpAddress ip;
  std::uint16_t port = 0;  // Host order.
  // "192.0.2.1:9000", "[2001:db8::1]:9000"; empty when the text is neither.
  static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
};

// The way a datagram took: who sent it, which of our addresses was called, and through which of the port's
// sockets or queues. An answer goes back the same way.
struct Path {
  Endpoint remote;
  Endpoint local;
  std::uint16_t door = 0;             // Index of the port's socket or device the datagram came through.
  std::uint32_t interface_index = 0;  // Kernel interface when either end is link-local; 0 elsewhere.
  // A link-local remote is a peer only together with its link, which a socket port tells by the interface and an
  // Ethernet port by the door.
  [[nodiscard]] constexpr bool is_same_peer(const Path& other) const {
    if (remote != other.remote) return false;
    return !remote.ip.is_link_local() || (interface_index == other.interface_index && door == other.door);
  }
  friend constexpr bool operator==(const Path&, const Path&) = default;
};

}  // namespace fanlight
