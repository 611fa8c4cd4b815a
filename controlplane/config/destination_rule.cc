#include "config/destination_rule.h"

#include <algorithm>
#include <array>
#include <set>

#include "config/numbers.h"
#include "config/secret_source.h"
#include "config/srtp_key.h"
#include "config/stream_pattern.h"
#include "config/url_scheme.h"
#include "contract/limits.h"
#include "wire/fec_header.h"

namespace fanlight::control {
namespace {

constexpr std::string_view kUrlWanted = "rtp://ADDRESS:PORT or udp://ADDRESS:PORT, the address a host's or a group's";
constexpr std::array<std::string_view, 3> kWays{"next_port", "same_port", "off"};  // By RtcpWay.
constexpr std::size_t kInterfaceBytesMax = 63;  // Devices of DPDK's have longer names than the kernel's.

bool is_host(const IpAddress& ip) { return !ip.is_multicast() && !ip.is_unspecified() && !ip.is_reserved(); }

// What is wrong with it, behind the key; empty when nothing is.
using Fault = std::optional<std::string>;

Fault read_ttl(std::string_view value, std::uint8_t& ttl) {
  const auto hops = whole_number(value, 255);
  if (!hops || *hops == 0) return "must be 1 to 255";
  ttl = static_cast<std::uint8_t>(*hops);
  return std::nullopt;
}

Fault read_source(std::string_view value, std::optional<IpAddress>& source) {
  source = IpAddress::parse(value);
  return source && is_host(*source) ? std::nullopt : Fault{"must be an address of this host"};
}

Fault read_interface(std::string_view value, std::string& interface) {
  interface = value;
  const bool may_be_one = !value.empty() && value.size() <= kInterfaceBytesMax;
  return may_be_one ? std::nullopt : Fault{"must be a name that `ip link` lists, or a device's"};
}

Fault read_type(std::string_view value, std::uint8_t& type) {
  const auto number = whole_number(value, 127);
  if (!number) return "must be 0 to 127";
  type = static_cast<std::uint8_t>(*number);
  return std::nullopt;
}

Fault read_switch(std::string_view value, bool& is_on) {
  is_on = value == "1";
  return is_on || value == "0" ? std::nullopt : Fault{"must be 1 or 0"};
}

Fault read_rtcp(std::string_view value, RtcpWay& rtcp) {
  const auto* way = std::ranges::find(kWays, value);
  if (way == kWays.end()) return "must be next_port, same_port or off";
  rtcp = static_cast<RtcpWay>(way - kWays.begin());
  return std::nullopt;
}

Fault read_second(std::string_view value, Endpoint& remote) {
  remote = Endpoint::parse(value).value_or(Endpoint{});
  return remote.port != 0 ? std::nullopt : Fault{"must be ADDRESS:PORT, where the same packets go again"};
}

DestinationLeg& second_of(DestinationRule& rule) { return rule.second ? *rule.second : rule.second.emplace(); }

struct Option {
  std::string_view key;
  bool is_of_rtp;  // Alone.
  Fault (*read)(std::string_view value, DestinationRule& rule);
};
constexpr std::uint8_t kFirstFreeType = 35;  // RFC 3551 §6
constexpr std::array kOptions{
    Option{"ttl", false, [](std::string_view v, DestinationRule& rule) { return read_ttl(v, rule.terms.ttl); }},
    Option{"source", false, [](std::string_view v, DestinationRule& rule) { return read_source(v, rule.source); }},
    Option{"interface", false,
           [](std::string_view v, DestinationRule& rule) { return read_interface(v, rule.interface); }},
    Option{"pt", true,
           [](std::string_view v, DestinationRule& rule) {
             rule.says_type = true;
             return read_type(v, rule.terms.payload_type);
           }},
    Option{"rtcp", true, [](std::string_view v, DestinationRule& rule) { return read_rtcp(v, rule.terms.rtcp); }},
    Option{"nack", true, [](std::string_view v, DestinationRule& rule) { return read_switch(v, rule.terms.nack); }},
    Option{
        "rtx_pt", true,
        [](std::string_view v, DestinationRule& rule) { return read_type(v, rule.terms.rtx_payload_type.emplace()); }},
    Option{"fec", true, [](std::string_view v, DestinationRule& rule) { return read_switch(v, rule.terms.fec); }},
    Option{"second", true,
           [](std::string_view v, DestinationRule& rule) { return read_second(v, second_of(rule).remote); }},
    Option{"second_ttl", true,
           [](std::string_view v, DestinationRule& rule) { return read_ttl(v, second_of(rule).ttl); }},
    Option{"second_source", true,
           [](std::string_view v, DestinationRule& rule) { return read_source(v, second_of(rule).source); }},
    Option{"second_interface", true,
           [](std::string_view v, DestinationRule& rule) { return read_interface(v, second_of(rule).interface); }},
};

Fault read_option(std::string_view key, std::string_view value, DestinationRule& rule) {
  const bool is_rtp = rule.terms.kind == FeedKind::kRtp;
  std::string known;
  for (const Option& option : kOptions) {
    if (option.is_of_rtp && !is_rtp) continue;
    if (option.key != key) {
      known.append(known.empty() ? "" : ", ").append(option.key);
      continue;
    }
    Fault fault = option.read(value, rule);
    if (fault) fault->insert(0, std::string{key} + " ");
    return fault;
  }
  if (key.starts_with("srtp"))
    return "an SRTP key does not stand in a URL, which is shown: give it beside it, as srtp or srtp_file";
  return "an unknown option; there are " + known;
}

std::optional<std::string> judge(const DestinationRule& rule);

std::optional<std::string> judge_second(const DestinationRule& rule) {
  const DestinationLeg& second = *rule.second;
  if (second.remote.port == 0) return "there is no second=ADDRESS:PORT that its options are of";
  if (second.source && second.source->is_v4() != second.remote.ip.is_v4())
    return "second_source must be of the second leg's family";
  if (auto fault = judge(rule.second_alone())) return "second: " + *fault;
  const std::vector<Endpoint> all = rule.addresses();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::find(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), all[i]) != all.end())
      return "second must be another address or port than the first leg's and its RTCP's";
  return std::nullopt;
}

std::optional<std::string> judge(const DestinationRule& rule) {
  const DestinationTerms& terms = rule.terms;
  const IpAddress& ip = terms.remote.ip;
  if (ip.is_unspecified() || ip.is_reserved())
    return ip.text() + " is neither a host's address nor a group's (224.0.0.0/4, ff00::/8)";
  if (rule.source && rule.source->is_v4() != ip.is_v4()) return "source must be of the destination's family";
  if (!rule.interface.empty() && !ip.is_multicast())
    return "interface goes with a multicast group alone (224.0.0.0/4, ff00::/8)";
  if (ip.is_link_local() && !ip.is_multicast()) return ip.text() + " means something on one link only";
  if (ip.is_link_local() && rule.interface.empty())
    return ip.text() + " is a link's own group: interface must say which";
  if (terms.kind == FeedKind::kRtp && terms.rtcp == RtcpWay::kNextPort && terms.remote.port % 2 != 0)
    return "RTP has an even port and RTCP the one behind it (RFC 3550 §11): take an even one, or rtcp=same_port or off";
  if (terms.rtx_payload_type && !terms.nack) return "rtx_pt says how to answer nack=1, which is not there";
  if (terms.rtcp == RtcpWay::kSamePort && is_taken_by_rtcp(terms.payload_type))
    return "pt 64 to 95 mean RTCP on a port with both (RFC 5761 §4): take another, or rtcp=next_port or off";
  if (terms.rtcp == RtcpWay::kSamePort && terms.rtx_payload_type && is_taken_by_rtcp(*terms.rtx_payload_type))
    return "rtx_pt 64 to 95 mean RTCP on a port with both (RFC 5761 §4): take another, or rtcp=next_port";
  if (rule.second)
    if (auto fault = judge_second(rule)) return fault;
  if (terms.nack && terms.rtcp == RtcpWay::kNone) return "nack=1 comes as RTCP, which rtcp=off does not hear";
  if (terms.rtx_payload_type == terms.payload_type) return "rtx_pt must be another type than pt";
  if (terms.rtx_payload_type && *terms.rtx_payload_type < kFirstFreeType)
    return "rtx_pt 0 to 34 mean other payloads (RFC 3551 §6): take one of 96 to 127";
  if (terms.fec && terms.payload_type != wire::kPayloadTypeMp2t)
    return "fec goes with a transport stream's payload type, 33: all FEC of a stream is made once";
  if (terms.fec && terms.remote.port > 65'531) return "fec goes to the second and fourth port behind RTP's";
  if (terms.fec && rule.second) return "fec goes with one leg, without second";
  return std::nullopt;
}

}  // namespace

bool is_destination_url(std::string_view text) { return has_scheme(text, kRtpScheme) || has_scheme(text, kUdpScheme); }

Result<DestinationRule, std::string> parse_destination_url(std::string_view text) {
  if (!is_destination_url(text)) return std::string{"not an RTP or UDP URL"};
  DestinationRule rule;
  const bool is_rtp = has_scheme(text, kRtpScheme);
  rule.terms.kind = is_rtp ? FeedKind::kRtp : FeedKind::kTransportStream;
  if (!is_rtp) rule.terms.rtcp = RtcpWay::kNone;
  text.remove_prefix(kRtpScheme.size());
  if (text.find('#') != std::string_view::npos) return std::string{"a # in it, which means nothing here"};
  const std::size_t mark = text.find('?');
  std::string_view query = mark == std::string_view::npos ? "" : text.substr(mark + 1);
  std::string_view authority = text.substr(0, mark);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find('/') != std::string_view::npos)
    return std::string{"a path behind the address, which means nothing here"};
  const std::optional<Endpoint> remote = Endpoint::parse(authority);
  if (!remote || remote->port == 0) return std::string{"no address and port; names are not resolved"};
  rule.terms.remote = *remote;
  std::set<std::string_view> keys;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (!keys.insert(pair.substr(0, equals)).second) return std::string{pair.substr(0, equals)} + " twice";
    const std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    if (auto fault = read_option(pair.substr(0, equals), value, rule)) return *std::move(fault);
  }
  if (auto fault = judge(rule)) return *std::move(fault);
  return rule;
}

std::optional<std::string> srtp_fault_of(const DestinationRule& rule) {
  const DestinationTerms& terms = rule.terms;
  if (terms.kind != FeedKind::kRtp) return "a bare transport stream, which SRTP says nothing of; name an rtp:// URL";
  if (terms.nack) return "nack=1; what is sent is encrypted once for all with its key and not kept to be sent again";
  if (terms.fec) return "fec=1, which is made once for all of a stream, of what leaves in clear";
  if (rule.second) return "second, whose packets a receiver would take for replays";
  return std::nullopt;
}

std::string url_of(const DestinationRule& rule) {
  const DestinationTerms& terms = rule.terms;
  const bool is_rtp = terms.kind == FeedKind::kRtp;
  std::string text = std::string{is_rtp ? kRtpScheme : kUdpScheme} + terms.remote.text();
  char mark = '?';
  const auto add = [&](std::string_view key, std::string_view value) {
    text.append(1, mark).append(key).append("=").append(value);
    mark = '&';
  };
  if (is_rtp && terms.payload_type != DestinationTerms{}.payload_type) add("pt", std::to_string(terms.payload_type));
  if (terms.ttl != 0) add("ttl", std::to_string(terms.ttl));
  if (rule.source) add("source", rule.source->text());
  if (!rule.interface.empty()) add("interface", rule.interface);
  if (is_rtp && terms.rtcp != RtcpWay::kNextPort) add("rtcp", kWays[static_cast<std::size_t>(terms.rtcp)]);
  if (terms.nack) add("nack", "1");
  if (terms.rtx_payload_type) add("rtx_pt", std::to_string(*terms.rtx_payload_type));
  if (rule.second) {
    add("second", rule.second->remote.text());
    if (rule.second->ttl != 0) add("second_ttl", std::to_string(rule.second->ttl));
    if (rule.second->source) add("second_source", rule.second->source->text());
    if (!rule.second->interface.empty()) add("second_interface", rule.second->interface);
  }
  if (terms.fec) add("fec", "1");
  return text;
}

std::vector<DestinationRule> legs_of(const DestinationRule& rule) {
  std::vector<DestinationRule> legs;
  if (!rule.terms.fec) return legs;
  for (const auto& [leg, back] :
       {std::pair(DestinationPart::kFecColumns, 2), std::pair(DestinationPart::kFecRows, 4)}) {
    DestinationRule& one = legs.emplace_back(rule);
    one.terms.remote.port = static_cast<std::uint16_t>(rule.terms.remote.port + back);
    one.terms.payload_type = wire::kPayloadTypeFec;
    one.terms.rtcp = RtcpWay::kNone;
    one.terms.nack = false;
    one.terms.rtx_payload_type.reset();
    one.terms.fec = false;
    one.terms.leg = leg;
  }
  return legs;
}

std::vector<Endpoint> addresses_of(const DestinationRule& rule) {
  std::vector<Endpoint> addresses = rule.addresses();
  for (const DestinationRule& leg : legs_of(rule)) addresses.push_back(leg.terms.remote);
  return addresses;
}

std::size_t sessions_of(const DestinationRule& rule) { return 1 + (rule.second ? 1 : 0) + legs_of(rule).size(); }

std::string sessions_text(std::size_t sessions) {
  return std::to_string(sessions) + " sessions of destinations (a second leg is one, FEC two)";
}

void take_type(DestinationRule& rule, const MediaFormat& format) {
  if (!rule.says_type && !format.is_transport_stream()) rule.terms.payload_type = format.payload_type;
}

std::optional<std::string> judge_payload(const DestinationRule& rule, const MediaFormat& format) {
  const DestinationTerms& terms = rule.terms;
  if (!format.is_transport_stream()) {
    const std::string carried = "stream " + rule.stream + " carries " + format.text();
    if (terms.kind == FeedKind::kTransportStream)
      return carried + ", which goes out as RTP alone: name an rtp:// destination";
    if (terms.fec) return carried + ", and SMPTE 2022-1 FEC is a transport stream's: leave out fec";
  }
  MediaFormat sent = format;
  sent.payload_type = terms.payload_type;
  if (const auto fixed = fixed_otherwise(sent); fixed && terms.kind == FeedKind::kRtp)
    return "stream " + rule.stream + " carries " + format.text() + ", and to every receiver pt " +
           std::to_string(terms.payload_type) + " means " + fixed->text() + " (RFC 3551 §6): take another";
  if (terms.kind == FeedKind::kRtp && terms.rtx_payload_type == terms.payload_type)
    return "rtx_pt must be another type than the stream's, " + std::to_string(terms.payload_type);
  return std::nullopt;
}

DestinationRule read_destination_rule(FieldReader& reader, int line) {
  DestinationRule rule;
  const std::string text = reader.text("url");
  if (const Result<DestinationRule, std::string> url = parse_destination_url(text)) {
    rule = *url;
  } else if (!reader.is_no_text("url")) {
    reader.complain("url", reader.has("url") ? quoted_url(text) + ": " + url.error() : "nothing",
                    std::string{kUrlWanted});
  }
  rule.line = line;
  rule.stream = reader.text("stream");
  if (!is_stream_name(rule.stream) && !reader.is_no_text("stream"))
    reader.complain("stream", reader.has("stream") ? quoted(rule.stream) : "nothing", kStreamNameText);
  rule.srtp = read_srtp_key(reader, "srtp");
  if (has_secret(reader, "srtp"))
    if (std::optional<std::string> fault = srtp_fault_of(rule))
      reader.complain("srtp", "a key beside " + *fault, "one or the other");
  reader.finish();
  return rule;
}

}  // namespace fanlight::control
