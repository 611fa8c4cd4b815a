#include "config/destination_sdp.h"

#include <algorithm>

#include "config/secret.h"
#include "config/srtp_key.h"

namespace fanlight::control {
namespace {

constexpr std::uint8_t kGroupTtl = 1;  // The kernel's own, where none was given.

std::string typed(const IpAddress& ip) { return (ip.is_v4() ? "IN IP4 " : "IN IP6 ") + ip.text(); }

// A TTL belongs to an IPv4 group's address.
std::string connection(const DestinationTerms& terms) {
  const IpAddress& ip = terms.remote.ip;
  if (!ip.is_multicast() || !ip.is_v4()) return typed(ip);
  return typed(ip) + "/" + std::to_string(terms.ttl != 0 ? terms.ttl : kGroupTtl);
}

// Who made the description. Which address of ours packets leave from, the host alone knows where none is named.
IpAddress address_of(const DestinationRule& rule, const IpAddress& local) {
  constexpr IpAddress kLoopbackV6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  if (rule.source) return *rule.source;
  if (!local.is_unspecified() && local.is_v4() == rule.terms.remote.ip.is_v4()) return local;
  return rule.terms.remote.ip.is_v4() ? IpAddress::v4(127, 0, 0, 1) : kLoopbackV6;
}

// Behind the payload's own type in the media line.
std::string rtx_type(const DestinationTerms& terms) {
  return terms.rtx_payload_type ? " " + std::to_string(*terms.rtx_payload_type) : "";
}

std::string feedback(const DestinationTerms& terms, const MediaFormat& format) {
  if (!terms.nack) return "";
  const std::string type = std::to_string(terms.payload_type);
  std::string text = "a=rtcp-fb:" + type + " nack\r\n";
  if (!terms.rtx_payload_type) return text;
  const std::string rtx = std::to_string(*terms.rtx_payload_type);
  return text + "a=rtpmap:" + rtx + " rtx/" + std::to_string(format.clock_rate) + "\r\na=fmtp:" + rtx + " apt=" + type +
         "\r\n";
}

// RFC 5576 §6.1: with the name that its reports have.
std::string sources(const DestinationTerms& terms, const SdpFacts& facts, bool is_second_leg) {
  if (facts.ssrc == 0 || facts.cname.empty()) return "";
  const auto source = [&](const std::string& ssrc) { return "a=ssrc:" + ssrc + " cname:" + facts.cname + "\r\n"; };
  const std::string own = std::to_string(facts.ssrc);
  if (!terms.rtx_payload_type) return source(own);
  const std::string rtx = std::to_string(rtx_ssrc_of(facts.ssrc, is_second_leg));
  return "a=ssrc-group:FID " + own + " " + rtx + "\r\n" + source(own) + source(rtx);
}

// RFC 3551 §6, RFC 4585 §4, RFC 4568.
std::string_view profile(const DestinationRule& rule) {
  if (rule.srtp) return " RTP/SAVP ";
  return rule.terms.nack ? " RTP/AVPF " : " RTP/AVP ";
}

// One way that the packets go. `mid`: which of two it is; 0: the only one.
std::string media(const DestinationRule& rule, const SdpFacts& facts, const MediaFormat& format, int mid) {
  const DestinationTerms& terms = rule.terms;
  const std::string type = std::to_string(terms.payload_type);
  std::string text = "m=" + format.media + " " + std::to_string(terms.remote.port) + std::string{profile(rule)} + type +
                     rtx_type(terms) + "\r\n";
  if (mid > 0) text += "c=" + connection(terms) + "\r\n";
  if (terms.rtcp == RtcpWay::kNone) text += "b=RS:0\r\nb=RR:0\r\n";  // RFC 3556 §2: nobody reports.
  text += "a=rtpmap:" + type + " " + format.text() + "\r\n";
  if (!format.fmtp.empty()) text += "a=fmtp:" + type + " " + format.fmtp + "\r\n";
  text += feedback(terms, format);
  if (terms.rtcp == RtcpWay::kSamePort) text += "a=rtcp-mux\r\n";
  // Nobody's parser knows 2022-1: an attribute of our own tells people, and is skipped by the others (RFC 4566 §5.13).
  for (const DestinationRule& leg : legs_of(rule))
    text += std::string{"a=x-smpte-2022-1:"} + (leg.terms.leg == DestinationPart::kFecRows ? "rows " : "columns ") +
            std::to_string(leg.terms.remote.port) + "\r\n";
  if (terms.remote.ip.is_multicast() && rule.source)
    text += "a=source-filter: incl " + typed(terms.remote.ip) + " " + rule.source->text() + "\r\n";
  text += sources(terms, facts, mid == 2);
  if (mid > 0) text += "a=mid:" + std::to_string(mid) + "\r\n";
  return text;
}

}  // namespace

SdpOrigin SdpHistory::note(std::uint32_t id, std::int64_t wall_s, const SdpFacts& facts) {
  constexpr std::int64_t kIdsPerSecond = 1'000'000;
  if (origin_.version != 0 && facts == told_) return origin_;
  if (origin_.version == 0) origin_.session = wall_s * kIdsPerSecond + id % kIdsPerSecond;
  origin_.version = std::max(origin_.version + 1, wall_s);
  told_ = facts;
  return origin_;
}

std::string sdp_of(const DestinationRule& rule, const SdpFacts& facts, const SdpOrigin& origin,
                   const MediaFormat& format, bool with_key) {
  if (rule.terms.kind != FeedKind::kRtp) return "";
  const std::string head = "v=0\r\no=- " + std::to_string(origin.session) + " " + std::to_string(origin.version) + " " +
                           typed(address_of(rule, facts.local)) + "\r\ns=" + rule.stream + "\r\n";
  constexpr const char* kTimes = "t=0 0\r\na=recvonly\r\n";
  if (rule.srtp && with_key) {
    std::string key = write_srtp_key(*rule.srtp);
    const WipedAtEnd wiped({&key});
    return head + "c=" + connection(rule.terms) + "\r\n" + kTimes + media(rule, facts, format, 0) + "a=crypto:1 " +
           key + "\r\n";
  }
  if (!rule.second) return head + "c=" + connection(rule.terms) + "\r\n" + kTimes + media(rule, facts, format, 0);
  return head + kTimes + "a=group:DUP 1 2\r\n" + media(rule, facts, format, 1) +
         media(rule.second_alone(), facts, format, 2);
}

}  // namespace fanlight::control
