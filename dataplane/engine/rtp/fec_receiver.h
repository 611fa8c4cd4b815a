// Which packets of an RTP source its FEC can bring back: SMPTE 2022-1's rows and columns, one packet of each.
//
// The engine knows positions and headers, never a payload. It remembers the source's last packets and keeps the FEC
// packets of lines (rows or columns) that miss something. When a line misses one packet, poll_repair() names it; what
// is brought back is noted like any packet, and may leave another line with one missing: rows help columns and the
// other way round, until nothing more can be done. Whoever owns the engine holds the payloads, by slot, and does the
// exclusive or.
//
// A position ahead of the newest is not missed yet: FEC often overtakes the last packet of its line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/seq.h"
#include "base/verdict.h"
#include "contract/limits.h"
#include "engine/rtp/neighbours.h"
#include "wire/fec_header.h"

namespace fanlight::rtp {

class FecReceiver {
 public:
  static constexpr std::size_t kHeldMax = 128;   // FEC packets; of more, those about the oldest give way.
  static constexpr std::int64_t kMemory = 1024;  // Packets that are remembered: a matrix of 400, and its FEC's delay.

  // Packets first, first + step, first + 2 × step ...
  struct Line {
    PacketPos first;
    std::uint8_t step = 1;
    std::uint8_t count = 0;
    [[nodiscard]] PacketPos at(std::size_t i) const noexcept { return first + static_cast<std::int64_t>(i) * step; }
    [[nodiscard]] PacketPos last() const noexcept { return at(count - 1U); }
    [[nodiscard]] bool covers(PacketPos pos) const noexcept {
      return pos >= first && pos <= last() && (pos - first) % step == 0;
    }
  };
  struct Held {
    Verdict verdict = Verdict::kFecUnsupported;
    std::optional<std::size_t> slot{};  // Where its payload is to be kept; empty: nowhere.
  };
  struct Repair {
    std::size_t slot = 0;  // The payload that begins it; the slot is free again.
    Line line;             // The other packets, whose payloads are to be added ...
    PacketPos missing;     // ... without this one.
    std::uint16_t length_recovery = 0;
    wire::RtpHeader header{};  // Of the missing packet, but for its number and source.
    Neighbours neighbours{};   // The nearest that came.
  };

  // The source's numbers begin anew at `first`: no line reaches across.
  void begin_run(PacketPos first) noexcept;
  // A packet of the source. `is_bare`: RTP's fixed header and the payload are all there is of it. Of any other some
  // bytes that FEC covers are gone.
  void handle_data(PacketPos pos, const wire::RtpHeader& header, bool is_bare) noexcept;
  // A FEC packet whose line begins at `first`, as the source's numbers tell.
  [[nodiscard]] Held handle_fec(PacketPos first, const wire::FecPacket& packet) noexcept;
  // What can be brought back now. All before `wanted` is held or given up.
  [[nodiscard]] std::optional<Repair> poll_repair(PacketPos wanted) noexcept;

  [[nodiscard]] PacketPos run_first() const noexcept { return run_first_; }
  [[nodiscard]] bool holds(std::size_t slot) const noexcept { return slots_[slot].is_held; }
  [[nodiscard]] std::size_t held() const noexcept { return held_; }

 private:
  struct Packet {
    PacketPos pos{-1};
    std::uint32_t timestamp = 0;
    std::uint8_t payload_type = 0;
    bool marker = false;
    bool is_bare = true;
  };
  struct Slot {
    bool is_held = false;
    Line line;
    wire::FecHeader fec{};
    bool marker = false;
  };
  struct Survey {
    std::size_t missing = 0;
    PacketPos first_missing;
    bool is_usable = true;  // All that it has is bare.
  };
  [[nodiscard]] const Packet* find(PacketPos pos) const noexcept {
    const Packet& packet = packets_[index_of(pos)];
    return packet.pos == pos ? &packet : nullptr;
  }
  static std::size_t index_of(PacketPos pos) noexcept {
    return static_cast<std::size_t>(pos.value) & static_cast<std::size_t>(kMemory - 1);
  }
  [[nodiscard]] Verdict judge(PacketPos first, const wire::FecPacket& packet) const noexcept;
  [[nodiscard]] Survey survey(const Line& line) const noexcept;
  [[nodiscard]] Neighbours neighbours_of(PacketPos pos) const noexcept;
  [[nodiscard]] std::size_t take_slot() noexcept;
  void let_go(Slot& slot) noexcept;
  [[nodiscard]] Repair repair(std::size_t slot, PacketPos missing) noexcept;

  std::array<Packet, kMemory> packets_{};
  std::array<Slot, kHeldMax> slots_{};
  std::size_t held_ = 0;
  PacketPos run_first_{-1};
  PacketPos newest_{-1};
};

}  // namespace fanlight::rtp
