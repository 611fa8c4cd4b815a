#include "caller.h"

#include <utility>

namespace fanlight::sim {
namespace {

constexpr Micros kRetry = millis(250);

}  // namespace

void Caller::begin(Instant now, Terms terms) {
  terms_ = std::move(terms);
  state_ = State::kInduction;
  opened_ = now;
  next_send_ = now;
}

bool Caller::handle(const wire::ControlHeader& header, ByteSpan content) {
  const std::optional<wire::Handshake> handshake = wire::parse_handshake(content);
  if (!handshake) return false;
  if (state_ == State::kInduction && handshake->request == static_cast<std::int32_t>(wire::RequestType::kInduction)) {
    if (handshake->version != 5 || handshake->extension != wire::kInductionMagic) return false;
    cookie_ = handshake->cookie;
    state_ = State::kConclusion;
    next_send_ = {};
    return false;
  }
  if (state_ != State::kConclusion) return false;
  return handle_conclusion(header, *handshake, content.subspan(wire::kHandshakeBytes));
}

bool Caller::handle_conclusion(const wire::ControlHeader& header, const wire::Handshake& handshake,
                               ByteSpan extensions) {
  if (handshake.request >= 1000) {
    rejection_ = handshake.request;
    state_ = State::kRejected;
    return false;
  }
  if (handshake.request != static_cast<std::int32_t>(wire::RequestType::kConclusion)) return false;
  const auto blocks = wire::parse_handshake_extensions(extensions);
  if (!blocks || !blocks->capabilities || !blocks->is_response) return false;
  answer_ = {.relay = handshake.socket,
             .time = header.time,
             .send_latency = millis(blocks->capabilities->sender_delay_ms),
             .receive_latency = millis(blocks->capabilities->receiver_delay_ms)};
  state_ = State::kUp;
  return true;
}

std::size_t Caller::poll(Instant now, MutableByteSpan out) {
  const bool is_conclusion = state_ == State::kConclusion;
  if ((!is_conclusion && state_ != State::kInduction) || now < next_send_) return 0;
  next_send_ = now + kRetry;
  wire::HandshakePacket packet;
  packet.handshake = {.version = is_conclusion ? 5u : 4u,
                      .encryption = 0,
                      .extension = 2,
                      .first_seq = terms_.first_seq,
                      .mss = terms_.mss,
                      .window_packets = terms_.window_packets,
                      .request = static_cast<std::int32_t>(is_conclusion ? wire::RequestType::kConclusion
                                                                         : wire::RequestType::kInduction),
                      .socket = terms_.socket,
                      .cookie = is_conclusion ? cookie_ : 0};
  if (is_conclusion) {
    const bool is_sealed = !terms_.key_message.empty();
    packet.handshake.extension = wire::kExtHsReq | wire::kExtConfig;
    if (is_sealed) packet.handshake.extension |= wire::kExtKmReq;
    packet.handshake.encryption = is_sealed ? 2 : 0;
    const auto latency_ms = static_cast<std::uint16_t>(terms_.latency.count / 1000);
    packet.capabilities =
        wire::HsCapabilities{.flags = 0xBF, .receiver_delay_ms = latency_ms, .sender_delay_ms = latency_ms};
    packet.stream_id = terms_.stream_id;
    packet.key_message = terms_.key_message;
  }
  return wire::write_handshake_packet(out, packet, WireTime{static_cast<std::uint32_t>((now - opened_).count)},
                                      SocketId{});
}

Instant Caller::next_deadline() const {
  return state_ == State::kInduction || state_ == State::kConclusion ? next_send_ : Instant::never();
}

}  // namespace fanlight::sim
