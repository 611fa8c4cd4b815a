// Sequence numbers as they travel, positions as we count, and the one door between them.
#pragma once

#include <compare>
#include <cstdint>

namespace fanlight {

constexpr std::uint32_t kSeqMask = 0x7FFF'FFFF;

// 31 bits on the wire (draft §3.1), wraps. Has no operator<: order between wrapped numbers needs a context.
struct SeqNo {
  std::uint32_t raw = 0;
  friend constexpr bool operator==(SeqNo, SeqNo) = default;
};

// How many numbers `to` is ahead of `from`, 0 to 2^31 − 1.
constexpr std::uint32_t seq_distance(SeqNo from, SeqNo to) { return (to.raw - from.raw) & kSeqMask; }
// For numbers within 2^30 of each other.
constexpr bool is_before(SeqNo a, SeqNo b) { return seq_distance(b, a) > kSeqMask / 2; }
static_assert(is_before({0x7FFF'FFFF}, {0}) && !is_before({0}, {0x7FFF'FFFF}) && !is_before({5}, {5}));

// Where a packet stands in its stream. Unwrapped, ordered, never wraps. Everything past the door speaks PacketPos.
struct PacketPos {
  std::int64_t value = 0;
  friend constexpr auto operator<=>(PacketPos, PacketPos) = default;
  friend constexpr PacketPos operator+(PacketPos p, std::int64_t n) { return {p.value + n}; }
  friend constexpr PacketPos operator-(PacketPos p, std::int64_t n) { return {p.value - n}; }
  friend constexpr std::int64_t operator-(PacketPos a, PacketPos b) { return a.value - b.value; }
};

// Both ends belong to the range.
struct PosRange {
  PacketPos first;
  PacketPos last;
  friend constexpr bool operator==(const PosRange&, const PosRange&) = default;
  [[nodiscard]] constexpr std::int64_t size() const { return last - first + 1; }
};

// The distance between a session's sequence numbers and positions: seq = pos + offset, cut to 31 bits. More than 32 of
// it would tell nothing.
struct SeqOffset {
  std::uint32_t value = 0;
  friend constexpr bool operator==(SeqOffset, SeqOffset) = default;
  // The offset that gives `pos` the number `seq`.
  static constexpr SeqOffset between(PacketPos pos, SeqNo seq) {
    return {seq.raw - static_cast<std::uint32_t>(pos.value)};
  }
  [[nodiscard]] constexpr SeqNo seq_of(PacketPos pos) const {
    return {(static_cast<std::uint32_t>(pos.value) + value) & kSeqMask};
  }
  // As if each position stood `packets` further on.
  constexpr void move(std::int64_t packets) { value += static_cast<std::uint32_t>(packets); }
};

// The position nearest to `near` whose number is `wire` under `offset`.
constexpr PacketPos unwrap(SeqNo wire, SeqOffset offset, PacketPos near) {
  constexpr std::int64_t kRange = std::int64_t{1} << 31;
  std::int64_t step =
      static_cast<std::int64_t>(wire.raw & kSeqMask) - static_cast<std::int64_t>(offset.seq_of(near).raw);
  if (step < -kRange / 2) step += kRange;
  if (step >= kRange / 2) step -= kRange;
  return near + step;
}
static_assert(unwrap(SeqNo{0}, SeqOffset{}, PacketPos{0x7FFF'FFFF}).value == std::int64_t{1} << 31);
static_assert(unwrap(SeqNo{0x7FFF'FFFF}, SeqOffset{}, PacketPos{0}).value == -1);
static_assert(SeqOffset::between(PacketPos{5}, SeqNo{0x7FFF'FFFF}).seq_of(PacketPos{6}) == SeqNo{0});

}  // namespace fanlight
