// Where a stream comes from, as people write it.
//
//   srt://HOST:PORT?streamid=…&passphrase=…&latency=…&pbkeylen=…   called, as a viewer of the relay
//   udp://ADDRESS:PORT   rtp://ADDRESS:PORT                        listened to: MPEG-TS bare, or in RTP
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/ip.h"
#include "base/result.h"
#include "config/srt_url.h"

namespace fanlight::packager {

using control::SrtUrl;

// A host's address of ours, or a group, which is joined on every interface the kernel chooses.
struct UdpSource {
  Endpoint at;
  bool has_rtp = false;
  friend bool operator==(const UdpSource&, const UdpSource&) = default;
};

using Source = std::variant<SrtUrl, UdpSource>;

// The error says what is wrong and repeats no value: it may be a passphrase.
[[nodiscard]] Result<Source, std::string> parse_source(std::string_view text);
// Without a passphrase or a token.
[[nodiscard]] std::string public_text(const Source& source);

}  // namespace fanlight::packager
