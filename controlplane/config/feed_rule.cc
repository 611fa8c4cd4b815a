#include "config/feed_rule.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "config/open_file.h"
#include "config/sdp_media.h"
#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

constexpr std::string_view kRtpScheme = "rtp://";
constexpr std::string_view kUdpScheme = "udp://";
constexpr std::string_view kUrlWanted =
    "rtp://ADDRESS:PORT or udp://ADDRESS:PORT, the address one of this host, a multicast group, or 0.0.0.0";

// Where datagrams come, behind the scheme; empty: it says no such thing.
std::optional<Endpoint> read_place(std::string_view text) {
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::optional<Endpoint> local = Endpoint::parse(text);
  return local && local->port != 0 ? local : std::nullopt;
}

void read_url(FieldReader& reader, FeedTerms& terms) {
  const std::string text = reader.text("url");
  std::string_view rest = text;
  terms.kind = rest.starts_with(kUdpScheme) ? FeedKind::kTransportStream : FeedKind::kRtp;
  const bool has_scheme = rest.starts_with(kRtpScheme) || rest.starts_with(kUdpScheme);
  if (has_scheme) rest.remove_prefix(kRtpScheme.size());
  const std::optional<Endpoint> local = has_scheme ? read_place(rest) : std::nullopt;
  if (!local) {
    reader.complain("url", reader.has("url") ? quoted(text) : "nothing", std::string{kUrlWanted});
    return;
  }
  // 240.0.0.0/4 holds neither hosts nor groups.
  if (local->ip.is_v4() && local->ip.bytes[12] >= 240)
    reader.complain("url", local->ip.text(),
                    "an address of this host, 0.0.0.0, or a multicast group (224.0.0.0/4, ff00::/8)");
  terms.local = *local;
}

// The text of the file that `sdp` names; complains and answers nothing when there is none to read.
std::optional<std::string> read_sdp_file(FieldReader& reader, std::string& path) {
  if (!reader.places()) {
    reader.complain("sdp", quoted(path), "no file over the API");
    return std::nullopt;
  }
  if (!path.starts_with('/')) path = reader.places()->directory + path;
  const OpenFile file(path);
  struct stat about {};
  std::string text(kSdpBytesMax + 1, '\0');
  const bool is_there = file.fd() >= 0 && fstat(file.fd(), &about) == 0;
  const auto size = is_there ? read_up_to(file.fd(), text) : std::nullopt;
  if (!size) {
    reader.complain("sdp", path + ", which cannot be read: " + std::strerror(errno),
                    "the path of a session description");
    return std::nullopt;
  }
  const auto& later = reader.places()->later;
  if (later && !may_read(about, later->user, later->group)) {
    reader.complain("sdp", path + " with mode " + octal(about.st_mode),
                    "a file that relay.user may read, which it does at a reload: chmod 644 " + path);
    return std::nullopt;
  }
  text.resize(*size);
  return text;
}

// What the description says goes into the rule; the table's other keys may say better.
void read_description(FieldReader& reader, FeedRule& rule) {
  std::string path = reader.text("sdp");
  const std::string wanted = reader.text("media");
  for (const std::string_view key : {"payload", "payload_type", "clock_rate", "channels", "fmtp"})
    if (reader.has(key)) {
      reader.acknowledge(key);
      reader.complain(key, "it beside sdp", "what the description says, alone");
    }
  const std::optional<std::string> text = read_sdp_file(reader, path);
  if (!text) return;
  const auto complain = [&](const SdpFault& fault) {
    reader.complain("sdp", path + ":" + std::to_string(fault.line) + ": " + fault.why,
                    "a session description (RFC 8866) of an RTP stream");
  };
  const auto session = parse_sdp(*text);
  if (!session) return complain(session.error());
  const auto media = choose_media(*session, wanted);
  if (!media) return complain(media.error());
  const auto described = describe_media(*session, **media);
  if (!described) return complain(described.error());
  rule.terms.local = described->address;
  rule.terms.source = described->source;
  rule.terms.ssrc = described->ssrc;
  rule.terms.rtcp = described->rtcp;
  rule.format = described->format;
}

// `local`: what it sends to, which the key `url` says; port 0: nobody knows.
std::optional<IpAddress> read_source(FieldReader& reader, std::string_view key, std::string_view url,
                                     const Endpoint& local) {
  const std::string text = reader.text(key);
  if (text.empty()) return std::nullopt;
  const std::optional<IpAddress> source = IpAddress::parse(text);
  if (!source || source->is_multicast() || source->is_unspecified())
    reader.complain(key, quoted(text), "the address of one sender");
  else if (local.port != 0 && local.ip.is_v4() != source->is_v4())
    reader.complain(key, quoted(text), "an address of the family of " + std::string{url});
  return source;
}

// Beside what is joined, or is no group.
std::string read_interface(FieldReader& reader, std::string_view key, std::string_view url, const Endpoint& local) {
  std::string name = reader.text(key);
  const IpAddress& ip = local.ip;
  if (!name.empty() && local.port != 0 && !ip.is_multicast())
    reader.complain(key, quoted(name), "it beside a multicast group alone");
  if (ip.is_link_local() && !ip.is_multicast())
    reader.complain(url, ip.text(), "an address that means something on more than one link");
  if (ip.is_link_local() && ip.is_multicast() && name.empty())
    reader.complain(key, "nothing", "the link that the group of " + std::string{url} + " is on");
  return name;
}

// SMPTE ST 2022-7.
void read_second(FieldReader& reader, FeedRule& rule) {
  FeedLeg leg;
  const std::string text = reader.text("second");
  if (!text.empty()) {
    const std::optional<Endpoint> local =
        text.starts_with(kRtpScheme) ? read_place(std::string_view{text}.substr(kRtpScheme.size())) : std::nullopt;
    if (!local) reader.complain("second", quoted(text), "rtp://ADDRESS:PORT, where the same packets come again");
    leg.local = local.value_or(Endpoint{});
  }
  leg.source = read_source(reader, "second_source", "second", leg.local);
  rule.second_interface = read_interface(reader, "second_interface", "second", leg.local);
  if (!text.empty()) rule.terms.second = leg;
  for (const std::string_view key : {"second_source", "second_interface"})
    if (text.empty() && reader.has(key)) reader.complain(key, "it without second", "it beside second alone");
  if (!text.empty() && rule.terms.kind != FeedKind::kRtp)
    reader.complain("second", "it beside udp://", "it beside rtp:// alone: a bare transport stream has no numbers");
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
void read_rtp(FieldReader& reader, FeedRule& rule) {
  FeedTerms& terms = rule.terms;
  if (!reader.has("sdp")) rule.format = read_media_format(reader);
  terms.payload_type = rule.format.payload_type;
  const std::int64_t ssrc = reader.integer("ssrc", {0, 0xFFFF'FFFF}, -1);
  if (ssrc >= 0) terms.ssrc = static_cast<std::uint32_t>(ssrc);
  terms.rtcp = static_cast<RtcpWay>(
      reader.choice("rtcp", {"next_port", "same_port", "off"}, static_cast<std::size_t>(terms.rtcp)));
  read_nack(reader, terms);
  if (terms.kind != FeedKind::kRtp) {
    constexpr std::array<std::string_view, 12> kOfRtp{"payload",    "payload_type", "ssrc",     "rtcp",
                                                      "nack",       "rtx_pt",       "rtx_ssrc", "fec",
                                                      "clock_rate", "channels",     "fmtp",     "sdp"};
    for (const std::string_view key : kOfRtp)
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
  if (reader.has("sdp")) read_description(reader, rule);
  if (!reader.has("sdp") || reader.has("url")) read_url(reader, rule.terms);
  if (const auto source = read_source(reader, "source", "url", rule.terms.local)) rule.terms.source = source;
  read_rtp(reader, rule);
  rule.interface = read_interface(reader, "interface", "url", rule.terms.local);
  read_second(reader, rule);
  reader.finish();
  return rule;
}

std::string url_of(const FeedLeg& leg) { return std::string{kRtpScheme} + leg.local.text(); }

std::vector<Endpoint> doors_of(const FeedTerms& terms) {
  std::vector<Endpoint> doors{terms.local};
  if (terms.has_rtcp_port()) doors.push_back(terms.rtcp_endpoint());
  if (terms.fec) std::ranges::copy(terms.fec_endpoints(), std::back_inserter(doors));
  if (terms.second) doors.push_back(terms.second->local);
  return doors;
}

StreamFormats formats_of(const std::vector<FeedRule>& feeds) {
  StreamFormats formats;
  for (const FeedRule& feed : feeds)
    if (!feed.format.is_transport_stream()) formats.emplace(feed.stream, feed.format);
  return formats;
}

const MediaFormat& format_of(const StreamFormats& formats, std::string_view stream) {
  static const MediaFormat kTransportStream;
  const auto found = formats.find(stream);
  return found == formats.end() ? kTransportStream : found->second;
}

std::string rtp_alone_words(std::string_view stream, const MediaFormat& format) {
  return "stream " + std::string{stream} + " carries " + format.text() + ", which goes out as RTP alone";
}

bool is_ambiguous(const FeedTerms& a, const FeedTerms& b) {
  const auto may_meet = [](const FeedLeg& one, const FeedLeg& other) {
    return one.local == other.local && !(one.source && other.source && *one.source != *other.source);
  };
  bool meet = may_meet({a.local, a.source}, {b.local, b.source});
  if (a.second) meet = meet || may_meet(*a.second, {b.local, b.source});
  if (b.second) meet = meet || may_meet({a.local, a.source}, *b.second);
  if (a.second && b.second) meet = meet || may_meet(*a.second, *b.second);
  if (!meet) return false;
  if (a.fec || b.fec) return true;  // FEC does not say which source's it is.
  return !(a.kind == FeedKind::kRtp && b.kind == FeedKind::kRtp && a.ssrc && b.ssrc && *a.ssrc != *b.ssrc);
}

}  // namespace fanlight::control
