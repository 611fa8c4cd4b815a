// What a peer makes SRTP, and reads of it, under one master key. Sending it names indices itself; receiving it is the
// production reader, to which a repetition is none of the packets. RFC 3711
#pragma once

#include <array>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "contract/limits.h"
#include "crypto/srtp_keys.h"
#include "crypto/srtp_reader.h"
#include "random.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"

namespace fanlight::sim {

inline crypto::SrtpMaster draw_master(Random& random) {
  const auto suite = static_cast<crypto::SrtpSuite>(random.between(0, std::int64_t{crypto::kSrtpSuites.size()} - 1));
  std::array<std::byte, 64> bytes;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return {suite, crypto::SecretBytes(std::span(bytes).first(crypto::form_of(suite).master_bytes()))};
}

class SrtpEnd {
 public:
  explicit SrtpEnd(const crypto::SrtpMaster& master) : keys_(master), reader_(master) {}

  // In `room`, the packet's `bytes` in front: answers what they are then.
  [[nodiscard]] std::size_t protect(MutableByteSpan room, std::size_t bytes, std::uint64_t index) {
    const std::size_t whole = bytes + keys_.form().rtp_tag_bytes;
    const std::uint32_t ssrc = load_be32(room.data() + 8);
    CHECK(keys_.protect(std::array{crypto::SrtpKeys::Packet{room.first(whole), wire::kRtpHeaderBytes, ssrc,
                                                            index & (crypto::kSrtpIndexEnd - 1)}}));
    return whole;
  }
  [[nodiscard]] std::size_t protect_control(MutableByteSpan room, std::size_t bytes) {
    return keys_.protect_control(room, bytes, next_control_++);
  }
  // RTP or RTCP, in clear; empty when it is not authentic, or was read before.
  [[nodiscard]] std::optional<ByteSpan> read(Instant now, ByteSpan datagram) {
    if (datagram.size() > room_.size()) return std::nullopt;
    std::memcpy(room_.data(), datagram.data(), datagram.size());
    const MutableByteSpan packet = std::span(room_).first(datagram.size());
    if (wire::is_rtcp(datagram)) return read_control(packet);
    const auto front = wire::parse_rtp_front(packet);
    if (!front) return std::nullopt;
    const Verdict verdict = reader_.read(
        now,
        {.bytes = packet, .header_bytes = front->payload_offset, .seq = front->header.seq, .ssrc = front->header.ssrc});
    if (verdict != Verdict::kAccepted) return std::nullopt;
    return packet.first(packet.size() - keys_.form().rtp_tag_bytes);
  }

 private:
  // Of somebody who need not send RTP.
  [[nodiscard]] std::optional<ByteSpan> read_control(MutableByteSpan packet) {
    const std::size_t bytes = keys_.unprotect_control(packet);
    if (bytes == 0) return std::nullopt;
    return packet.first(bytes);
  }

  crypto::SrtpKeys keys_;
  crypto::SrtpReader reader_;
  std::uint32_t next_control_ = 0;
  std::array<std::byte, kDatagramBytesMax> room_{};
};

}  // namespace fanlight::sim
