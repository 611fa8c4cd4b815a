#include "session/conclusion.h"

#include <algorithm>
#include <optional>

namespace fanlight::control {
namespace {

using wire::Reject;

constexpr std::uint32_t kSrtVersionMin = 0x0001'0300;  // The first that speaks HSv5; less in a v5 handshake is forged.

// Steps 4–6. `extensions` is empty when the blocks were malformed.
std::optional<Reject> judge_extensions(const wire::Handshake& handshake,
                                       const std::optional<wire::HandshakeExtensions>& extensions) {
  if (handshake.extension == 0 || !extensions) return Reject::kRogue;
  if (!extensions->capabilities || extensions->is_response) return Reject::kRogue;
  if (extensions->capabilities->srt_version < kSrtVersionMin) return Reject::kRogue;
  if (extensions->capabilities->flags & wire::kFlagStream) return Reject::kMessageApi;
  if (extensions->congestion && *extensions->congestion != "live") return Reject::kCongestion;
  if (extensions->filter) return Reject::kFilter;
  if (extensions->has_group) return Reject::kGroup;
  if (extensions->stream_id_oversized) return Reject::kUnknown;
  return std::nullopt;
}

std::int64_t ceil_millis(Micros span) { return (span.count + 999) / 1'000; }

Micros agree_latency(std::int64_t least_ms, const StreamPolicy& policy, const LatencyBounds& bounds) {
  const Micros most = std::min(policy.latency_max, bounds.most.value_or(policy.latency_max));
  const Micros least = std::max(policy.latency, bounds.least.value_or(policy.latency));
  const std::int64_t most_ms = std::min<std::int64_t>(most.count / 1'000, 0xFFFF);
  return millis(std::min(std::max(least_ms, ceil_millis(least)), most_ms));
}

std::uint16_t as_wire_millis(Micros span) { return static_cast<std::uint16_t>(span.count / 1'000); }

// 0x3F: all but STREAM and the packet filter; R only towards those who know it.
std::uint32_t response_flags(std::uint32_t caller_flags) {
  std::uint32_t flags =
      wire::kFlagTsbpdSend | wire::kFlagTsbpdReceive | wire::kFlagCrypt | wire::kFlagTooLateDrop | wire::kFlagNakReport;
  return flags | (caller_flags & wire::kFlagRexmit);
}

}  // namespace

ConclusionReading read_conclusion(ByteSpan datagram, std::string_view default_id) {
  const auto header = wire::parse_control_header(datagram);
  if (!header || header->type != wire::ControlType::kHandshake) return NotAConclusion{};
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  const std::optional<wire::Handshake> handshake = wire::parse_handshake(content);
  if (!handshake || !wire::is_valid(*handshake)) return NotAConclusion{};
  if (handshake->socket == SocketId{}) return NotAConclusion{};  // An answer could not be addressed.
  if (handshake->request != static_cast<std::int32_t>(wire::RequestType::kConclusion)) return NotAConclusion{};
  if (handshake->version == 4) return NotAConclusion{};
  if (handshake->version != 5) return RejectedConclusion{*handshake, Reject::kVersion};

  auto extensions = wire::parse_handshake_extensions(content.subspan(wire::kHandshakeBytes));
  if (const auto reason = judge_extensions(*handshake, extensions)) return RejectedConclusion{*handshake, *reason};
  const std::string stream_id = extensions->stream_id.value_or("");
  auto request = parse_stream_id(stream_id.empty() ? default_id : std::string_view{stream_id});
  if (!request) return RejectedConclusion{*handshake, request.error()};
  return Conclusion{*handshake, *extensions->capabilities, std::move(*request), extensions->key_message};
}

// srt-wire §2.5: each side's receive latency is the larger of its own wish and what the other asks of it. The caller's
// high half is its own receive latency, its low half what it asks of ours.
Terms agree_terms(const Conclusion& conclusion, const StreamPolicy& policy, Micros publisher_latency,
                  const LatencyBounds& bounds) {
  const std::int64_t send_ms =
      std::max<std::int64_t>(conclusion.caller.receiver_delay_ms, ceil_millis(publisher_latency));
  return {.receive_latency = agree_latency(conclusion.caller.sender_delay_ms, policy, bounds),
          .send_latency = agree_latency(send_ms, policy, bounds),
          .mss = std::min(kMssMax, conclusion.handshake.mss)};
}

std::size_t write_response(MutableByteSpan out, const Conclusion& conclusion, const Terms& terms, std::size_t key_bytes,
                           const IpAddress& caller) {
  wire::HandshakePacket packet;
  packet.handshake = conclusion.handshake;  // Version, ISN, request type and cookie are the caller's.
  packet.handshake.encryption = static_cast<std::uint16_t>(key_bytes / 8);
  packet.handshake.extension = key_bytes == 0 ? wire::kExtHsReq : wire::kExtHsReq | wire::kExtKmReq;
  packet.handshake.mss = terms.mss;
  packet.handshake.window_packets = kFlowWindowPackets;
  packet.handshake.socket = SocketId{};
  packet.handshake.peer_ip = caller;
  packet.is_response = true;
  packet.capabilities = wire::HsCapabilities{.srt_version = wire::kSrtVersion,
                                             .flags = response_flags(conclusion.caller.flags),
                                             .receiver_delay_ms = as_wire_millis(terms.receive_latency),
                                             .sender_delay_ms = as_wire_millis(terms.send_latency)};
  if (key_bytes != 0) packet.key_message = conclusion.key_message;
  return wire::write_handshake_packet(out, packet, WireTime{}, conclusion.handshake.socket);
}

std::size_t write_rejection(MutableByteSpan out, const wire::Handshake& request, wire::Reject reason) {
  wire::HandshakePacket packet;
  packet.handshake = request;
  packet.handshake.request = static_cast<std::int32_t>(reason);
  return wire::write_handshake_packet(out, packet, WireTime{}, request.socket);
}

std::string version_text(std::uint32_t srt_version) {
  return std::to_string(srt_version >> 16) + "." + std::to_string((srt_version >> 8) & 0xFF) + "." +
         std::to_string(srt_version & 0xFF);
}

}  // namespace fanlight::control
