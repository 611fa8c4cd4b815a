#include "config/feed_rule.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "config/open_file.h"
#include "config/sdp_media.h"
#include "config/secret_source.h"
#include "config/srtp_key.h"
#include "config/stream_pattern.h"
#include "config/url_scheme.h"

namespace fanlight::control {
namespace {

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
  terms.kind = has_scheme(rest, kUdpScheme) ? FeedKind::kTransportStream : FeedKind::kRtp;
  const bool is_known = has_scheme(rest, kRtpScheme) || has_scheme(rest, kUdpScheme);
  if (is_known) rest.remove_prefix(kRtpScheme.size());
  const std::optional<Endpoint> local = is_known ? read_place(rest) : std::nullopt;
  if (!local && reader.is_no_text("url")) return;  // Told.
  if (!local) {
    reader.complain("url", reader.has("url") ? quoted_url(text) : "nothing", std::string{kUrlWanted});
    return;
  }
  if (local->ip.is_reserved())
    reader.complain("url", local->ip.text(),
                    "an address of this host, 0.0.0.0, or a multicast group (224.0.0.0/4, ff00::/8)");
  terms.local = *local;
}

struct SdpFile {
  std::string text;
  mode_t mode = 0;
};

// What `sdp` names; complains and answers nothing when there is none to read.
std::optional<SdpFile> read_sdp_file(FieldReader& reader, std::string& path) {
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
  return SdpFile{std::move(text), about.st_mode};
}

// What the description says, of which its address and payload go into the rule; the table's other keys may say better.
MediaDescription read_description(FieldReader& reader, FeedRule& rule) {
  std::string path = reader.text("sdp");
  const std::string wanted = reader.text("media");
  for (const std::string_view key : {"payload", "payload_type", "clock_rate", "channels", "fmtp"})
    if (reader.has(key)) {
      reader.acknowledge(key);
      reader.complain(key, "it beside sdp", "what the description says, alone");
    }
  const std::optional<SdpFile> file = read_sdp_file(reader, path);
  if (!file) return {};
  const auto complain = [&](const SdpFault& fault) {
    reader.complain("sdp", path + ":" + std::to_string(fault.line) + ": " + without_keys(fault.why),
                    "a session description (RFC 8866) of an RTP stream");
    return MediaDescription{};
  };
  const auto session = parse_sdp(file->text);
  if (!session) return complain(session.error());
  const auto media = choose_media(*session, wanted);
  if (!media) return complain(media.error());
  const auto described = describe_media(*session, **media);
  if (!described) return complain(described.error());
  const auto second = describe_second(*session, **media, *described);
  if (!second) return complain(second.error());
  if (described->nack && !reader.has("nack"))
    if (const auto fault = judge_retransmission(*session, **media)) return complain(*fault);
  if (described->srtp && (file->mode & kLooseBits) != 0)
    reader.complain(
        "sdp", path + " with mode " + octal(file->mode) + " and a key in it (a=crypto)",
        "one that nobody else reads or changes: chmod 640 " + path + " with the relay's group, else chmod 600");
  if (described->is_secure && !described->srtp && !has_secret(reader, "srtp"))
    return complain({(*media)->line, (*media)->protocol + " without a key: neither a=crypto here nor srtp beside sdp"});
  if (described->address.port == 65'535 && described->rtcp == RtcpWay::kNextPort && !reader.has("rtcp") &&
      !reader.has("url"))
    return complain(
        {(*media)->line, "port 65535, behind which there is none for RTCP (a=rtcp-mux has it on the same)"});
  rule.srtp = described->srtp;
  rule.terms.local = described->address;
  rule.terms.source = described->source;
  rule.terms.rtcp = described->rtcp;
  if (*second) rule.terms.second = FeedLeg{.local = (*second)->address, .source = (*second)->source};
  rule.format = described->format;
  return *described;
}

// `local`: what it sends to, which the key `url` says; port 0: nobody knows.
std::optional<IpAddress> read_source(FieldReader& reader, std::string_view key, std::string_view url,
                                     const Endpoint& local) {
  const std::string text = reader.text(key);
  if (text.empty()) return std::nullopt;
  const std::optional<IpAddress> source = IpAddress::parse(text);
  if (!source || source->is_multicast() || source->is_unspecified() || source->is_reserved())
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
    reader.complain(key, quoted(name), "it beside a multicast group alone (224.0.0.0/4, ff00::/8): leave it out");
  if (ip.is_link_local() && !ip.is_multicast())
    reader.complain(url, ip.text(), "an address that means something on more than one link");
  if (ip.is_link_local() && ip.is_multicast() && name.empty())
    reader.complain(key, "nothing", "the link that the group of " + std::string{url} + " is on");
  return name;
}

// The address that the key `second` says.
Endpoint read_second_place(FieldReader& reader, std::string_view text) {
  const std::optional<Endpoint> local =
      has_scheme(text, kRtpScheme) ? read_place(text.substr(kRtpScheme.size())) : std::nullopt;
  if (!local) reader.complain("second", quoted_url(text), "rtp://ADDRESS:PORT, where the same packets come again");
  if (local && local->ip.is_reserved())
    reader.complain("second", local->ip.text(),
                    "an address of this host, 0.0.0.0, or a multicast group (224.0.0.0/4, ff00::/8)");
  return local.value_or(Endpoint{});
}

// SMPTE ST 2022-7. A description's second leg counts when the key does not say another, or none ("").
void read_second(FieldReader& reader, FeedRule& rule) {
  const std::string text = reader.text("second");
  if (reader.has("second")) rule.terms.second.reset();
  if (!text.empty()) rule.terms.second = FeedLeg{.local = read_second_place(reader, text)};
  FeedLeg leg = rule.terms.second.value_or(FeedLeg{});
  if (const auto source = read_source(reader, "second_source", "second", leg.local)) leg.source = source;
  rule.second_interface = read_interface(reader, "second_interface", "second", leg.local);
  if (rule.terms.second) rule.terms.second = leg;
  for (const std::string_view key : {"second_source", "second_interface"})
    if (!rule.terms.second && reader.has(key)) reader.complain(key, "it without second", "it beside second alone");
  if (rule.terms.second && rule.terms.kind != FeedKind::kRtp)
    reader.complain("second", "it beside udp://", "it beside rtp:// alone: a bare transport stream has no numbers");
}

// What its sender sends again, and how. `said`: by a description, which the keys may overrule.
void read_nack(FieldReader& reader, FeedTerms& terms, const MediaDescription& said) {
  terms.nack = reader.flag("nack", said.nack && terms.rtcp != RtcpWay::kNone);
  const bool has_said_rtx = terms.nack && said.rtx_payload_type;
  const std::int64_t type = reader.integer("rtx_pt", {0, 127}, has_said_rtx ? *said.rtx_payload_type : -1);
  if (type >= 0) terms.rtx_payload_type = static_cast<std::uint8_t>(type);
  const bool has_said_ssrc = type >= 0 && terms.ssrc && terms.ssrc == said.ssrc && said.rtx_ssrc;
  const std::int64_t ssrc =
      reader.integer("rtx_ssrc", {0, 0xFFFF'FFFF}, has_said_ssrc ? std::int64_t{*said.rtx_ssrc} : -1);
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

// RFC 3711. A key of the table's is better than the description's.
void read_srtp(FieldReader& reader, FeedRule& rule) {
  if (auto master = read_srtp_key(reader, "srtp")) rule.srtp = std::move(master);
  if (!rule.srtp && !has_secret(reader, "srtp")) return;
  if (rule.terms.kind != FeedKind::kRtp) reader.complain("srtp", "it beside udp://", "it beside rtp:// alone");
  if (rule.terms.fec)
    reader.complain("fec", "true beside SRTP",
                    "false: FEC is about packets in clear, or its own would be encrypted as well");
  if (rule.terms.second)
    reader.complain("second", "it beside SRTP",
                    "one leg: the packets of the other are the same, which SRTP drops as repeated");
}

// What is RTP's alone.
void read_rtp(FieldReader& reader, FeedRule& rule, const MediaDescription& said) {
  FeedTerms& terms = rule.terms;
  if (!reader.has("sdp")) rule.format = read_media_format(reader);
  terms.payload_type = rule.format.payload_type;
  const std::int64_t ssrc = reader.integer("ssrc", {0, 0xFFFF'FFFF}, -1);
  if (ssrc >= 0) terms.ssrc = static_cast<std::uint32_t>(ssrc);
  terms.rtcp = static_cast<RtcpWay>(
      reader.choice("rtcp", {"next_port", "same_port", "off"}, static_cast<std::size_t>(terms.rtcp)));
  read_nack(reader, terms, said);
  if (terms.kind != FeedKind::kRtp) {
    constexpr std::array<std::string_view, 12> kOfRtp{"payload",    "payload_type", "ssrc",     "rtcp",
                                                      "nack",       "rtx_pt",       "rtx_ssrc", "fec",
                                                      "clock_rate", "channels",     "fmtp",     "sdp"};
    for (const std::string_view key : kOfRtp)
      if (reader.has(key))
        reader.complain(key, "it beside udp://", "it beside rtp:// alone: leave it out, or have the source send RTP");
    terms.rtcp = RtcpWay::kNone;
  }
  terms.fec = reader.flag("fec", false);
  if (terms.fec && terms.local.port > 65'531)
    reader.complain("url", "port " + std::to_string(terms.local.port), "a port with FEC's two and four behind it");
  if (terms.rtcp == RtcpWay::kSamePort && is_taken_by_rtcp(terms.payload_type))
    reader.complain("rtcp", "\"same_port\" with payload type " + std::to_string(terms.payload_type),
                    "a type that is not 64 to 95, which mean RTCP on a port with both (RFC 5761 §4)");
  if (terms.rtcp == RtcpWay::kSamePort && terms.rtx_payload_type && is_taken_by_rtcp(*terms.rtx_payload_type))
    reader.complain("rtx_pt", std::to_string(*terms.rtx_payload_type),
                    "a type that is not 64 to 95, which mean RTCP on a port with both (RFC 5761 §4)");
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
  const MediaDescription said = reader.has("sdp") ? read_description(reader, rule) : MediaDescription{};
  if (!reader.has("sdp") || reader.has("url")) read_url(reader, rule.terms);
  if (const auto source = read_source(reader, "source", "url", rule.terms.local)) rule.terms.source = source;
  read_rtp(reader, rule, said);
  rule.interface = read_interface(reader, "interface", "url", rule.terms.local);
  read_second(reader, rule);
  read_srtp(reader, rule);
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

bool is_own_door(const FeedTerms& terms, const Endpoint& to, const std::function<bool(const IpAddress&)>& is_ours) {
  return std::ranges::any_of(doors_of(terms), [&](const Endpoint& door) {
    if (door.port != to.port) return false;
    const bool is_second = terms.second && door == terms.second->local;
    const std::optional<IpAddress>& source = is_second ? terms.second->source : terms.source;
    // A wildcard hears no group (io/udp_socket.cc); of one that is wanted from another host alone, nothing of ours is.
    if (to.ip.is_multicast()) return door.ip == to.ip && (!source || is_ours(*source));
    if (!door.ip.is_unspecified()) return door.ip == to.ip;
    return (door.ip.is_v4() == to.ip.is_v4() || to.ip.is_v4()) && is_ours(to.ip);
  });
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

namespace {

// What is sent again has a source of its own, which leads to a feed as well.
bool are_told_apart_by_ssrc(const FeedTerms& a, const FeedTerms& b) {
  if (a.kind != FeedKind::kRtp || b.kind != FeedKind::kRtp || !a.ssrc || !b.ssrc) return false;
  const auto is_of = [](const FeedTerms& feed, const std::optional<std::uint32_t>& ssrc) {
    return ssrc && (ssrc == feed.ssrc || ssrc == feed.rtx_ssrc);
  };
  return !is_of(a, b.ssrc) && !is_of(a, b.rtx_ssrc);
}

}  // namespace

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
  return !are_told_apart_by_ssrc(a, b);
}

}  // namespace fanlight::control
