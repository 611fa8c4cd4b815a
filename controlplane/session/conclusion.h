// One CONCLUSION request: what it says, what we agree to, and the answers to it. srt-wire §2.2, §2.4, §2.5
//
// Pure: bytes and rules in, bytes and terms out. Reading needs no stream; agreeing needs its policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "access/stream_id.h"
#include "base/ip.h"
#include "contract/limits.h"
#include "session/stream_policy.h"
#include "wire/reject.h"
#include "wire/srt_handshake.h"

namespace fanlight::control {

struct NotAConclusion {};  // Not a valid one of version 5 or later: never answered. HSv4 is the worker's.
struct RejectedConclusion {
  wire::Handshake handshake;
  wire::Reject reason = wire::Reject::kUnknown;
};
struct Conclusion {
  wire::Handshake handshake;
  wire::HsCapabilities caller;
  StreamRequest request;
  ByteSpan key_message;  // View into the datagram; empty when it had no KMREQ.
};
using ConclusionReading = std::variant<NotAConclusion, RejectedConclusion, Conclusion>;

// Steps 1, 2, 4–6 of srt-wire §2.2 and the stream ID's syntax, on a whole datagram. A caller without a stream ID, or
// with an empty one, asks for what `default_id` says.
[[nodiscard]] ConclusionReading read_conclusion(ByteSpan datagram, std::string_view default_id = "");

struct Terms {
  Micros receive_latency;  // Ours. Whole milliseconds, as the wire carries them.
  Micros send_latency;     // The caller's.
  std::uint32_t mss = kMssMax;
};
// What a session was let in with, beside its stream's latencies; the most gives way to nothing but what the stream's
// history is made for.
struct LatencyBounds {
  std::optional<Micros> least{};
  std::optional<Micros> most{};
};
// `publisher_latency`: what the running publisher's session agreed to; 0 when there is none.
[[nodiscard]] Terms agree_terms(const Conclusion& conclusion, const StreamPolicy& policy, Micros publisher_latency,
                                const LatencyBounds& bounds = {});

// The CONCLUSION response, complete but for our socket ID and the timestamp (both 0). Answers its size, 0 when `out`
// is too small. `key_bytes` 0: clear, else the KMREQ is echoed as KMRSP.
[[nodiscard]] std::size_t write_response(MutableByteSpan out, const Conclusion& conclusion, const Terms& terms,
                                         std::size_t key_bytes, const IpAddress& caller);
[[nodiscard]] std::size_t write_rejection(MutableByteSpan out, const wire::Handshake& request, wire::Reject reason);

// "1.5.1" for 0x00010501.
[[nodiscard]] std::string version_text(std::uint32_t srt_version);

}  // namespace fanlight::control
