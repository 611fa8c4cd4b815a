// A session that receives a stream: an envelope for the fast path, an engine for everything else, and a place.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/strong.h"
#include "crypto/session_ciphers.h"
#include "engine/srt/sender.h"
#include "packet/envelope.h"
#include "stream/join_run.h"
#include "stream/patience.h"
#include "stream/repair_budget.h"

namespace fanlight {

class Stream;

// Where a viewer stands.
enum class Place : std::uint8_t {
  kNowhere,
  kJoining,  // It waits for its turn to start.
  kLagging,  // Served from the history on its own until it has caught up.
  kParked,   // Its flow window is full: it gets nothing until it acknowledges.
  kLive,     // Stamped with every fresh packet.
};

// Clear viewers share the payload; sealed ones get an encrypted copy of their own (design D8).
enum class CipherClass : std::uint8_t { kClear = 0, kSealed = 1 };

// In front of the viewer, so that an envelope's address is enough to find the viewer behind it.
struct Enveloped {
  Envelope envelope;
};
static_assert(std::is_standard_layout_v<Enveloped>);

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
        cursor(options.first_pos),
        start_at(opening.start_at),
        peer_rexmit(opening.peer_rexmit),
        payload_bytes_max(opening.payload_bytes_max),
        sender(options) {
    envelope.offset = sender.offset();
  }
  [[nodiscard]] static Viewer& of(Envelope& envelope) noexcept {
    return static_cast<Viewer&>(*reinterpret_cast<Enveloped*>(&envelope));  // The first member of its class.
  }

  // From the front: the envelope, its place, and of the engine what an ACK moves.
  static constexpr std::size_t kHotBytes = sizeof(Envelope) + 6 * 64;

  Stream* stream = nullptr;
  std::unique_ptr<crypto::SessionCiphers> ciphers;
  PacketPos cursor;  // Not live: the next position to send.
  Instant start_at;  // No data before: the response must get there first (srt-wire §2.3).
  Viewer* before_in_list = nullptr;
  Viewer* next_in_list = nullptr;
  std::uint32_t place_index = 0;  // Live: its index in the audience.
  Place place = Place::kNowhere;
  bool peer_rexmit;                 // It understands the R flag.
  bool is_outgrown = false;         // A payload did not fit into its MSS: it cannot follow the stream any more.
  std::uint16_t payload_bytes_max;  // Its MSS − 44.
  srt::Sender sender;
  std::uint64_t packets_sent = 0;  // Fresh packets it got while lagging, plus those of earlier live spells.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_repaired = 0;
  std::uint64_t packets_missed = 0;  // Of live passes: no buffer, or too large.
  std::uint64_t bytes_missed = 0;
  std::uint64_t live_packets_base = 0;  // The stream's totals when it went live.
  std::uint64_t live_bytes_base = 0;
  JoinRun run{};  // How it caught up after joining.
  RepairBudget budget{};
  Patience skips{};   // It could not keep up.
  Patience excess{};  // It asked for more than its budget.

  // When a packet that arrived at `arrival` was due to it.
  [[nodiscard]] Instant due(PacketPos pos, Instant arrival) const noexcept { return run.due(pos, arrival); }
  [[nodiscard]] CipherClass cipher_class() const noexcept {
    return ciphers ? CipherClass::kSealed : CipherClass::kClear;
  }
};

}  // namespace fanlight
