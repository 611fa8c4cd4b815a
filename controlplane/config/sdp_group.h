// Media of a session description that belong together: RFC 5888.
//
//   a=group:DUP 1 2         the same packets twice, by two ways: RFC 7104, SMPTE ST 2022-7
//   m=… a=mid:1             a=group:FID: the same stream in other words, as on a port for retransmissions
//   m=… a=mid:2
#pragma once

#include "config/sdp.h"

namespace fanlight::control {

struct SdpGroup {
  int line = 0;
  std::vector<const SdpMedia*> media;
};

// The first group of that kind that `media` is in; of no media when there is none.
[[nodiscard]] Result<SdpGroup, SdpFault> find_group(const SessionDescription& session, std::string_view kind,
                                                    const SdpMedia& media);

}  // namespace fanlight::control
