#include "config/feed_rule.h"

#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

constexpr std::string_view kRtpScheme = "rtp://";
constexpr std::string_view kUdpScheme = "udp://";
constexpr std::string_view kUrlWanted =
    "rtp://ADDRESS:PORT or udp://ADDRESS:PORT, the address one of this host, a multicast group, or 0.0.0.0";

void read_url(FieldReader& reader, FeedTerms& terms) {
  const std::string text = reader.text("url");
  std::string_view rest = text;
  terms.kind = rest.starts_with(kUdpScheme) ? FeedKind::kTransportStream : FeedKind::kRtp;
  const bool has_scheme = rest.starts_with(kRtpScheme) || rest.starts_with(kUdpScheme);
  if (has_scheme) rest.remove_prefix(kRtpScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::optional<Endpoint> local = has_scheme ? Endpoint::parse(rest) : std::nullopt;
  if (!local || local->port == 0) {
    reader.complain("url", reader.has("url") ? quoted(text) : "nothing", std::string{kUrlWanted});
    return;
  }
  terms.local = *local;
}

void read_source(FieldReader& reader, FeedTerms& terms) {
  const std::string text = reader.text("source");
  if (text.empty()) return;
  terms.source = IpAddress::parse(text);
  if (!terms.source || terms.source->is_multicast() || terms.source->is_unspecified())
    reader.complain("source", quoted(text), "the address of one sender");
  else if (terms.local.port != 0 && terms.local.ip.is_v4() != terms.source->is_v4())
    reader.complain("source", quoted(text), "an address of the family of url");
}

// What its sender sends again, and how.
void read_nack(FieldReader& reader, FeedTerms& terms) {
  terms.nack = reader.flag("nack", false);
  const std::int64_t type = reader.integer("rtx_pt", {0, 127}, -1);
  if (type >= 0) terms.rtx_payload_type = static_cast<std::uint8_t>(type);
  const std::int64_t ssrc = reader.integer("rtx_ssrc", {0, 0xFFFF'FFFF}, -1);
  if (ssrc >= 0) terms.rtx_ssrc = static_cast<std::uint32_t>(ssrc);
  if (terms.nack && terms.rtcp == RtcpWay::kNone) reader.complain("nack", "true", "false beside rtcp = \"off\"");
  if (!terms.nack && terms.rtx_payload_type)
    reader.complain("rtx_pt", std::to_string(type), "it beside nack = true alone");
  if (terms.rtx_payload_type == terms.payload_type)
    reader.complain("rtx_pt", std::to_string(type), "another type than payload_type");
  if (terms.rtx_ssrc && !terms.rtx_payload_type)
    reader.complain("rtx_ssrc", std::to_string(ssrc), "it beside rtx_pt alone");
  if (terms.rtx_payload_type && terms.ssrc && (!terms.rtx_ssrc || terms.rtx_ssrc == terms.ssrc))
    reader.complain("rtx_ssrc", terms.rtx_ssrc ? std::to_string(ssrc) : "nothing",
                    "the SSRC of what is sent again, which is not ssrc");
}

// What is RTP's alone.
void read_rtp(FieldReader& reader, FeedTerms& terms) {
  terms.payload_type = static_cast<std::uint8_t>(reader.integer("payload_type", {0, 127}, 33));
  const std::int64_t ssrc = reader.integer("ssrc", {0, 0xFFFF'FFFF}, -1);
  if (ssrc >= 0) terms.ssrc = static_cast<std::uint32_t>(ssrc);
  terms.rtcp = static_cast<RtcpWay>(reader.choice("rtcp", {"next_port", "same_port", "off"}, 0));
  read_nack(reader, terms);
  if (terms.kind != FeedKind::kRtp) {
    for (const std::string_view key : {"payload_type", "ssrc", "rtcp", "nack", "rtx_pt", "rtx_ssrc", "fec"})
      if (reader.has(key)) reader.complain(key, "it beside udp://", "it beside rtp:// alone");
    terms.rtcp = RtcpWay::kNone;
  }
  terms.fec = reader.flag("fec", false);
  if (terms.fec && terms.local.port > 65'531)
    reader.complain("url", "port " + std::to_string(terms.local.port), "a port with FEC's two and four behind it");
  if (terms.has_rtcp_port() && terms.local.port == 65'535)
    reader.complain("url", "port 65535", "a port with one behind it for RTCP, or rtcp = \"same_port\" or \"off\"");
}

}  // namespace

std::string url_of(const FeedTerms& terms) {
  return std::string{terms.kind == FeedKind::kRtp ? kRtpScheme : kUdpScheme} + terms.local.text();
}

FeedRule read_feed_rule(FieldReader& reader, int line) {
  FeedRule rule;
  rule.line = line;
  rule.stream = reader.text("stream");
  if (!is_stream_name(rule.stream) && !reader.is_no_text("stream"))
    reader.complain("stream", reader.has("stream") ? quoted(rule.stream) : "nothing", kStreamNameText);
  read_url(reader, rule.terms);
  read_source(reader, rule.terms);
  read_rtp(reader, rule.terms);
  rule.interface = reader.text("interface");
  if (!rule.interface.empty() && rule.terms.local.port != 0 && !rule.terms.local.ip.is_multicast())
    reader.complain("interface", quoted(rule.interface), "it beside a multicast group alone");
  const IpAddress& local = rule.terms.local.ip;
  if (local.is_link_local() && !local.is_multicast())
    reader.complain("url", local.text(), "an address that means something on more than one link");
  if (local.is_link_local() && local.is_multicast() && rule.interface.empty())
    reader.complain("interface", "nothing", "the link that the group of url is on");
  reader.finish();
  return rule;
}

bool is_ambiguous(const FeedTerms& a, const FeedTerms& b) {
  if (a.local != b.local) return false;
  if (a.source && b.source && *a.source != *b.source) return false;
  if (a.fec || b.fec) return true;  // FEC does not say which source's it is.
  return !(a.kind == FeedKind::kRtp && b.kind == FeedKind::kRtp && a.ssrc && b.ssrc && *a.ssrc != *b.ssrc);
}

}  // namespace fanlight::control
