#include "config/rtp_doubts.h"

#include "contract/limits.h"
#include "wire/rtp_header.h"

namespace fanlight::control {
namespace {

using wire::kRtpHeaderBytes;

constexpr std::size_t kFrameRoomV6 = 1500 - 40 - 8;  // Of a frame, behind IPv6's and UDP's headers.

// RFC 4607 §1: 232.0.0.0/8 and ff3x::/32.
bool is_source_specific(const IpAddress& ip) {
  if (ip.is_v4()) return ip.bytes[12] == 232;
  return ip.bytes[0] == 0xFF && (ip.bytes[1] & 0xF0) == 0x30 && ip.bytes[2] == 0 && ip.bytes[3] == 0;
}

std::optional<std::string> doubt_of(const FeedLeg& leg, std::string_view key) {
  if (leg.source || !is_source_specific(leg.local.ip)) return std::nullopt;
  return "group " + leg.local.ip.text() +
         " is of source-specific multicast (RFC 4607: 232.0.0.0/8, ff3x::/32), where routers ignore who names no "
         "source, so that nothing may ever come: say " +
         std::string{key} + ", the sender's address, or take another group";
}

std::string line_words(int line) { return " (line " + std::to_string(line) + "): "; }

}  // namespace

std::optional<std::string> doubt_of(const FeedRule& rule) {
  if (auto doubt = doubt_of(FeedLeg{rule.terms.local, rule.terms.source}, "source")) return doubt;
  return rule.terms.second ? doubt_of(*rule.terms.second, "second_source") : std::nullopt;
}

// What the packets of a transport stream have is 1,316 bytes and less.
std::optional<std::string> doubt_of(const DestinationRule& rule, const MediaFormat& format, PortKind port) {
  const bool is_over_v6 = !rule.terms.remote.ip.is_v4() || (rule.second && !rule.second->remote.ip.is_v4());
  if (port != PortKind::kEthernet || !is_over_v6 || format.is_transport_stream()) return std::nullopt;
  const std::size_t tag = rule.srtp ? crypto::form_of(rule.srtp->suite).rtp_tag_bytes : 0;
  return "a frame of its Ethernet device holds " + std::to_string(kFrameRoomV6 - kRtpHeaderBytes - tag) + " bytes of " +
         format.text() + " over IPv6, and its sender's packets may have " +
         std::to_string(kDatagramBytesMax - kRtpHeaderBytes) +
         ": larger ones are not sent (transmit_refused); have the sender make none (ffmpeg: pkt_size=" +
         std::to_string(kFrameRoomV6 - tag) + ")";
}

std::vector<std::string> find_rtp_doubts(const Config& config) {
  std::vector<std::string> doubts;
  for (const FeedRule& feed : config.feeds)
    if (const auto doubt = doubt_of(feed))
      doubts.push_back("feed " + url_of(feed.terms) + " of " + feed.stream + line_words(feed.line) + *doubt);
  const StreamFormats formats = formats_of(config.feeds);
  for (const DestinationRule& one : config.destinations)
    if (const auto doubt = doubt_of(one, format_of(formats, one.stream), config.relay.port))
      doubts.push_back("destination " + url_of(one) + " of " + one.stream + line_words(one.line) + *doubt);
  return doubts;
}

}  // namespace fanlight::control
