// Packets in order, for outputs that cannot sort: a receiver of plain RTP takes what comes late as lost or, worse, as
// it comes (design D6). SRT viewers of the same stream are not held up by it.
//
// One cursor for all destinations of a stream. All before it was sent or given up; a gap at it is waited for until the
// publisher gives it up, and no longer than the stream's order_wait since it was noticed. A position that was given up
// is never sent, and its number is missing for the receiver: lost is seen as lost. So is what may not go out under the
// name of a transport stream (RFC 2250 §2): whoever publishes by SRT may send anything.
//
// Where more comes than the port takes, what waits here would get older and older: behind a second of that the cursor
// skips to live, and receivers miss a run of packets instead of seeing the past.
//
//   history ──▶ cursor ──▶ pass (a run of positions) ──▶ RTP destinations ──▶ bare ones ──▶ SRTP, group by group
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "contract/limits.h"
#include "packet/fresh.h"
#include "stream/audience.h"
#include "stream/destination.h"
#include "stream/history.h"
#include "stream/place_pool.h"
#include "stream/srtp_out.h"

namespace fanlight {

class Release {
 public:
  using Destinations = AudienceOf<Destination, PlaceBlocks>;
  // What the cursor may go by.
  struct Bounds {
    PacketPos missing;                 // The publisher fills no gap before it any more.
    Micros wait;                       // How long a gap is waited for, whatever the publisher thinks.
    Micros coalesce;                   // How long a packet waits for the next ones.
    bool is_transport_stream = false;  // Payloads are whole TS packets, or do not go.
  };
  // Payloads that were no whole TS packets, since it was asked last.
  struct Unfit {
    std::uint64_t packets = 0;
    std::size_t bytes = 0;  // Of the last one.
  };
  struct Pass {
    bool active = false;
    std::size_t packets = 0;
    std::uint64_t bytes = 0;
    std::array<FreshPacket, kFreshMax> held{};
    [[nodiscard]] std::span<FreshPacket> fresh() noexcept { return std::span(held).first(packets); }
  };
  static constexpr std::array kDresses{Dress::kRtp, Dress::kPlain};

  // Where destinations stand. The worker names it before there is one.
  void lend_from(PlacePool& pool) noexcept;
  // The first position that whoever enters now is sent: who is alone begins with the next packet, the others have a
  // cursor already.
  PacketPos begin(const History& history) noexcept;
  // It gets what is released from now on. False when there is no place.
  [[nodiscard]] bool enter(Destination& destination, const History& history) noexcept;
  void leave(Destination& destination) noexcept;
  [[nodiscard]] std::size_t size() const noexcept {
    return by_dress_[0].size() + by_dress_[1].size() + protected_count_;
  }

  // Of them, second legs: who is sent to there is counted by the first.
  [[nodiscard]] std::size_t second_legs() const noexcept { return second_legs_; }

  // At `at` the stream's positions jumped from `first` to `behind`: what they went over may still come.
  void note_gap(Instant at, PacketPos first, PacketPos behind) noexcept;

  // Takes up what may go now; false when nothing may.
  [[nodiscard]] bool begin_pass(Instant now, const History& history, const Bounds& bounds) noexcept;
  void end_pass() noexcept;
  [[nodiscard]] Pass& pass() noexcept { return pass_; }
  [[nodiscard]] const Pass& pass() const noexcept { return pass_; }
  [[nodiscard]] Destinations& destinations(Dress dress) noexcept { return by_dress_[dress == Dress::kRtp ? 0 : 1]; }
  // Null: the worker has lent it none, for no destination has SRTP.
  [[nodiscard]] SrtpOut* srtp() const noexcept { return srtp_; }
  void set_srtp(SrtpOut* lent) noexcept { srtp_ = lent; }
  [[nodiscard]] bool has_work() const noexcept { return size() > 0 || pass_.active; }
  // When begin_pass() is to be asked again, if nothing new comes before.
  [[nodiscard]] Instant due() const noexcept { return due_; }
  [[nodiscard]] PacketPos cursor() const noexcept { return cursor_; }

  [[nodiscard]] std::uint64_t packets_sent_to(const Destination& destination) const noexcept;
  [[nodiscard]] std::uint64_t bytes_sent_to(const Destination& destination) const noexcept;
  // Positions that were given up, since it was asked last.
  [[nodiscard]] std::uint64_t take_given_up() noexcept { return std::exchange(given_up_, 0); }
  // Those that were skipped, to be live again.
  [[nodiscard]] std::uint64_t take_skipped() noexcept { return std::exchange(skipped_, 0); }
  [[nodiscard]] Unfit take_unfit() noexcept { return std::exchange(unfit_, {}); }

 private:
  static constexpr Micros kLagMax = seconds(1);

  struct Gap {
    PacketPos first;
    PacketPos behind;  // The first position that is not of it.
    Instant noticed;
  };
  // What may go from the cursor on.
  struct Reach {
    PacketPos end;  // Exclusive.
    std::size_t packets = 0;
    std::uint64_t given_up = 0;
    Instant oldest = Instant::never();
  };
  [[nodiscard]] bool lags(Instant now, const History& history) const noexcept;
  [[nodiscard]] Reach reach(Instant now, const History& history, const Bounds& bounds) noexcept;
  [[nodiscard]] Instant noticed(PacketPos hole) noexcept;
  [[nodiscard]] Destinations& destinations_of(const Destination& destination) noexcept;
  void hold(PosRange range, const History& history, bool is_transport_stream) noexcept;

  std::array<Destinations, 2> by_dress_;
  SrtpOut* srtp_ = nullptr;
  std::size_t protected_count_ = 0;  // That are sent SRTP.
  std::size_t second_legs_ = 0;
  Pass pass_;
  PacketPos cursor_;
  Instant due_ = Instant::never();
  // Gaps at or behind the cursor, in order. When there are more, the last two become one, noticed with the earlier.
  std::array<Gap, 64> gaps_{};
  std::size_t gaps_first_ = 0;
  std::size_t gaps_count_ = 0;
  std::uint64_t packets_ = 0;  // What a destination that was always there got.
  std::uint64_t bytes_ = 0;
  std::uint64_t given_up_ = 0;
  std::uint64_t skipped_ = 0;
  Instant waited_{};  // When a gap was waited for, the last time.
  Unfit unfit_;
};

}  // namespace fanlight
