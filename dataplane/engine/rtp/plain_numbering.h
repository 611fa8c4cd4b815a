// A transport stream in bare UDP datagrams has no numbers and no timestamps: they are counted as they come, and timed
// by their arrival. From there on it is RTP that never loses a packet.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "wire/rtp_header.h"

namespace fanlight::rtp {

class PlainNumbering {
 public:
  [[nodiscard]] constexpr wire::RtpHeader next(Instant now) noexcept {
    return {.payload_type = wire::kPayloadTypeMp2t,
            .seq = next_seq_++,
            .timestamp = static_cast<std::uint32_t>(now.us * 9 / 100)};  // 90 kHz
  }

 private:
  std::uint16_t next_seq_ = 0;
};

}  // namespace fanlight::rtp
