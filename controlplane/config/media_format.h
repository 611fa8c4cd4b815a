// What an RTP stream carries, in the words of a session description: m=, a=rtpmap and a=fmtp. RFC 8866 §6.6, §6.15
//
// The relay reads of it whether it is a transport stream, and how fast its clock runs; all else is for receivers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/fields.h"
#include "contract/stream_options.h"

namespace fanlight::control {

struct MediaFormat {
  std::string media = "video";
  std::string encoding = "MP2T";
  std::uint32_t clock_rate = 90'000;
  std::uint32_t channels = 0;  // 0: not said.
  std::string fmtp = {};       // Parameters, as they were given; empty: none.
  std::uint8_t payload_type = 33;
  friend bool operator==(const MediaFormat&, const MediaFormat&) = default;

  [[nodiscard]] bool is_transport_stream() const;
  [[nodiscard]] PayloadTerms terms() const { return {is_transport_stream(), clock_rate}; }
  // "H264/90000", "L16/44100/2": as a=rtpmap has it.
  [[nodiscard]] std::string text() const;
};

inline constexpr IntegerRange kClockRates{1'000, 1'000'000};
inline constexpr std::uint32_t kTransportStreamRate = 90'000;  // RFC 2250 §2
inline constexpr IntegerRange kChannels{1, 64};

// With the marker their second byte is one of RTCP's. RFC 5761 §4
[[nodiscard]] constexpr bool is_taken_by_rtcp(std::uint8_t payload_type) {
  return payload_type >= 64 && payload_type <= 95;
}
// What a payload type means without an a=rtpmap. RFC 3551 §6
[[nodiscard]] std::optional<MediaFormat> static_format(std::uint8_t payload_type);
// That, when its type does not mean what it is; empty when it may be sent under it.
[[nodiscard]] std::optional<MediaFormat> fixed_otherwise(const MediaFormat& format);
// Why its clock or channels are none of its encoding's, which always has the same; empty when they may be.
[[nodiscard]] std::optional<std::string> rate_fault_of(const MediaFormat& format);
// RFC 8866's token: names of encodings and kinds of media.
[[nodiscard]] bool is_sdp_token(std::string_view text);
// From payload, payload_type, clock_rate, channels and fmtp.
[[nodiscard]] MediaFormat read_media_format(FieldReader& reader);

}  // namespace fanlight::control
