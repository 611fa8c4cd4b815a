// What one m= of a session description says of an RTP stream that comes here: where, from whom, and what it carries.
//
//   a=rtpmap:96 H264/90000            a=fmtp:96 PARAMETERS          RFC 8866 §6.6, §6.15
//   a=rtcp:5005                       a=rtcp-mux                    RFC 3605, RFC 5761
//   a=source-filter: incl IN IP4 239.10.0.1 192.0.2.1               RFC 4570
//   a=ssrc:1234 cname:x                                             RFC 5576
//
// The first format of m= is the stream; what follows it belongs to it (retransmission, FEC) or is another way to send
// it.
#pragma once

#include "config/media_format.h"
#include "config/sdp.h"
#include "contract/feed_terms.h"

namespace fanlight::control {

struct MediaDescription {
  Endpoint address;
  std::optional<IpAddress> source{};
  std::optional<std::uint32_t> ssrc{};
  RtcpWay rtcp = RtcpWay::kNextPort;
  MediaFormat format{};
};

// `wanted`: "video", "audio", …, or a number, from 1, among all m=; empty: the only one.
[[nodiscard]] Result<const SdpMedia*, SdpFault> choose_media(const SessionDescription& session,
                                                             std::string_view wanted);
[[nodiscard]] Result<MediaDescription, SdpFault> describe_media(const SessionDescription& session,
                                                                const SdpMedia& media);

}  // namespace fanlight::control
