// A [[feed]]: an address of ours that RTP or a bare transport stream comes to, and the stream that it is.
#pragma once

#include <string>
#include <vector>

#include "config/fields.h"
#include "contract/feed_terms.h"

namespace fanlight::control {

struct FeedRule {
  std::string stream;
  FeedTerms terms;
  std::string interface = {};         // Where a group is joined; empty: where the routing table leads.
  std::string second_interface = {};  // The same of the second leg.
  int line = 0;
  friend bool operator==(const FeedRule&, const FeedRule&) = default;
};

// "rtp://239.1.2.3:5004"
[[nodiscard]] std::string url_of(const FeedTerms& terms);
[[nodiscard]] std::string url_of(const FeedLeg& leg);
// Where datagrams of the feed come: RTP's addresses and RTCP's.
[[nodiscard]] std::vector<Endpoint> doors_of(const FeedTerms& terms);
// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] FeedRule read_feed_rule(FieldReader& reader, int line);
// Whether datagrams could be meant for both.
[[nodiscard]] bool is_ambiguous(const FeedTerms& a, const FeedTerms& b);

}  // namespace fanlight::control
