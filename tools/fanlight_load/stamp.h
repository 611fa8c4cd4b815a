// The payload that tells on its relay: MPEG-TS in shape, so that a relay which looks for access points finds them, and
// with a stamp in it that names stream, position and send time and carries a hash of everything else.
//
//  packet 0   private PID  stamp                                     every payload
//  packet 1–2 PAT, PMT                                               where a group of pictures begins; video elsewhere
//  packet 3   video with random_access_indicator and PCR             where a group of pictures begins
//  rest       video
//
// A payload follows from its stream, position and send time alone, so a repair is made anew instead of being kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace fanlight::load {

inline constexpr std::size_t kTsBytes = 188;
inline constexpr std::size_t kTsPackets = 7;
inline constexpr std::size_t kPayloadBytes = kTsPackets * kTsBytes;  // 1,316
// What must be there, and clear, to read a stamp.
inline constexpr std::size_t kStampedBytes = 40;

struct Stamp {
  std::uint32_t stream = 0;  // The publisher's number.
  std::uint32_t run = 0;     // Drawn when the publisher starts, so that its next life is told from this one. Not 0.
  std::int64_t position = 0;
  std::int64_t sent_ns = 0;  // CLOCK_MONOTONIC: comparable on one host only.
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

class PayloadMaker {
 public:
  struct Plan {
    std::uint32_t stream = 0;
    std::uint32_t run = 1;
    std::int64_t group_packets = 475;  // Payloads from one access point to the next.
    std::int64_t interval_ns = 2'105'600;
  };
  explicit PayloadMaker(const Plan& plan);
  void write(std::int64_t position, std::int64_t sent_ns, std::span<std::byte, kPayloadBytes> out) const noexcept;

 private:
  void write_group_start(std::int64_t position, std::span<std::byte, kPayloadBytes> out) const noexcept;

  Plan plan_;
  std::array<std::byte, kPayloadBytes> video_{};                // All seven packets, counters and stamp open.
  std::array<std::byte, kTsPackets * kTsBytes> group_start_{};  // The same where a group begins.
};

// Empty when there is no stamp of ours. Reads the first kStampedBytes.
[[nodiscard]] std::optional<Stamp> read_stamp(ByteSpan payload) noexcept;
// Whether the whole payload is what its publisher wrote.
[[nodiscard]] bool has_good_hash(ByteSpan payload) noexcept;

}  // namespace fanlight::load
