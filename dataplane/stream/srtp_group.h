// The destinations of a stream that share an SRTP key, and the one source that all of them hear: SSRC, numbers and
// timestamps are the group's, so that each packet is encrypted once and leaves the same for all. RFC 3711
//
//   index, 48 bits:   position − first position + start
//                     its low 16 bits are the number; the others, the rollover counter (ROC), are not sent
//
// Who hears a source for the first time takes its counter for 0 (§3.3.1), and SDES has no word to tell it otherwise
// (RFC 4568). So a group takes members only half way to the first wrap: then there is time to begin to listen. Who
// comes later has a group of its own, which begins at 0.
//
// Invariant: no index is used twice with one SSRC, nor an SSRC within a process again (worker/srtp_places.h): positions
// grow, and what lies before next_ is never protected.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "crypto/srtp_sending_key.h"
#include "packet/fresh.h"
#include "stream/audience.h"
#include "stream/destination.h"
#include "stream/place_pool.h"

namespace fanlight {

// What a group begins with: drawn anew for each.
struct SrtpSource {
  std::uint32_t ssrc = 0;
  std::uint32_t random = 0;
};

// What a group made of a pass's packets, and what it could not.
struct SrtpPass {
  std::array<FreshPacket, kFreshMax> held{};  // Whole datagrams.
  std::size_t packets = 0;
  std::uint64_t bytes = 0;  // Of clear payload.
  std::uint32_t too_large = 0;
  std::uint32_t without_buffer = 0;
  std::uint32_t failed = 0;
  [[nodiscard]] std::span<FreshPacket> fresh() noexcept { return std::span(held).first(packets); }
  void let_go() noexcept;
};

class SrtpGroup {
 public:
  using Destinations = AudienceOf<Destination, PlaceBlocks>;
  static constexpr std::uint64_t kStartEnd = 1 << 14;
  static constexpr std::uint64_t kJoinEnd = 1 << 15;

  // From that position on, for nobody yet.
  void begin(crypto::SrtpSendingKey& key, std::uint8_t payload_type, const SrtpSource& source,
             PacketPos first) noexcept;
  [[nodiscard]] bool is_for(const crypto::SrtpSendingKey& key, std::uint8_t payload_type) const noexcept {
    return key_ == &key && header_.payload_type == payload_type;
  }
  // Who begins to listen at that position takes the rollover counter for what it is.
  [[nodiscard]] bool takes_members(PacketPos next) const noexcept { return index_of(next) < kJoinEnd; }
  [[nodiscard]] std::uint64_t index_of(PacketPos pos) const noexcept {
    return static_cast<std::uint64_t>(pos.value + index_offset_);
  }
  [[nodiscard]] std::uint32_t ssrc() const noexcept { return header_.peer.raw(); }
  [[nodiscard]] const Envelope& header() const noexcept { return header_; }
  [[nodiscard]] crypto::SrtpSendingKey& key() const noexcept { return *key_; }
  [[nodiscard]] const crypto::SrtpKeys& keys() const noexcept { return key_->keys(); }

  // Members are those that hear it, or would if they were not paused; `destinations`, those that do.
  void add_member() noexcept { ++members_; }
  // Answers whether there are others.
  [[nodiscard]] bool remove_member() noexcept { return --members_ > 0; }
  [[nodiscard]] std::uint32_t members() const noexcept { return members_; }
  [[nodiscard]] Destinations& destinations() noexcept { return destinations_; }
  [[nodiscard]] const Destinations& destinations() const noexcept { return destinations_; }

  // Header, ciphertext and tag of each, in buffers of `pool`.
  void protect(std::span<const FreshPacket> packets, PacketPool& pool, SrtpPass& pass) noexcept;
  // Its packets, which have left.
  void note_sent(const SrtpPass& pass) noexcept {
    packets_ += pass.packets;
    bytes_ += pass.bytes;
  }
  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  // Its key has protected as many packets as it may: no more will leave.
  [[nodiscard]] bool is_worn() const noexcept { return is_worn_; }

  // RTCP of `bytes` in `scratch`, as it may leave. Empty: there are no more indices.
  [[nodiscard]] ByteSpan protect_control(MutableByteSpan scratch, std::size_t bytes) noexcept;
  // The same of a sender report. It takes one of 2^31 indices, so it does for all members for a second: by then each of
  // them is far from its next. `middle`: NtpTime::middle() of what it says.
  struct Report {
    ByteSpan datagram;
    std::uint32_t middle = 0;  // Of that one.
  };
  [[nodiscard]] Report protect_report(Instant now, MutableByteSpan scratch, std::size_t bytes,
                                      std::uint32_t middle) noexcept;

 private:
  static constexpr std::size_t kReportBytesMax = 128;

  void protect_batch(std::span<const FreshPacket> packets, PacketPool& pool, SrtpPass& pass) noexcept;
  [[nodiscard]] PacketRef write(const FreshPacket& packet, PacketPool& pool, SrtpPass& pass) const noexcept;

  crypto::SrtpSendingKey* key_ = nullptr;  // Control's, as long as there are members.
  std::int64_t index_offset_ = 0;
  PacketPos next_;
  Envelope header_;  // What RTP headers are made from.
  Destinations destinations_;
  std::uint32_t members_ = 0;
  bool is_worn_ = false;
  std::uint8_t report_bytes_ = 0;
  std::uint32_t next_control_ = 0;  // SRTCP's index.
  Instant report_at_;
  std::uint32_t report_middle_ = 0;
  std::uint64_t packets_ = 0;  // What a destination that was always there got.
  std::uint64_t bytes_ = 0;
  std::array<std::byte, kReportBytesMax> report_{};
};

}  // namespace fanlight
