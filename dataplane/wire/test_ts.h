// Transport streams made by hand, for tests.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

#include "wire/test_bytes.h"
#include "wire/ts_packet.h"

namespace fanlight {

inline constexpr std::uint16_t kTestMapPid = 0x1000;
inline constexpr std::uint16_t kTestVideoPid = 0x100;
inline constexpr std::uint16_t kTestAudioPid = 0x101;

inline std::uint32_t test_crc(ByteSpan bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::byte byte : bytes)
    for (int bit = 7; bit >= 0; --bit) {
      const bool top = ((crc >> 31) ^ (std::to_integer<unsigned>(byte) >> bit & 1)) != 0;
      crc = (crc << 1) ^ (top ? 0x04C1'1DB7u : 0u);
    }
  return crc;
}

// A section: head, body, CRC.
inline Bytes ts_section(unsigned table_id, std::uint16_t id, ByteSpan body) {
  const std::size_t length = 5 + body.size() + 4;
  const std::array head{std::byte(table_id),  std::byte(0xB0 | length >> 8),
                        std::byte(length),    std::byte(id >> 8),
                        std::byte(id & 0xFF), std::byte(0xC1),
                        std::byte(0),         std::byte(0)};
  Bytes section(head.size() + body.size());
  std::copy(body.begin(), body.end(), std::copy(head.begin(), head.end(), section.begin()));
  const std::uint32_t crc = test_crc(section);
  for (int shift = 24; shift >= 0; shift -= 8) section.push_back(std::byte(crc >> shift));
  return section;
}

inline Bytes pat_section(std::uint16_t map_pid = kTestMapPid) {
  const std::byte high{std::uint8_t(0xE0 | map_pid >> 8)};
  // The network information table first, then program 1.
  const Bytes body = from_hex("0000 E010 0001");
  Bytes full = body;
  full.push_back(high);
  full.push_back(std::byte(map_pid & 0xFF));
  return ts_section(0, 1, full);
}

struct TestElementary {
  unsigned type;
  std::uint16_t pid;
};
inline Bytes pmt_section(std::initializer_list<TestElementary> streams, std::size_t descriptor_bytes = 0) {
  Bytes body = from_hex("E100 F000");
  body[2] = std::byte(0xF0 | descriptor_bytes >> 8);
  body[3] = std::byte(descriptor_bytes & 0xFF);
  body.resize(body.size() + descriptor_bytes, std::byte{0x55});
  for (const TestElementary& one : streams) {
    const Bytes entry{std::byte(one.type), std::byte(0xE0 | one.pid >> 8), std::byte(one.pid & 0xFF), std::byte(0xF0),
                      std::byte(0)};
    body.insert(body.end(), entry.begin(), entry.end());
  }
  return ts_section(2, 1, body);
}
inline Bytes pmt_h264() { return pmt_section({{0x0F, kTestAudioPid}, {0x1B, kTestVideoPid}}); }

struct TestTs {
  std::uint16_t pid = kTestVideoPid;
  bool starts_unit = false;
  bool random_access = false;
  bool scrambled = false;
};
// One TS packet; what `payload` does not fill is stuffed with 0xFF.
inline Bytes ts_packet(const TestTs& ts, ByteSpan payload = {}) {
  Bytes packet(wire::kTsPacketBytes, std::byte{0xFF});
  packet[0] = std::byte{0x47};
  packet[1] = std::byte((ts.starts_unit ? 0x40 : 0) | ts.pid >> 8);
  packet[2] = std::byte(ts.pid & 0xFF);
  packet[3] = std::byte((ts.scrambled ? 0x80 : 0) | (ts.random_access ? 0x30 : 0x10));
  std::size_t at = 4;
  if (ts.random_access) {
    packet[4] = std::byte{1};
    packet[5] = std::byte{0x40};
    at = 6;
  }
  std::copy_n(payload.begin(), std::min(payload.size(), packet.size() - at), packet.begin() + at);
  return packet;
}
inline Bytes table_packet(std::uint16_t pid, ByteSpan section) {
  Bytes payload{std::byte{0}};
  payload.insert(payload.end(), section.begin(), section.end());
  return ts_packet({.pid = pid, .starts_unit = true}, payload);
}
inline Bytes pat_packet() { return table_packet(wire::kTsPatPid, pat_section()); }
inline Bytes pmt_packet() { return table_packet(kTestMapPid, pmt_h264()); }
inline Bytes filler_packet() { return ts_packet({.pid = kTestVideoPid}); }

// A PES header with a PTS, then `hex`.
inline Bytes pes(std::string_view hex) {
  Bytes bytes = from_hex("0000 01E0 0000 8080 0521 0001 0001");
  const Bytes rest = from_hex(hex);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}
// Its first picture is an IDR; the indicator is not set.
inline Bytes idr_packet() {
  return ts_packet({.starts_unit = true}, pes("0000 0001 09F0 0000 0001 6742 0000 0001 68CE 0000 01 6588"));
}
inline Bytes delta_packet() { return ts_packet({.starts_unit = true}, pes("0000 0001 09F0 0000 01 419A")); }

inline Bytes ts_datagram(std::initializer_list<Bytes> packets) {
  Bytes all;
  for (const Bytes& packet : packets) all.insert(all.end(), packet.begin(), packet.end());
  return all;
}

}  // namespace fanlight
