// What one m= of a session description says of an RTP stream that comes here: where, from whom, and what it carries.
//
//   a=rtpmap:96 H264/90000            a=fmtp:96 PARAMETERS          RFC 8866 §6.6, §6.15
//   a=rtcp:5005                       a=rtcp-mux                    RFC 3605, RFC 5761
//   a=source-filter: incl IN IP4 239.10.0.1 192.0.2.1               RFC 4570
//   a=ssrc:1234 cname:x                                             RFC 5576
//   m=video 5004 RTP/AVPF 96 97       a=rtcp-fb:96 nack             RFC 4585
//   a=rtpmap:97 rtx/90000             a=fmtp:97 apt=96              RFC 4588
//   a=ssrc-group:FID 1234 5678                                      RFC 5576: with which SSRC that is
//   a=crypto:1 SUITE inline:…   under RTP/SAVP and RTP/SAVPF        RFC 4568
//
// The first format of m= is the stream; what follows it belongs to it (retransmission, FEC) or is another way to send
// it.
#pragma once

#include "config/media_format.h"
#include "config/sdp.h"
#include "contract/feed_terms.h"
#include "crypto/srtp_suite.h"

namespace fanlight::control {

struct MediaDescription {
  Endpoint address;
  std::optional<IpAddress> source{};
  std::optional<std::uint32_t> ssrc{};  // As long as its sender does not choose another: at its next start.
  RtcpWay rtcp = RtcpWay::kNextPort;
  bool nack = false;                               // Its sender sends again what it is asked for.
  std::optional<std::uint8_t> rtx_payload_type{};  // Under this type; empty: the packet as it was.
  std::optional<std::uint32_t> rtx_ssrc{};         // With this SSRC, beside `ssrc`.
  MediaFormat format{};
  bool is_secure = false;                    // RTP/SAVP or RTP/SAVPF, or it has a key: it comes as SRTP ...
  std::optional<crypto::SrtpMaster> srtp{};  // ... under that key, when the description has it.
};

// `wanted`: "video", "audio", …, or a number, from 1, among all m=; empty: the only one. Of two legs (sdp_legs.h) the
// first.
[[nodiscard]] Result<const SdpMedia*, SdpFault> choose_media(const SessionDescription& session,
                                                             std::string_view wanted);
[[nodiscard]] Result<MediaDescription, SdpFault> describe_media(const SessionDescription& session,
                                                                const SdpMedia& media);
// The other leg, by which the same packets come: SMPTE ST 2022-7. Empty when a=group:DUP names none.
[[nodiscard]] Result<std::optional<MediaDescription>, SdpFault> describe_second(const SessionDescription& session,
                                                                                const SdpMedia& media,
                                                                                const MediaDescription& first);
// Why what its sender offers to send again cannot be heard; empty when it can.
[[nodiscard]] std::optional<SdpFault> judge_retransmission(const SessionDescription& session, const SdpMedia& media);

}  // namespace fanlight::control
