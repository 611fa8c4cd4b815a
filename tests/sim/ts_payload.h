// A payload as an encoder sends it: whole TS packets, with PAT and PMT before each picture that can be decoded by
// itself.
//
//   place in its group   0: [PAT][PMT]...   picture_at: ...[picture]   half way: [PAT][PMT]..., no picture behind them
//
// The last eight bytes are its place in the feed; every other byte follows from that and the world's salt.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace fanlight::sim {

struct TsShape {
  std::uint64_t group = 0;       // Payloads from one picture to start at to the next; 0: no transport stream.
  std::uint64_t picture_at = 0;  // Its place in the group.
  std::size_t packets = 7;       // TS packets of a payload.
  bool has_indicator = true;     // The adaptation field tells of the picture; else only its slice does.
  bool is_scrambled = false;     // All but the tables.

  [[nodiscard]] bool is_on() const { return group > 0; }
  [[nodiscard]] bool has_tables(std::uint64_t index) const { return index % group == 0 || index % group == group / 2; }
  // The first picture at or behind `index`.
  [[nodiscard]] std::uint64_t picture_behind(std::uint64_t index) const {
    const std::uint64_t base = index - index % group + picture_at;
    return base >= index ? base : base + group;
  }
};

inline constexpr std::size_t kTsPayloadPacketsMin = 3;

// `out` holds a whole number of TS packets.
void fill_ts_payload(MutableByteSpan out, const TsShape& shape, std::uint64_t index, std::uint64_t salt);
// The index; empty when a bit differs.
[[nodiscard]] std::optional<std::uint64_t> read_ts_payload(ByteSpan payload, const TsShape& shape, std::uint64_t salt);

}  // namespace fanlight::sim
