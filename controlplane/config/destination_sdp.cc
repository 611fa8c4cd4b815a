#include "config/destination_sdp.h"

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

// Who made the description. What our address is, the host alone knows when the destination names none.
IpAddress origin_of(const DestinationRule& rule) {
  constexpr IpAddress kLoopbackV6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  if (rule.source) return *rule.source;
  return rule.terms.remote.ip.is_v4() ? IpAddress::v4(127, 0, 0, 1) : kLoopbackV6;
}

}  // namespace

std::string sdp_of(const DestinationRule& rule, SocketId session) {
  const DestinationTerms& terms = rule.terms;
  if (terms.kind != FeedKind::kRtp) return "";
  const std::string type = std::to_string(terms.payload_type);
  std::string text = "v=0\r\no=- " + std::to_string(session.raw()) + " 1 " + typed(origin_of(rule)) +
                     "\r\ns=" + rule.stream + "\r\nc=" + connection(terms) +
                     "\r\nt=0 0\r\na=recvonly\r\n"
                     "m=video " +
                     std::to_string(terms.remote.port) + " RTP/AVP " + type + "\r\na=rtpmap:" + type +
                     " MP2T/90000\r\n";
  if (terms.rtcp == RtcpWay::kSamePort) text += "a=rtcp-mux\r\n";
  if (terms.remote.ip.is_multicast() && rule.source)
    text += "a=source-filter: incl " + typed(terms.remote.ip) + " " + rule.source->text() + "\r\n";
  if (session != SocketId{}) text += "a=ssrc:" + std::to_string(session.raw()) + " cname:fanlight\r\n";
  return text;
}

}  // namespace fanlight::control
