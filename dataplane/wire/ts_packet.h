// MPEG transport stream packets and the two tables that say what is in them. ISO/IEC 13818-1 §2.4.3, §2.4.4
//
//  |0x47|TEI|PUSI|prio|      PID (13)      |TSC (2)|AFC (2)|continuity (4)|
//  |adaptation length (8)|disc|RAI|...|    adaptation field, when AFC & 2
//  |payload, when AFC & 1
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace fanlight::wire {

inline constexpr std::size_t kTsPacketBytes = 188;
inline constexpr std::uint16_t kTsPatPid = 0;

struct TsPacket {
  std::uint16_t pid = 0;
  bool starts_unit = false;    // A section or a PES packet begins in it.
  bool random_access = false;  // The adaptation field says that decoding may start here.
  bool scrambled = false;
  ByteSpan payload{};
};

// A datagram of whole TS packets, each with its sync byte.
[[nodiscard]] bool is_transport_stream(ByteSpan datagram) noexcept;
// The first 188 bytes of `bytes`; empty without a sync byte, or when the adaptation field is longer than the packet.
[[nodiscard]] std::optional<TsPacket> parse_ts_packet(ByteSpan bytes) noexcept;

// --- program tables: sections, whole, from table_id to CRC. Malformed ones answer empty.

// Bytes of the section that begins at `bytes`, 0 when even its length is not there yet.
[[nodiscard]] std::size_t ts_section_bytes(ByteSpan bytes) noexcept;

// Whether it is whole and its CRC fits, whatever table it is of.
[[nodiscard]] bool is_ts_section_intact(ByteSpan section) noexcept;

// What stands between its head and its CRC, when it is whole, of that table, in force, and intact; else empty.
[[nodiscard]] std::optional<ByteSpan> ts_section_body(ByteSpan section, std::uint8_t table_id) noexcept;

struct TsProgram {
  std::uint16_t number = 0;
  std::uint16_t map_pid = 0;
};
// The first program of a PAT that is in force.
[[nodiscard]] std::optional<TsProgram> parse_pat(ByteSpan section) noexcept;

enum class TsCodec : std::uint8_t { kOther, kH264, kH265 };

struct TsProgramMap {
  std::uint16_t program = 0;
  std::uint16_t pid = 0;            // Of the first video, without video of the first audio.
  bool has_video = false;           // Else every audio frame can be decoded by itself.
  TsCodec codec = TsCodec::kOther;  // Of the video.
};
// Empty also when neither video nor audio is in it.
[[nodiscard]] std::optional<TsProgramMap> parse_pmt(ByteSpan section) noexcept;

// What follows the PES header; empty when `bytes` do not begin with one, or it is not complete.
[[nodiscard]] ByteSpan pes_content(ByteSpan bytes) noexcept;

}  // namespace fanlight::wire
