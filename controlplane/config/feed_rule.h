// A [[feed]]: an address of ours that RTP or a bare transport stream comes to, and the stream that it is. The table
// says all of it, or names a file with a session description (sdp_media.h), of which it may overrule what is not the
// payload.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "config/media_format.h"
#include "contract/feed_terms.h"
#include "crypto/srtp_suite.h"

namespace fanlight::control {

struct FeedRule {
  std::string stream;
  FeedTerms terms;
  std::string interface = {};         // Where a group is joined; empty: where the routing table leads.
  std::string second_interface = {};  // The same of the second leg.
  int line = 0;
  MediaFormat format{};
  std::optional<crypto::SrtpMaster> srtp{};  // Empty: it comes in clear.
  friend bool operator==(const FeedRule&, const FeedRule&) = default;
};

// "rtp://239.1.2.3:5004"
[[nodiscard]] std::string url_of(const FeedTerms& terms);
[[nodiscard]] std::string url_of(const FeedLeg& leg);
// Where datagrams of the feed come: RTP's addresses and RTCP's.
[[nodiscard]] std::vector<Endpoint> doors_of(const FeedTerms& terms);
// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] FeedRule read_feed_rule(FieldReader& reader, int line);
// What streams carry that are no transport streams.
using StreamFormats = std::map<std::string, MediaFormat, std::less<>>;
[[nodiscard]] StreamFormats formats_of(const std::vector<FeedRule>& feeds);
[[nodiscard]] const MediaFormat& format_of(const StreamFormats& formats, std::string_view stream);
// "stream live/a carries opus/48000/2, which goes out as RTP alone"
[[nodiscard]] std::string rtp_alone_words(std::string_view stream, const MediaFormat& format);
// Whether what we send there comes in at the feed, and would go round for ever. `is_ours`: an address of this host.
[[nodiscard]] bool is_own_door(const FeedTerms& terms, const Endpoint& to,
                               const std::function<bool(const IpAddress&)>& is_ours);
// Whether datagrams could be meant for both.
[[nodiscard]] bool is_ambiguous(const FeedTerms& a, const FeedTerms& b);

}  // namespace fanlight::control
