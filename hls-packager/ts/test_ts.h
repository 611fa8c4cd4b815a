// For tests: transport stream packets and tables made by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager::test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}
inline void append(Bytes& to, ByteSpan what) { to.insert(to.end(), what.begin(), what.end()); }

struct PacketWords {
  std::uint16_t pid = 0x100;
  unsigned counter = 0;
  bool starts = false;
  bool is_discontinuous = false;
  bool has_pcr = false;
  int scrambling = 0;
};

// Payload in front is what fits; it is taken from `payload`. With less than a whole packet's it is stuffed.
inline Bytes packet_of(const PacketWords& words, Bytes& payload) {
  Bytes field;
  if (words.has_pcr || words.is_discontinuous) {
    field = bytes_of({(words.is_discontinuous ? 0x80 : 0) | (words.has_pcr ? 0x10 : 0)});
    if (words.has_pcr) append(field, bytes_of({0, 0, 0, 1, 0x7E, 0}));
  }
  const std::size_t head = 4 + (field.empty() ? 0 : 1 + field.size());
  const std::size_t missing = payload.size() < 188 - head ? 188 - head - payload.size() : 0;
  bool has_field = !field.empty();
  std::size_t to_fill = missing;
  if (to_fill > 0 && !has_field) {
    has_field = true;
    if (--to_fill > 0) {  // The length, then the flags, then what fills.
      field = bytes_of({0});
      --to_fill;
    }
  }
  field.insert(field.end(), to_fill, std::byte{0xFF});
  Bytes packet = bytes_of({0x47, (words.starts ? 0x40 : 0) | words.pid >> 8, words.pid & 0xFF,
                           words.scrambling << 6 | (has_field ? 0x20 : 0) | (payload.empty() ? 0 : 0x10) |
                               static_cast<int>(words.counter & 15)});
  if (has_field) {
    packet.push_back(static_cast<std::byte>(field.size()));
    append(packet, field);
  }
  const std::size_t taken = std::min<std::size_t>(payload.size(), 188 - packet.size());
  append(packet, ByteSpan(payload).first(taken));
  payload.erase(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(taken));
  return packet;
}

// All of `payload`, in as many packets as it takes; `counter` goes on.
inline Bytes packets_of(std::uint16_t pid, unsigned& counter, Bytes payload) {
  Bytes all;
  for (bool starts = true; !payload.empty(); starts = false)
    append(all, packet_of({.pid = pid, .counter = counter++, .starts = starts}, payload));
  return all;
}

// CRC-32/MPEG-2 behind it.
inline Bytes with_crc(Bytes section) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::byte byte : section) {
    crc ^= std::to_integer<std::uint32_t>(byte) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000'0000) != 0 ? 0x04C1'1DB7u : 0u);
  }
  section.resize(section.size() + 4);
  store_be32(section.data() + section.size() - 4, crc);
  return section;
}

inline Bytes section_of(int table, std::uint16_t id, ByteSpan body, int version = 0) {
  const std::size_t length = 5 + body.size() + 4;
  Bytes section = bytes_of({table, 0xB0 | static_cast<int>(length >> 8), static_cast<int>(length & 0xFF), id >> 8,
                            id & 0xFF, 0xC1 | version << 1, 0, 0});
  append(section, body);
  return with_crc(std::move(section));
}

// A packet of tables: pointer_field, section, filled with 0xFF.
inline Bytes table_packet(std::uint16_t pid, unsigned counter, const Bytes& section) {
  Bytes payload = bytes_of({0});
  append(payload, section);
  payload.resize(std::max<std::size_t>(payload.size(), 184), std::byte{0xFF});
  return packet_of({.pid = pid, .counter = counter, .starts = true}, payload);
}

struct Track {
  int type = 0x1B;
  std::uint16_t pid = 0x100;
  Bytes descriptors{};
};

inline Bytes program_section(std::uint16_t number, std::uint16_t map_pid) {
  return section_of(0, 1, bytes_of({number >> 8, number & 0xFF, 0xE0 | map_pid >> 8, map_pid & 0xFF}));
}

inline Bytes map_section(std::uint16_t number, const std::vector<Track>& tracks, int version = 0) {
  Bytes body = bytes_of({0xE1, 0x00, 0xF0, 0});
  for (const Track& track : tracks) {
    append(body, bytes_of({track.type, 0xE0 | track.pid >> 8, track.pid & 0xFF,
                           0xF0 | static_cast<int>(track.descriptors.size() >> 8),
                           static_cast<int>(track.descriptors.size() & 0xFF)}));
    append(body, track.descriptors);
  }
  return section_of(2, number, body, version);
}

inline void append_timestamp(Bytes& to, int mark, std::uint64_t ticks) {
  append(to, bytes_of({mark << 4 | static_cast<int>(ticks >> 29 & 0x0E) | 1, static_cast<int>(ticks >> 22 & 0xFF),
                       static_cast<int>(ticks >> 14 & 0xFE) | 1, static_cast<int>(ticks >> 7 & 0xFF),
                       static_cast<int>(ticks << 1 & 0xFE) | 1}));
}

// A picture's: without a length. `dts` not given: the same.
inline Bytes pes_of(std::uint64_t pts, std::uint64_t dts, std::size_t content, bool has_length = false) {
  const std::size_t length = has_length ? 13 + content : 0;
  Bytes pes = bytes_of({0, 0, 1, has_length ? 0xC0 : 0xE0, static_cast<int>(length >> 8),
                        static_cast<int>(length & 0xFF), 0x80, 0xC0, 10});
  append_timestamp(pes, 3, pts);
  append_timestamp(pes, 1, dts);
  for (std::size_t i = 0; i < content; ++i) pes.push_back(static_cast<std::byte>(i * 7 + pts));
  return pes;
}

}  // namespace fanlight::packager::test
