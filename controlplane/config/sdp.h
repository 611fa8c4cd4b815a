// A session description taken apart: RFC 8866. Lines and their kinds are judged here, what a line of a=… means where it
// is needed (sdp_media.h).
//
//   v=0                                      ─╮
//   o=- 0 0 IN IP4 192.0.2.1                  │ the session
//   s=a name                                  │
//   c=IN IP4 239.10.0.1/16                    │ where all media go that do not say so themselves
//   a=source-filter: incl IN IP4 * 192.0.2.1 ─╯
//   m=video 5004 RTP/AVP 96                  ─╮
//   a=rtpmap:96 H264/90000                    │ one medium, until the next m=
//   a=fmtp:96 packetization-mode=1           ─╯
//
// One of the lines' kinds that is not known makes the whole unreadable (§5), an attribute does not (§5.13).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace fanlight::control {

inline constexpr std::size_t kSdpBytesMax = 65'536;

struct SdpFault {
  int line = 0;
  std::string why;
};

// a=NAME:VALUE, or a=NAME
struct SdpAttribute {
  int line = 0;
  std::string name;
  std::string value;
};

struct SdpMedia {
  int line = 0;
  std::string kind;  // "video", "audio", …
  std::uint16_t port = 0;
  std::string protocol;              // "RTP/AVP"
  std::vector<std::string> formats;  // Of RTP: payload types.
  std::optional<IpAddress> address;  // Its own, or the session's.
  std::vector<SdpAttribute> attributes;

  // Null when there is none of that name.
  [[nodiscard]] const SdpAttribute* find(std::string_view name) const;
};

struct SessionDescription {
  std::string name;
  std::vector<SdpAttribute> attributes;
  std::vector<SdpMedia> media;
};

[[nodiscard]] Result<SessionDescription, SdpFault> parse_sdp(std::string_view text);
// What a fault says, less the long words that may be a key which stands in a wrong line.
[[nodiscard]] std::string without_keys(std::string_view why);
// The words of a line, between spaces.
[[nodiscard]] std::vector<std::string_view> sdp_words(std::string_view text);

}  // namespace fanlight::control
