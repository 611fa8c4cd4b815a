// What a receiver asks to have again, and the packet it gets: RTP/AVPF's generic NACK and the retransmission format.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|  FMT=1  |    PT = 205   |     length in words, − 1      |   generic NACK, RFC 4585 §6.1, §6.2.1
//  |                        SSRC of sender                         |
//  |                     SSRC of media source                      |
//  |          packet ID            | bitmask of following packets  |   bit i, from the lowest: packet ID + i + 1 is
//  |             ...               |             ...               |   missing as well
//
//  |              RTP header with numbers of its own               |   retransmission, RFC 4588 §4
//  |  original sequence number     |  original payload ...         |
#pragma once

#include <cstdint>
#include <optional>

#include "wire/rtcp.h"
#include "wire/rtp_header.h"

namespace fanlight::wire {

inline constexpr std::uint8_t kGenericNack = 1;  // The format of transport feedback that it is.
inline constexpr std::size_t kRtxHeaderBytes = 2;

// One packet and any of the sixteen behind it.
struct NackItem {
  static constexpr int kSpan = 17;  // Numbers that one can name.
  std::uint16_t first = 0;
  std::uint16_t following = 0;
  friend bool operator==(const NackItem&, const NackItem&) = default;
};

struct Nack {
  std::uint32_t sender = 0;  // Who asks ...
  std::uint32_t source = 0;  // ... for whose packets.
  ByteSpan items{};
  [[nodiscard]] std::size_t size() const noexcept { return items.size() / 4; }
  [[nodiscard]] NackItem at(std::size_t index) const noexcept {
    return {load_be16(items.data() + 4 * index), load_be16(items.data() + 4 * index + 2)};
  }
};

// Empty for anything else, one that is too short, or names nothing.
[[nodiscard]] std::optional<Nack> parse_nack(const RtcpPacket& packet) noexcept;

// A NACK in the making: numbers are added in order, each behind the last.
class NackWriter {
 public:
  // Nothing is written past `out`, which holds 16 bytes at least.
  NackWriter(MutableByteSpan out, std::uint32_t sender, std::uint32_t source) noexcept;
  // False when there is no room for it.
  [[nodiscard]] bool add(std::uint16_t number) noexcept;
  // The bytes written; 0 when nothing was added.
  [[nodiscard]] std::size_t finish() noexcept;

 private:
  MutableByteSpan out_;
  std::size_t end_;
  NackItem item_{};
  bool has_item_ = false;
  void write_item() noexcept;
};

// The original number that a retransmission's payload begins with; empty when it is too short.
[[nodiscard]] inline std::optional<std::uint16_t> original_number(ByteSpan payload) noexcept {
  if (payload.size() < kRtxHeaderBytes) return std::nullopt;
  return load_be16(payload.data());
}

}  // namespace fanlight::wire
