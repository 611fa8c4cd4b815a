#include "ts_payload.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "payload.h"
#include "wire/test_ts.h"

namespace fanlight::sim {
namespace {

constexpr std::size_t kIndexBytes = 8;
constexpr std::size_t kSignificantBytes = 64;  // Of a video packet: headers. What follows is noise.
constexpr std::uint64_t kDeltaEvery = 4;       // Payloads.

const Bytes& picture_packet(bool has_indicator) {
  static const Bytes told = ts_packet({.starts_unit = true, .random_access = true}, pes("0000 0001 09F0"));
  static const Bytes untold = idr_packet();
  return has_indicator ? told : untold;
}

const Bytes& table(std::size_t which) {
  static const std::array<Bytes, 2> tables{pat_packet(), pmt_packet()};
  return tables[which];
}

const Bytes& video_packet(const TsShape& shape, std::uint64_t place, bool is_first) {
  static const Bytes delta = delta_packet();
  static const Bytes filler = filler_packet();
  if (is_first && place == shape.picture_at) return picture_packet(shape.has_indicator);
  return is_first && place % kDeltaEvery == 1 ? delta : filler;
}

}  // namespace

void fill_ts_payload(MutableByteSpan out, const TsShape& shape, std::uint64_t index, std::uint64_t salt) {
  std::uint64_t word = index ^ salt;
  const std::size_t tables = shape.has_tables(index) ? 2 : 0;
  for (std::size_t i = 0; i * wire::kTsPacketBytes < out.size(); ++i) {
    const MutableByteSpan packet = out.subspan(i * wire::kTsPacketBytes, wire::kTsPacketBytes);
    const bool is_table = i < tables;
    const Bytes& pattern = is_table ? table(i) : video_packet(shape, index % shape.group, i == tables);
    std::copy(pattern.begin(), pattern.end(), packet.begin());
    if (is_table) continue;
    if (shape.is_scrambled) packet[3] |= std::byte{0x80};
    for (std::size_t at = kSignificantBytes; at < packet.size(); at += 8) {
      word = next_word(word);
      std::memcpy(packet.data() + at, &word, std::min<std::size_t>(8, packet.size() - at));
    }
  }
  std::memcpy(out.data() + out.size() - kIndexBytes, &index, kIndexBytes);
}

std::optional<std::uint64_t> read_ts_payload(ByteSpan payload, const TsShape& shape, std::uint64_t salt) {
  if (payload.size() != shape.packets * wire::kTsPacketBytes) return std::nullopt;
  std::uint64_t index;
  std::memcpy(&index, payload.data() + payload.size() - kIndexBytes, kIndexBytes);
  std::array<std::byte, 7 * wire::kTsPacketBytes> expected;
  const MutableByteSpan whole = std::span(expected).first(payload.size());
  fill_ts_payload(whole, shape, index, salt);
  return std::memcmp(whole.data(), payload.data(), payload.size()) == 0 ? std::optional(index) : std::nullopt;
}

}  // namespace fanlight::sim
