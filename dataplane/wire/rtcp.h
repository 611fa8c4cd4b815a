// RTCP: what the two ends of an RTP stream tell each other. RFC 3550 §6
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|  count  |  packet type  |     length in words, − 1      |   a datagram holds several of these
//  |                        SSRC of sender                         |
//
//  |     CNAME = 1 |    length     | text, then zeros to a word    |   source description (202), §6.5
//
//  |              NTP timestamp, seconds since 1900                |   sender report (200), §6.4.1
//  |              NTP timestamp, fraction                          |
//  |                         RTP timestamp                         |
//  |                     sender's packet count                     |
//  |                     sender's octet count                      |
//
//  |                  SSRC of the source reported                  |   report block, of sender and
//  | fraction lost |       cumulative number of packets lost       |   receiver reports (201), §6.4.1
//  |           extended highest sequence number received           |
//  |                      interarrival jitter                      |
//  |                         last SR (LSR)                         |
//  |                   delay since last SR (DLSR)                  |
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace fanlight::wire {

enum class RtcpType : std::uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kBye = 203,
  kApplication = 204,
  kTransportFeedback = 205,  // RFC 4585 §6.2
  kPayloadFeedback = 206,
};

struct RtcpPacket {
  RtcpType type{};         // May be one this enum does not name.
  std::uint8_t count = 0;  // 5 bits: report blocks, sources, or the format of feedback.
  ByteSpan content{};      // Behind the first word, without padding.
};

// Walks a compound packet without allocating. next() answers the packets in order, and empty at the end or at one that
// is malformed; is_malformed() tells the two apart.
class RtcpReader {
 public:
  explicit RtcpReader(ByteSpan datagram) noexcept : rest_(datagram) {}
  [[nodiscard]] std::optional<RtcpPacket> next() noexcept;
  [[nodiscard]] bool is_malformed() const noexcept { return malformed_; }

 private:
  ByteSpan rest_;
  bool malformed_ = false;
};

// Whether a datagram is one or more whole RTCP packets of version 2, only the last of them padded. RFC 3550 A.2; any
// packet may be the first (RFC 5506).
[[nodiscard]] bool is_well_formed_rtcp(ByteSpan datagram) noexcept;

// 64 bits of NTP time: seconds since 1900, and a fraction of 2^32.
struct NtpTime {
  std::uint32_t seconds = 0;
  std::uint32_t fraction = 0;
  // The 32 bits of it that reports refer to a sender report by.
  [[nodiscard]] constexpr std::uint32_t middle() const { return seconds << 16 | fraction >> 16; }
  // That much later, or earlier. It wraps in 2036, as the others' does.
  [[nodiscard]] constexpr NtpTime later(Micros span) const {
    const std::int64_t rest = span.count % 1'000'000;
    const auto whole = static_cast<std::uint64_t>(span.count / 1'000'000) << 32;
    const auto part = static_cast<std::uint64_t>((rest << 32) / 1'000'000);
    const std::uint64_t sum = (std::uint64_t{seconds} << 32 | fraction) + whole + part;
    return {static_cast<std::uint32_t>(sum >> 32), static_cast<std::uint32_t>(sum)};
  }
  friend bool operator==(const NtpTime&, const NtpTime&) = default;
};
inline constexpr NtpTime kUnixEpoch{2'208'988'800, 0};

struct SenderReport {
  std::uint32_t ssrc = 0;
  NtpTime time{};                   // When it was sent, by the sender's wall clock ...
  std::uint32_t rtp_timestamp = 0;  // ... and by the clock of its packets.
  std::uint32_t packets = 0;
  std::uint32_t bytes = 0;  // Of payload.
  friend bool operator==(const SenderReport&, const SenderReport&) = default;
};

struct ReportBlock {
  std::uint32_t ssrc = 0;          // Whose packets it is about.
  std::uint8_t fraction_lost = 0;  // Since the last report, of 256.
  std::int32_t lost = 0;           // In all, less copies: 24 bits, signed.
  std::uint32_t highest_seq = 0;   // Its upper half counts the wraps.
  std::uint32_t jitter = 0;        // Timestamp ticks.
  std::uint32_t last_report = 0;   // NtpTime::middle() of the last sender report; 0: none came.
  std::uint32_t report_delay = 0;  // Since it came, in units of 1/65,536 s.
  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};

// Empty for another type, or one that is too short.
[[nodiscard]] std::optional<SenderReport> parse_sender_report(const RtcpPacket& packet) noexcept;
// A block of a sender or receiver report, counted from 0; empty behind the last.
[[nodiscard]] std::optional<ReportBlock> report_block(const RtcpPacket& packet, std::size_t index) noexcept;
// The block that is about `ssrc`.
[[nodiscard]] std::optional<ReportBlock> find_report_block(const RtcpPacket& packet, std::uint32_t ssrc) noexcept;
// The canonical name of `ssrc`, where it lies; empty when that says none.
[[nodiscard]] std::string_view find_cname(const RtcpPacket& packet, std::uint32_t ssrc) noexcept;
// Whether it is a BYE that names `ssrc`.
[[nodiscard]] bool says_bye(const RtcpPacket& packet, std::uint32_t ssrc) noexcept;

// Each answers the bytes written, 0 when `out` is too small.
[[nodiscard]] std::size_t write_sender_report(MutableByteSpan out, const SenderReport& report) noexcept;
[[nodiscard]] std::size_t write_receiver_report(MutableByteSpan out, std::uint32_t ssrc,
                                                const ReportBlock& block) noexcept;
// About nobody: who is heard no more.
[[nodiscard]] std::size_t write_receiver_report(MutableByteSpan out, std::uint32_t ssrc) noexcept;
// A source description with the canonical name alone, of 1 to 255 bytes.
[[nodiscard]] std::size_t write_cname(MutableByteSpan out, std::uint32_t ssrc, std::string_view name) noexcept;
[[nodiscard]] std::size_t write_bye(MutableByteSpan out, std::uint32_t ssrc) noexcept;

}  // namespace fanlight::wire
