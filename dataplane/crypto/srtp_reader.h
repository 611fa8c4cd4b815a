// The end of SRTP that a sender's packets come to, under one master key: which index each has, whether it came before,
// whether it is authentic; and what we report back, under the same key. RFC 3711 §3.3, §3.4
//
// A packet says the lower 16 bits of its index. The upper 32, the rollover counter (ROC), are where its source's newest
// packet suggests. SDES has no word for the ROC of a source that has been sending for long, and none helps over an
// outage of more than 2^15 packets: then a packet is tried with a few more, which its tag chooses: strangers cannot
// change what is tried next (docs/adr/0039). Nothing is learned from a packet before it proves authentic.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "base/token_bucket.h"
#include "base/verdict.h"
#include "crypto/replay_window.h"
#include "crypto/srtp_keys.h"

namespace fanlight::crypto {

class SrtpReader {
 public:
  // Their newest packets are known, so that none is taken twice. One more takes the place of the one silent longest, if
  // that is 10 s: recordings push nobody out.
  static constexpr std::size_t kSourcesMax = 16;

  struct Packet {
    MutableByteSpan bytes;  // All of it: header, payload, tag.
    std::size_t header_bytes = 0;
    std::uint16_t seq = 0;
    std::uint32_t ssrc = 0;
  };
  struct Control {
    Verdict verdict = Verdict::kMalformed;
    std::size_t bytes = 0;  // kControl: so many in front are compound RTCP now.
  };

  // Allocates: control thread. `control_index`, of our first report, is random: should our SSRC come again under the
  // same key, what was said with it does not. `taken`: packets that others took under that key.
  explicit SrtpReader(const SrtpMaster& master, std::uint32_t control_index = 0, std::uint64_t taken = 0)
      : keys_(master), taken_(taken), control_index_(control_index) {}

  [[nodiscard]] const SrtpSuiteForm& form() const noexcept { return keys_.form(); }
  // Of the key's lifetime, so many packets are used up.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] std::uint64_t packets_max() const noexcept { return keys_.packets_max(); }

  // kAccepted: clear now, but for the tag behind it. kKeyWornOut: authentic, and one too many.
  [[nodiscard]] Verdict read(Instant now, const Packet& packet) noexcept;
  // Of a source that RTP came from.
  [[nodiscard]] Control read_control(MutableByteSpan datagram) noexcept;
  // `bytes` of compound RTCP of ours in front, room behind: answers what they are then; 0: it cannot be said.
  [[nodiscard]] std::size_t write_control(MutableByteSpan room, std::size_t bytes) noexcept;

 private:
  struct Source {
    std::uint32_t ssrc = 0;
    Instant last{};                              // When an authentic packet of it came.
    std::uint64_t first = 0;                     // Its first index, or one that is not before that.
    ReplayWindow<kSrtpWindowPackets> packets{};  // Empty: nobody has the place.
    ReplayWindow<64> controls{};
  };
  [[nodiscard]] Source* find(std::uint32_t ssrc) noexcept;
  [[nodiscard]] Verdict read_known(Instant now, Source& source, const Packet& packet) noexcept;
  [[nodiscard]] Verdict read_unknown(Instant now, const Packet& packet) noexcept;
  [[nodiscard]] bool is_authentic(const Packet& packet, std::uint64_t index) const noexcept;
  // The index that the packet is authentic with, if that is some rollovers after `from`.
  [[nodiscard]] std::optional<std::uint64_t> search(Instant now, const Packet& packet, std::uint64_t from) noexcept;
  [[nodiscard]] Verdict take(Instant now, Source& source, std::uint64_t index) noexcept;

  SrtpKeys keys_;
  TokenBucket searches_;
  std::uint64_t taken_ = 0;          // Packets of all sources.
  std::uint32_t control_index_ = 0;  // Of our next report.
  std::array<Source, kSourcesMax> sources_{};
};

}  // namespace fanlight::crypto
