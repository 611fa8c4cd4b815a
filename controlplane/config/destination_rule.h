// A destination: where a stream is sent as RTP or as a bare transport stream, without anybody calling. The same words
// in a [[destination]] table and in a body of POST /v1/calls.
//
//   rtp://ADDRESS:PORT?pt=33&ttl=8&source=ADDRESS&interface=NAME&rtcp=next_port|same_port|off&nack=1&rtx_pt=97&fec=1
//       &second=ADDRESS:PORT&second_ttl=8&second_source=ADDRESS&second_interface=NAME
//   udp://ADDRESS:PORT?ttl=8&source=ADDRESS&interface=NAME
//
// An SRTP key stands beside the URL, as `srtp` (srtp_key.h): a URL is shown by lists, logs and `ps`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/fields.h"
#include "config/media_format.h"
#include "contract/destination_terms.h"
#include "crypto/srtp_suite.h"

namespace fanlight::control {

// The other way that the same packets go: SMPTE ST 2022-7.
struct DestinationLeg {
  Endpoint remote;
  std::uint8_t ttl = 0;
  std::optional<IpAddress> source{};
  std::string interface = {};
  friend bool operator==(const DestinationLeg&, const DestinationLeg&) = default;
};

struct DestinationRule {
  std::string stream;
  DestinationTerms terms;
  std::optional<IpAddress> source{};  // Of ours; empty: the host's choice.
  std::string interface = {};         // Where a group's packets leave; empty: where the routing table leads.
  std::optional<DestinationLeg> second{};
  std::optional<crypto::SrtpMaster> srtp{};  // It is sent SRTP. Not of the URL, which is shown.
  int line = 0;
  bool says_type = false;  // A payload type was given; else a stream's own is better than MP2T's.
  // The same output of the same stream, wherever it stands in a file.
  [[nodiscard]] bool is_same(const DestinationRule& other) const {
    return stream == other.stream && terms == other.terms && source == other.source && interface == other.interface &&
           second == other.second && srtp == other.srtp;
  }
  // As if its second leg were the only one.
  [[nodiscard]] DestinationRule second_alone() const {
    DestinationRule rule = *this;
    rule.terms.remote = second->remote;
    rule.terms.ttl = second->ttl;
    rule.source = second->source;
    rule.interface = second->interface;
    rule.second.reset();
    return rule;
  }
  // Where its packets and reports go.
  [[nodiscard]] std::vector<Endpoint> addresses() const {
    std::vector<Endpoint> all{terms.remote};
    if (second) all.push_back(second->remote);
    for (std::size_t i = all.size(); i-- > 0 && terms.rtcp == RtcpWay::kNextPort;)
      all.push_back({all[i].ip, static_cast<std::uint16_t>(all[i].port + 1)});
    return all;
  }
};

[[nodiscard]] bool is_destination_url(std::string_view text);
// What the rule opens beside the media: each goes to a port of its own.
[[nodiscard]] std::vector<DestinationRule> legs_of(const DestinationRule& rule);
// The error says what is wrong.
[[nodiscard]] Result<DestinationRule, std::string> parse_destination_url(std::string_view text);
// What it has that SRTP does not go with; empty when there is no such thing.
[[nodiscard]] std::optional<std::string> srtp_fault_of(const DestinationRule& rule);
[[nodiscard]] std::string url_of(const DestinationRule& rule);
// Where anything of it goes: packets, reports and FEC.
[[nodiscard]] std::vector<Endpoint> addresses_of(const DestinationRule& rule);
// Sessions of it: its legs, and FEC's.
[[nodiscard]] std::size_t sessions_of(const DestinationRule& rule);
// "7 sessions of destinations (a second leg is one, FEC two)"
[[nodiscard]] std::string sessions_text(std::size_t sessions);
// Of a stream that is no transport stream, its payload type, unless the rule says one.
void take_type(DestinationRule& rule, const MediaFormat& format);
// What of the rule does not go with what its stream carries; empty when nothing. After take_type().
[[nodiscard]] std::optional<std::string> judge_payload(const DestinationRule& rule, const MediaFormat& format);
// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] DestinationRule read_destination_rule(FieldReader& reader, int line);

}  // namespace fanlight::control
