// Which MAC address stands for which next hop, and when to ask again.
//
//   incomplete  no MAC address; asked to all, once a second, while in use; silent once three questions got no answer
//   reachable   confirmed; after 30 s in use it is checked, after 30 s out of use it goes stale
//   stale       was right once; checked as soon as somebody wants it
//   probe       the MAC address is still used, its owner is asked alone; three silent seconds make it incomplete
//
// Strangers cannot fill the table: a message creates an entry only when its sender asks for us, is on-link, and a slot
// is free; otherwise it can only correct an entry we made. A changed MAC address is followed at once, then checked.
//
// Invariant: an entry keeps its index as long as it is pinned. An unpinned one may be evicted, least recently used
// first, unless it was just asked for: of more hosts than there are places, all in use, as many are served as there
// are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"
#include "net/frame.h"

namespace fanlight::net {

struct NdpMessage;

class Neighbours {
 public:
  static constexpr std::size_t kCapacity = 1'024;
  static constexpr Micros kAskInterval = seconds(1);
  static constexpr Micros kReachable = seconds(30);
  static constexpr Micros kInUse = seconds(30);  // How long a resolve() without a pin counts as use.
  static constexpr std::uint8_t kProbesMax = 3;
  static constexpr std::uint32_t kAsksPerInterval = 256;  // Over all entries: churn by forged sources stays bounded.

  explicit Neighbours(const Interface& interface) noexcept : interface_(interface) {}

  // The next hop towards `destination`, entered if it is new. Empty without a route, or with every slot pinned or asked
  // for.
  [[nodiscard]] std::optional<std::uint16_t> resolve(Instant now, const IpAddress& destination) noexcept;

  // False for an index that never was given out: a stale envelope costs a drop, not a crash.
  [[nodiscard]] bool is_resolved(std::uint16_t index) const noexcept {
    return index < kCapacity && entries_[index].state > State::kIncomplete;
  }
  // Whoever has the address, it was asked for long enough (RFC 4861 §7.2.2): nobody is there, as far as we know.
  [[nodiscard]] bool is_silent(std::uint16_t index) const noexcept {
    return index < kCapacity && entries_[index].state == State::kIncomplete && entries_[index].unanswered > kProbesMax;
  }
  // All zero while not resolved.
  [[nodiscard]] const MacAddress& mac(std::uint16_t index) const noexcept { return entries_[index].mac; }
  [[nodiscard]] const IpAddress& address(std::uint16_t index) const noexcept { return addresses_[index]; }

  void pin(Instant now, std::uint16_t index) noexcept;
  void unpin(Instant now, std::uint16_t index) noexcept;

  // Learns from a frame judged kArp or kNdp; other frames change nothing.
  void handle_frame(Instant now, ByteSpan frame, const FrameView& view) noexcept;

  // Writes the next due ARP request or neighbour solicitation; answers its size, 0 when none is due. Call until 0.
  [[nodiscard]] std::size_t poll_request(Instant now, MutableByteSpan out) noexcept;
  // When poll_request() may have something to say again.
  [[nodiscard]] Instant next_request_at() const noexcept { return next_due_; }

 private:
  enum class State : std::uint8_t { kFree, kIncomplete, kReachable, kStale, kProbe };
  struct Entry {
    MacAddress mac{};
    State state = State::kFree;
    std::uint8_t unanswered = 0;  // Questions, in kProbe and kIncomplete; one more than kProbesMax at most.
    std::uint32_t pins = 0;
    Instant used{};
    Instant asked{};
    Instant due = Instant::never();  // The next question, or the end of kReachable.
  };
  // What a message says about one neighbour.
  struct Claim {
    IpAddress address{};
    std::optional<MacAddress> mac{};
    bool is_answer = false;    // To a question of ours.
    bool is_override = true;   // May replace a MAC address.
    bool asks_for_us = false;  // Its sender is about to talk to us.
  };

  [[nodiscard]] std::optional<std::uint16_t> find(const IpAddress& address) const noexcept;
  [[nodiscard]] std::optional<std::uint16_t> slot_to_take(Instant now) const noexcept;
  [[nodiscard]] std::optional<std::uint16_t> free_slot() const noexcept;
  void enter(Instant now, std::uint16_t index, const IpAddress& address) noexcept;
  void use(Instant now, Entry& entry) noexcept;
  [[nodiscard]] bool is_in_use(Instant now, const Entry& entry) const noexcept;

  [[nodiscard]] std::optional<Claim> claim_of_arp(ByteSpan packet) const noexcept;
  [[nodiscard]] std::optional<Claim> claim_of_ndp(ByteSpan message, const FrameView& view) const noexcept;
  void volunteer(Instant now, const Claim& claim) noexcept;
  void apply(Instant now, Entry& entry, const Claim& claim) noexcept;
  void confirm(Instant now, Entry& entry) noexcept;
  void doubt(Instant now, Entry& entry) noexcept;

  void set_due(Entry& entry, Instant due) noexcept;
  [[nodiscard]] bool take_ask(Instant now) noexcept;
  [[nodiscard]] bool wants_to_ask(Instant now, Entry& entry) noexcept;
  [[nodiscard]] std::size_t write_request(std::uint16_t index, MutableByteSpan out) const noexcept;
  void note_asked(Instant now, Entry& entry) noexcept;

  Interface interface_;
  std::array<IpAddress, kCapacity> addresses_{};  // Apart from the entries: find() walks these alone.
  std::array<Entry, kCapacity> entries_{};
  Instant next_due_ = Instant::never();  // Not later than any entry's due.
  Instant asks_since_{};
  std::uint32_t asks_ = 0;  // Since asks_since_.
};

}  // namespace fanlight::net
