// What a receiver must know of an RTP destination, as a session description: RFC 4566 (RFC 4570 for the source, RFC
// 5576 for the SSRC, RFC 4585 and 4588 for what may be asked for again, RFC 7104 for two legs, RFC 4568 for SRTP).
#pragma once

#include <string>

#include "base/strong.h"
#include "config/destination_rule.h"
#include "config/media_format.h"

namespace fanlight::control {

// Empty for a bare transport stream: nobody describes one. `session` is the SSRC as well, but with SRTP, where it may
// change; 0: not open, and not said. `local`: of ours, where packets leave; unspecified: not known. With its key it is
// a secret; without, an SRTP receiver needs that from elsewhere.
[[nodiscard]] std::string sdp_of(const DestinationRule& rule, SocketId session, const MediaFormat& format = {},
                                 const IpAddress& local = {}, bool with_key = false);

}  // namespace fanlight::control
