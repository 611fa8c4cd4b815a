// What a receiver must know of an RTP destination, as a session description: RFC 4566 (RFC 4570 for the source, RFC
// 5576 for the SSRC, RFC 4585 and 4588 for what may be asked for again, RFC 7104 for two legs, RFC 4568 for SRTP).
#pragma once

#include <cstdint>
#include <string>

#include "config/destination_rule.h"
#include "config/media_format.h"

namespace fanlight::control {

// Where a destination stands.
struct SdpFacts {
  std::uint32_t ssrc = 0;  // Of SRTP it may change while the session lasts; 0: not known, and not said.
  std::string cname{};     // Of its reports, now; empty: not known, and no source is described.
  IpAddress local{};       // Of ours, where its packets leave; unspecified: not known.
  friend bool operator==(const SdpFacts&, const SdpFacts&) = default;
};

// What its o= tells it apart by: from others, and from what it said before. RFC 8866 §5.2
struct SdpOrigin {
  std::int64_t session = 0;
  std::int64_t version = 0;
};

// Of one destination's description, whose rule and format stay. Both numbers are of the wall clock: a relay that begins
// anew goes on with higher ones.
class SdpHistory {
 public:
  // `id`: the destination's. `wall_s`: seconds since 1970.
  [[nodiscard]] SdpOrigin note(std::uint32_t id, std::int64_t wall_s, const SdpFacts& facts);

 private:
  SdpOrigin origin_{};
  SdpFacts told_{};
};

// Empty for a bare transport stream: nobody describes one. With its key it is a secret; without, an SRTP receiver needs
// that from elsewhere.
[[nodiscard]] std::string sdp_of(const DestinationRule& rule, const SdpFacts& facts, const SdpOrigin& origin,
                                 const MediaFormat& format = {}, bool with_key = false);

}  // namespace fanlight::control
