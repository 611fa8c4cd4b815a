// A session that receives a stream: an envelope for the fast path, an engine for everything else, and a place.
#pragma once

#include <cstdint>
#include <memory>

#include "base/strong.h"
#include "crypto/session_ciphers.h"
#include "engine/srt/sender.h"
#include "packet/envelope.h"

namespace fanlight {

class Stream;

// Where a viewer stands: stamped with every fresh packet (live), or served from the history on its own (lagging: it
// just joined, or its flow window was full).
enum class Place : std::uint8_t { kNowhere, kLagging, kLive };

// Clear viewers share the payload; sealed ones get an encrypted copy of their own (design D8).
enum class CipherClass : std::uint8_t { kClear = 0, kSealed = 1 };

struct Viewer {
  // From the front: the envelope, its place, and of the engine what an ACK moves.
  static constexpr std::size_t kHotBytes = sizeof(Envelope) + 6 * 64;

  Envelope envelope;
  Stream* stream = nullptr;
  std::unique_ptr<crypto::SessionCiphers> ciphers;
  PacketPos cursor;               // Lagging: the next position to send.
  Instant start_at;               // No data before: the response must get there first (srt-wire §2.3).
  std::uint32_t place_index = 0;  // Its index in the audience or the lagging list.
  Place place = Place::kNowhere;
  bool peer_rexmit = true;                 // It understands the R flag.
  bool is_outgrown = false;                // A payload did not fit into its MSS: it cannot follow the stream any more.
  std::uint16_t payload_bytes_max = 1456;  // Its MSS − 44.
  std::uint32_t repair_tokens = 512;       // Repairs it may have right now; the stream's packets refill them.
  std::uint64_t repair_refill_at = 0;      // The stream's packet count of the last refill.
  srt::Sender sender;
  std::uint64_t packets_sent = 0;  // Fresh packets it got while lagging, plus those of earlier live spells.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_repaired = 0;
  std::uint64_t packets_missed = 0;  // Of live passes: no buffer, or too large.
  std::uint64_t bytes_missed = 0;
  std::uint64_t live_packets_base = 0;  // The stream's totals when it went live.
  std::uint64_t live_bytes_base = 0;

  [[nodiscard]] CipherClass cipher_class() const noexcept {
    return ciphers ? CipherClass::kSealed : CipherClass::kClear;
  }
};

}  // namespace fanlight
