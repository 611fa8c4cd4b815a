// A destination: where a stream is sent as RTP or as a bare transport stream, without anybody calling. The same words
// in a [[destination]] table and in a body of POST /v1/calls.
//
//   rtp://ADDRESS:PORT?pt=33&ttl=8&source=ADDRESS&interface=NAME&rtcp=next_port|same_port|off&nack=1&rtx_pt=97
//   udp://ADDRESS:PORT?ttl=8&source=ADDRESS&interface=NAME
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/fields.h"
#include "contract/destination_terms.h"

namespace fanlight::control {

struct DestinationRule {
  std::string stream;
  DestinationTerms terms;
  std::optional<IpAddress> source{};  // Of ours; empty: the host's choice.
  std::string interface = {};         // Where a group's packets leave; empty: where the routing table leads.
  int line = 0;
  // The same output of the same stream, wherever it stands in a file.
  [[nodiscard]] bool is_same(const DestinationRule& other) const {
    return stream == other.stream && terms == other.terms && source == other.source && interface == other.interface;
  }
};

[[nodiscard]] bool is_destination_url(std::string_view text);
// The error says what is wrong.
[[nodiscard]] Result<DestinationRule, std::string> parse_destination_url(std::string_view text);
[[nodiscard]] std::string url_of(const DestinationRule& rule);
// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] DestinationRule read_destination_rule(FieldReader& reader, int line);

}  // namespace fanlight::control
