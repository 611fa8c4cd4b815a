// A stream's FEC, SMPTE 2022-1's, made once for all destinations that want it. ST 2022-1 §7, §8
//
// Fed with the packets that are released, in order. A matrix begins where a position divides by L × D, so nothing has
// to be remembered of where one began. A row's FEC is complete with the row's last packet; a column's waits and leaves
// spread over the next matrix, one after each D packets, so that a burst does not take both (ST 2022-1 §8.4, Annex).
// A position that was given up was never sent: nobody could subtract it, so its row and its column have no FEC.
//
//   released ─▶ sums: one of the row, one of each column ─▶ rows ─▶ destinations' port + 4
//                                             ╰─ a matrix ─▶ columns ─▶ port + 2
//
// A sum is made in the buffer that leaves: for each packet two exclusive ors, whatever the number of destinations.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "contract/limits.h"
#include "contract/stream_options.h"
#include "packet/fresh.h"

namespace fanlight {

class FecEncoder {
 public:
  // Of one pass and kind: one in four packets, and as many again when holes let several columns become due.
  static constexpr std::size_t kMadeMax = 2 * kFreshMax / kFecSideMin;
  // Two matrices' columns, a row, and what was made.
  static constexpr std::size_t kBuffersMax = 2 * kFecSideMax + 1 + 2 * kMadeMax;
  enum class Kind : std::uint8_t { kColumn, kRow };

  explicit FecEncoder(const FecOptions& options) noexcept : options_(options) {}

  // The packets of a pass, all before `end` that are not among them given up. Sums are made in buffers of `pool`. What
  // was made before is gone.
  void protect(std::span<const FreshPacket> packets, PacketPos end, PacketPool& pool) noexcept;
  [[nodiscard]] std::span<FreshPacket> made(Kind kind) noexcept {
    Made& made = made_[static_cast<std::size_t>(kind)];
    return std::span(made.packets).first(made.count);
  }
  // They left.
  void let_go() noexcept;
  // Nobody wants any: all buffers go back, and the next packet begins anew.
  void reset() noexcept;
  // Lines without FEC since it was asked last: they have a hole, or a payload that leaves no room, or no buffer was
  // left.
  [[nodiscard]] std::uint64_t take_skipped() noexcept { return std::exchange(skipped_, 0); }
  [[nodiscard]] std::uint64_t take_made() noexcept { return std::exchange(total_made_, 0); }

 private:
  struct Sum {
    PacketRef buffer;  // FEC's header, still empty, and the payloads' sum.
    PacketPos first;
    bool is_begun = false;
    bool is_broken = false;
    bool marker = false;
    std::uint8_t payload_type = 0;
    std::uint16_t length = 0;
    std::uint32_t timestamp = 0;
  };
  struct Made {
    std::array<FreshPacket, kMadeMax> packets{};
    std::size_t count = 0;
    std::int64_t number = 0;  // Of the next one: its sequence number, but for the offset.
  };
  void step(const FreshPacket* packet, PacketPool& pool) noexcept;
  void add(Sum& sum, const FreshPacket* packet, PacketPool& pool) noexcept;
  [[nodiscard]] bool try_add(Sum& sum, const FreshPacket& packet, PacketPool& pool) noexcept;
  void finish(Sum& sum, Kind kind) noexcept;
  void send(Sum& sum, Kind kind) noexcept;
  void break_all() noexcept;

  FecOptions options_;
  PacketPos next_{-1};       // The first position that was not fed.
  std::uint32_t ticks_ = 0;  // Of the newest packet.
  Sum row_;
  std::array<Sum, kFecSideMax> columns_;
  std::array<Sum, kFecSideMax> waiting_;  // Columns of the matrix before.
  std::array<Made, 2> made_;
  std::uint64_t skipped_ = 0;
  std::uint64_t total_made_ = 0;
};

}  // namespace fanlight
