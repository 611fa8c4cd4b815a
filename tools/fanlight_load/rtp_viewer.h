// What one destination sees of its stream: numbers, positions, timestamps, payloads, and the reports it owes. Knows no
// socket and no clock.
//
//   number       a gap is a loss, filled by what comes late
//   position     goes with the number: the relay leaves out numbers for what it has not, and no others
//   timestamp    goes with the send time in the stamp
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "contract/feed_terms.h"
#include "fanlight_load/stamp.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"

namespace fanlight::load {

struct RtpTally {
  std::uint64_t received = 0;  // Once each.
  std::uint64_t lost = 0;
  std::uint64_t late = 0;  // Behind others with higher numbers; not lost.
  std::uint64_t duplicate = 0;
  std::uint64_t continuity_errors = 0;  // Position and number do not go together.
  std::uint64_t timestamp_errors = 0;   // More than 20 ms off what the stamp says.
  std::uint64_t hash_failures = 0;
  std::uint64_t foreign = 0;   // Neither RTP of its payload type nor a stamp of ours.
  std::uint64_t restarts = 0;  // Another publisher.
  std::uint64_t sources = 0;   // SSRCs, beyond the first.
  std::uint64_t reports_heard = 0;
  std::uint64_t reports_said = 0;
  RtpTally& operator+=(const RtpTally& other);
};

class RtpViewer {
 public:
  struct Terms {
    FeedKind kind = FeedKind::kRtp;
    std::uint8_t payload_type = 33;
    std::uint32_t own_ssrc = 1;
  };
  // The send time of a packet that is new; empty for any other.
  [[nodiscard]] std::optional<std::int64_t> take_data(std::int64_t now_ns, ByteSpan datagram, const Terms& terms,
                                                      bool hashes, RtpTally& tally) noexcept;
  void take_report(std::int64_t now_ns, ByteSpan datagram, RtpTally& tally) noexcept;
  // A receiver report; 0 when no sender report asked for one.
  [[nodiscard]] std::size_t write_report(std::int64_t now_ns, const Terms& terms, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t write_bye(const Terms& terms, MutableByteSpan out) const noexcept;

  [[nodiscard]] bool has_begun() const { return run_ != 0; }
  [[nodiscard]] std::uint32_t run() const { return run_; }
  [[nodiscard]] std::int64_t next_position() const { return position_ + 1; }
  // RFC 3550 A.8.
  [[nodiscard]] Micros jitter() const { return {jitter_ticks_ / 16 * 100 / 9}; }

 private:
  void begin_run(const wire::RtpHeader& header, const Stamp& stamp) noexcept;
  [[nodiscard]] bool take_ahead(const wire::RtpHeader& header, const Stamp& stamp, std::int64_t ahead,
                                RtpTally& tally) noexcept;
  [[nodiscard]] bool take_behind(std::int64_t behind, RtpTally& tally) noexcept;
  void judge_time(const wire::RtpHeader& header, const Stamp& stamp, RtpTally& tally) noexcept;
  void note_jitter(std::int64_t now_ns, const wire::RtpHeader& header) noexcept;

  std::uint32_t run_ = 0;  // 0: nothing came yet.
  std::uint32_t ssrc_ = 0;
  std::int64_t number_ = 0;  // The newest, extended.
  std::int64_t position_ = 0;
  std::uint64_t seen_ = 0;             // Bit i: the number i behind the newest came.
  std::uint32_t first_timestamp_ = 0;  // Of the run.
  std::int64_t first_sent_ns_ = 0;
  // --- for reports
  std::int64_t first_number_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t expected_before_ = 0;
  std::uint64_t received_before_ = 0;
  std::uint32_t last_report_ = 0;
  std::int64_t last_report_ns_ = 0;
  std::int64_t transit_ticks_ = 0;
  std::int64_t jitter_ticks_ = 0;  // Times 16.
};

}  // namespace fanlight::load
