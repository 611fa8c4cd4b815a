// RTP and RTCP made secret, and read again, under one SRTP master key. RFC 3711, RFC 7714
//
//   SRTP    RTP header, clear | payload, encrypted | tag
//   SRTCP   first 8 bytes, clear | rest, encrypted | tag (AEAD) | E and index (4 bytes) | tag (HMAC)
//
// The tag covers all before it; AES-CM's also the rollover counter, which is not sent, and AEAD's what stands clear.
// Nothing here has state: a packet's index is the caller's (RTP: rollover counter and number, 48 bits; RTCP: 31 bits),
// who must not give one twice for the same SSRC: with the same key stream under two texts, both are laid open. So one
// key does for any number of streams, in any order, from any thread.
//
// Why not libsrtp: Debian builds it on NSS, which makes and frees a context for each packet, behind locks, and keeps
// keys where we cannot wipe them (docs/adr/0039).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "crypto/srtp_derivation.h"
#include "crypto/srtp_suite.h"

namespace fanlight::crypto {

inline constexpr std::uint64_t kSrtpIndexEnd = std::uint64_t{1} << 48;
inline constexpr std::uint32_t kSrtcpIndexEnd = std::uint32_t{1} << 31;

class SrtpKeys {
 public:
  // One RTP packet to be protected: `bytes` has the room for the tag, behind the packet.
  struct Packet {
    MutableByteSpan bytes;
    std::size_t header_bytes = 0;  // Clear: with contributing sources and extension.
    std::uint32_t ssrc = 0;
    std::uint64_t index = 0;
  };
  static constexpr std::size_t kBatchMax = 16;  // As many as go through the library together.

  // Both allocate: control thread.
  explicit SrtpKeys(const SrtpMaster& master);
  SrtpKeys(SrtpSuite suite, const SrtpSessionKeys& keys);
  ~SrtpKeys();
  SrtpKeys(SrtpKeys&&) = delete;

  [[nodiscard]] const SrtpSuiteForm& form() const noexcept { return form_of(suite_); }
  // So many packets may be sent with one SSRC.
  [[nodiscard]] std::uint64_t packets_max() const noexcept { return packets_max_; }

  // Encrypts and tags in place. False on a failure of the library: then none of them may be sent.
  [[nodiscard]] bool protect(std::span<const Packet> packets) const noexcept;
  // Decrypts in place, tag included in `packet`; what stands there then is `packet` less the tag. False: the tag is
  // wrong, and the bytes are what they were.
  [[nodiscard]] bool unprotect(const Packet& packet) const noexcept;

  // `bytes` of compound RTCP in front, room for index and tag behind: answers what they are then; 0 on a failure.
  [[nodiscard]] std::size_t protect_control(MutableByteSpan room, std::size_t bytes,
                                            std::uint32_t index) const noexcept;
  // Answers the bytes of compound RTCP in front; 0: not one of this key.
  [[nodiscard]] std::size_t unprotect_control(MutableByteSpan datagram) const noexcept;
  // The index of an SRTCP packet, not to be believed before it is unprotected; kSrtcpIndexEnd when there is none, or
  // it is not encrypted.
  [[nodiscard]] std::uint32_t peek_control_index(ByteSpan datagram) const noexcept;

 private:
  struct Half;
  struct Both;
  SrtpSuite suite_;
  std::uint64_t packets_max_ = kSrtpIndexEnd;
  std::unique_ptr<Both> both_;  // Secret memory.
};

}  // namespace fanlight::crypto
