// What the user of `fanlight-load rtp` asked for.
#pragma once

#include "contract/feed_terms.h"
#include "fanlight_load/settings.h"

namespace fanlight::load {

struct RtpSettings {
  Settings common;  // `relay` is where senders send to, or any address of this host; `viewers` are destinations.
  FeedKind kind = FeedKind::kRtp;
  std::uint8_t payload_type = 33;
  std::uint32_t first_ssrc = 0;  // Sender n's is so many more; 0: random.
  RtcpWay feed_rtcp = RtcpWay::kNextPort;
  std::string api = "/run/fanlight/api.sock";  // The relay's control socket, over which destinations are added.
  bool prints_destinations = false;            // Instead: as a configuration has them, and nothing else is done.
  bool are_configured = false;                 // The relay has them already: none is added.

  // "rtp://127.1.0.1:6000?rtcp=same_port&pt=33"
  [[nodiscard]] std::string url_of(const Endpoint& own) const;
};

}  // namespace fanlight::load
