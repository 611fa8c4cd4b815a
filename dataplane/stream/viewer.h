// A session that receives a stream: an envelope for the fast path, an engine for everything else, and a place.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/near.h"
#include "base/strong.h"
#include "contract/limits.h"
#include "crypto/session_ciphers.h"
#include "engine/srt/sender.h"
#include "packet/envelope.h"
#include "stream/join_run.h"
#include "stream/patience.h"
#include "stream/repair_budget.h"

namespace fanlight {

class Stream;

// What a viewer is sent until it was heard, in packets: as many as a TCP server sends into the silence (RFC 6928), and
// one more after each doubling of the time since. Each draws an ACK of its own where the one before was lost; libsrt
// repeats none within 300 ms.
inline constexpr std::int64_t kUnheardPackets = 10;

// Where a viewer stands.
enum class Place : std::uint8_t {
  kNowhere,
  kJoining,  // It waits for its turn to start.
  kLagging,  // Served from the history on its own until it has caught up.
  kParked,   // Its flow window is full: it gets nothing until it acknowledges or, not heard yet, until its time comes.
  kUnheard,  // It has all there is and was not heard yet, so it is not live: the next pass takes it on.
  kLive,     // Stamped with every fresh packet.
};

// Clear viewers share the payload; sealed ones get an encrypted copy of their own (design D8).
enum class CipherClass : std::uint8_t { kClear = 0, kSealed = 1 };

struct Viewer : Enveloped {
  // What it opens with.
  struct Opening {
    Stream* stream = nullptr;
    std::unique_ptr<crypto::SessionCiphers> ciphers{};
    Instant start_at{};
    bool peer_rexmit = true;
    std::uint16_t payload_bytes_max = 1456;
  };
  Viewer(Opening opening, const srt::Sender::Options& options) noexcept
      : stream(opening.stream),
        ciphers(std::move(opening.ciphers)),
        peer_rexmit(opening.peer_rexmit),
        payload_bytes_max(opening.payload_bytes_max),
        startable_at(NearInstant::of(opening.start_at)),
        cursor(options.first_pos),
        sender(options) {
    envelope.offset = sender.offset();
  }
  [[nodiscard]] static Viewer& of(Envelope& envelope) noexcept {
    return static_cast<Viewer&>(*reinterpret_cast<Enveloped*>(&envelope));  // The first member of its class.
  }

  // When a packet that arrived at `arrival` was due to it.
  [[nodiscard]] Instant due(PacketPos pos, Instant arrival) const noexcept {
    return run != nullptr ? run->due(pos, arrival) : arrival;
  }
  // The time a packet of `time` carries.
  [[nodiscard]] Micros stamp(PacketPos pos, StreamTime time) const noexcept {
    const Micros since_zero = time - envelope.time_zero;
    return run != nullptr ? run->stamp(pos, since_zero) : std::max(since_zero, Micros{});
  }
  // Joining: when data may be sent to it. Before that, the response must get there first (srt-wire §2.3).
  [[nodiscard]] Instant start_at(Instant now) const noexcept { return startable_at.beside(now); }
  // The first position that it may not be sent yet.
  [[nodiscard]] PacketPos window_end(Instant now) const noexcept {
    const PacketPos end = sender.window_end();
    if (sender.is_up()) return end;
    return std::min(end, sender.acked() + kUnheardPackets + std::bit_width(syns_since_start(now)));
  }
  // Not heard: when that moves next.
  [[nodiscard]] Instant widens_at(Instant now) const noexcept {
    return start_at(now) + std::bit_ceil(syns_since_start(now) + 1) * kSyn;
  }
  [[nodiscard]] std::uint64_t syns_since_start(Instant now) const noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - start_at(now)).count / kSyn.count));
  }
  [[nodiscard]] CipherClass cipher_class() const noexcept {
    return ciphers ? CipherClass::kSealed : CipherClass::kClear;
  }

  Stream* stream;
  std::unique_ptr<crypto::SessionCiphers> ciphers;
  // In the stream's lists, the way to who stands before and behind, in units of its alignment; 0: nobody.
  std::int32_t before_in_list = 0;
  union {
    std::int32_t next_in_list = 0;
    std::uint32_t place_index;  // Live: its index in the audience.
  };
  Place place = Place::kNowhere;
  bool peer_rexmit : 1;             // It understands the R flag.
  bool is_outgrown : 1 = false;     // A payload did not fit into its MSS: it cannot follow the stream any more.
  std::uint16_t payload_bytes_max;  // Its MSS − 44.
  NearInstant startable_at;
  PacketPos cursor;        // Not live: the next position to send.
  JoinRun* run = nullptr;  // How it caught up after joining, as long as anything is read off that.
  Patience skips{};        // It could not keep up.
  Patience excess{};       // It asked for more than its budget.
  srt::Sender sender;
  RepairBudget budget{};
  // Fresh packets it got. Live: without the stream's totals of what goes to the live set, less than nothing at first.
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_repaired = 0;
};
static_assert(sizeof(Viewer) == 368);

}  // namespace fanlight
