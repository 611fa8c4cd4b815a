// A stream's groups of SRTP destinations on this worker, and what is made for them. The worker lends it as long as
// there are some (worker/srtp_places.h): other streams carry a null pointer.
//
// Groups have their turn one after another behind the clear destinations of a pass: a group's packets are made, sent to
// all its members, and let go, so that a stream holds buffers for one group at a time.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "stream/srtp_group.h"

namespace fanlight {

class SrtpOut {
 public:
  // A stream's keys have one each; the others are for who comes late. One with one member costs what a sealed viewer
  // costs.
  static constexpr std::size_t kGroupsMax = 256;

  [[nodiscard]] std::span<SrtpGroup* const> groups() const noexcept { return std::span(groups_).first(count_); }
  [[nodiscard]] bool has_room() const noexcept { return count_ < kGroupsMax; }
  // Has its turn in the pass that is under way, too.
  void add(SrtpGroup& group) noexcept;
  void remove(SrtpGroup& group) noexcept;

  void begin_pass() noexcept;
  // Whose turn it is; null: all had it.
  [[nodiscard]] SrtpGroup* turn() noexcept { return turn_ < count_ ? groups_[turn_] : nullptr; }
  // Makes what it is to be sent of the pass's `packets`, the first time it is asked for.
  [[nodiscard]] std::span<FreshPacket> make(std::span<const FreshPacket> packets, PacketPool& pool) noexcept;
  // It had it.
  void end_turn() noexcept;

  [[nodiscard]] std::uint64_t packets_sent_to(const Destination& destination) const noexcept;
  [[nodiscard]] std::uint64_t bytes_sent_to(const Destination& destination) const noexcept;

  // What happened since it was asked last.
  struct Figures {
    std::uint64_t made = 0;
    std::uint64_t too_large = 0;
    std::uint64_t without_buffer = 0;
    std::uint64_t failed = 0;
  };
  [[nodiscard]] Figures take_figures() noexcept { return std::exchange(figures_, {}); }
  // A key was worn out.
  [[nodiscard]] bool take_worn() noexcept { return std::exchange(has_worn_, false); }

 private:
  [[nodiscard]] bool has_under_way(const Destination& destination) const noexcept;
  void count_made() noexcept;

  std::array<SrtpGroup*, kGroupsMax> groups_{};
  std::size_t count_ = 0;
  std::size_t turn_ = 0;
  bool is_made_ = false;  // Of the group whose turn it is.
  bool has_worn_ = false;
  Figures figures_;
  SrtpPass pass_;
};

}  // namespace fanlight
