#include "engine/srt/caller.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fanlight::srt {
namespace {

constexpr Micros kRetryInterval = millis(250);
// What every live peer of today can do; we have no packet filter.
constexpr std::uint32_t kFlags = wire::kFlagTsbpdSend | wire::kFlagTsbpdReceive | wire::kFlagCrypt |
                                 wire::kFlagTooLateDrop | wire::kFlagNakReport | wire::kFlagRexmit;
constexpr std::int32_t kFirstRejection = 1000;
constexpr std::uint16_t kDatagramSocket = 2;  // Extension field of an INDUCTION, which is a version 4 handshake.

std::uint16_t in_millis(Micros span) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>((span.count + 999) / 1000, 0, 0xFFFF));
}

constexpr bool is(const wire::Handshake& handshake, wire::RequestType type) {
  return handshake.request == static_cast<std::int32_t>(type);
}

}  // namespace

Caller::Caller(const Options& options) noexcept
    : options_(options), last_sent_(options.opened - kRetryInterval), next_send_(options.opened) {
  CHECK(options.socket.raw() >= 1 && options.socket.raw() <= 0x3FFF'FFFF);
  CHECK(options.first_seq.raw < kSeqMask);
}

Verdict Caller::handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content) noexcept {
  if (header.type != wire::ControlType::kHandshake) {
    handle_early_packet(now);
    return Verdict::kControl;
  }
  const std::optional<wire::Handshake> handshake = wire::parse_handshake(content);
  if (!handshake) return Verdict::kMalformed;
  if (!is_calling()) return Verdict::kControl;  // A repeated answer.
  // A rejection's other fields may be anything.
  if (handshake->request >= kFirstRejection) return fail({static_cast<wire::Reject>(handshake->request), true});
  if (!wire::is_valid(*handshake)) return Verdict::kMalformed;
  if (is(*handshake, wire::RequestType::kInduction)) return handle_induction(now, *handshake);
  if (state_ != State::kConclusion || !is(*handshake, wire::RequestType::kConclusion)) return Verdict::kMalformed;

  const Judgement judgement = judge_conclusion(header, *handshake, content.subspan(wire::kHandshakeBytes));
  answer_ = judgement.answer;
  has_last_word_ = answer_.peer != SocketId{};
  if (judgement.refusal) return fail({*judgement.refusal, false});
  state_ = State::kConnected;
  event_ = PeerEvent::kConnected;
  return Verdict::kControl;
}

// The cookie is only carried back. What else stands there is the listener's offer, which the conclusion repeats.
Verdict Caller::handle_induction(Instant now, const wire::Handshake& handshake) noexcept {
  if (state_ != State::kInduction) return Verdict::kControl;  // A repeated answer.
  if (handshake.version < 5) return fail({wire::Reject::kVersion, false});
  if (handshake.extension != wire::kInductionMagic || handshake.mss > kMssMax)
    return fail({wire::Reject::kRogue, false});
  cookie_ = handshake.cookie;
  state_ = State::kConclusion;
  next_send_ = now;
  return Verdict::kControl;
}

Caller::Judgement Caller::judge_conclusion(const wire::ControlHeader& header, const wire::Handshake& handshake,
                                           ByteSpan blocks) const noexcept {
  std::optional<wire::HsCapabilities> capabilities;
  ByteSpan key_response;
  wire::HandshakeBlockReader reader(blocks);
  while (const auto block = reader.next()) {
    if (block->type == wire::Extension::kHsRsp && !capabilities)
      capabilities = wire::parse_capabilities(block->content);
    if (block->type == wire::Extension::kKmRsp && key_response.empty()) key_response = block->content;
  }
  Judgement judgement{.refusal = {},
                      .answer = {.peer = handshake.socket,
                                 .first_seq = handshake.first_seq,
                                 .time = header.time,
                                 .receive_latency = options_.receive_latency,
                                 .send_latency = {},
                                 .mss = std::min(options_.mss, handshake.mss),
                                 .window_packets = handshake.window_packets}};
  if (handshake.version < 5) judgement.refusal = wire::Reject::kVersion;
  if (handshake.socket == SocketId{} || handshake.mss > kMssMax || reader.is_broken() || !capabilities)
    judgement.refusal = wire::Reject::kRogue;
  if (judgement.refusal) return judgement;

  judgement.answer.srt_version = capabilities->srt_version;
  judgement.answer.knows_retransmit_flag = (capabilities->flags & wire::kFlagRexmit) != 0;
  // The listener has the last word on both latencies, no maximum is taken here (srt-wire §2.5).
  if ((capabilities->flags & wire::kFlagTsbpdSend) != 0)
    judgement.answer.receive_latency = millis(capabilities->sender_delay_ms);
  if ((capabilities->flags & wire::kFlagTsbpdReceive) != 0)
    judgement.answer.send_latency = millis(capabilities->receiver_delay_ms);
  if ((capabilities->flags & wire::kFlagStream) != 0) judgement.refusal = wire::Reject::kMessageApi;
  if (const auto refusal = judge_keys(key_response)) judgement.refusal = refusal;
  if (!options_.key_message.empty()) judgement.answer.keys = wire::KeyState::kSecured;
  return judgement;
}

// A listener that has the passphrase repeats our key message; one that has not answers a state of one word, whose
// first byte is the state (srt-wire §1.4), or nothing.
std::optional<wire::Reject> Caller::judge_keys(ByteSpan key_response) const noexcept {
  if (std::ranges::equal(key_response, options_.key_message)) return std::nullopt;
  if (options_.key_message.empty()) return wire::Reject::kUnsecure;
  if (key_response.size() != 4) return key_response.empty() ? wire::Reject::kUnsecure : wire::Reject::kBadSecret;
  switch (static_cast<wire::KeyState>(key_response.front())) {
    case wire::KeyState::kBadSecret:
      return wire::Reject::kBadSecret;
    case wire::KeyState::kBadCrypto:
      return wire::Reject::kCrypto;
    default:
      return wire::Reject::kUnsecure;
  }
}

Verdict Caller::fail(Failure failure) noexcept {
  state_ = State::kFailed;
  failure_ = failure;
  event_ = PeerEvent::kRejected;
  return Verdict::kControl;
}

// The listener's answer was lost on the way: ask again, but let a burst of data ask only once.
void Caller::handle_early_packet(Instant now) noexcept {
  if (state_ == State::kConclusion) next_send_ = std::min(next_send_, std::max(now, last_sent_ + kResponseInterval));
}

void Caller::handle_timeout(Instant now) noexcept {
  if (!is_calling() || now - options_.opened < options_.timeout) return;
  (void)fail({wire::Reject::kTimeout, false});
  event_ = PeerEvent::kConnectTimeout;
}

std::size_t Caller::poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept {
  if (!is_calling()) return write_last_word(stamp.time, scratch);
  if (now < next_send_) return 0;
  last_sent_ = now;
  next_send_ = now + kRetryInterval;
  return write_request(stamp.time, scratch);
}

std::size_t Caller::write_request(WireTime time, MutableByteSpan out) const noexcept {
  wire::HandshakePacket packet;
  packet.handshake = {.version = 4,
                      .encryption = 0,
                      .extension = kDatagramSocket,
                      .first_seq = options_.first_seq,
                      .mss = options_.mss,
                      .window_packets = options_.window_packets,
                      .request = static_cast<std::int32_t>(wire::RequestType::kInduction),
                      .socket = options_.socket,
                      .cookie = 0,
                      .peer_ip = options_.listener};
  if (state_ == State::kConclusion) {
    const bool is_sealed = !options_.key_message.empty();
    packet.handshake.version = 5;
    packet.handshake.encryption = is_sealed ? static_cast<std::uint16_t>(options_.key_bytes / 8) : 0;
    packet.handshake.extension = static_cast<std::uint16_t>(wire::kExtHsReq | (is_sealed ? wire::kExtKmReq : 0) |
                                                            (options_.stream_id.empty() ? 0 : wire::kExtConfig));
    packet.handshake.request = static_cast<std::int32_t>(wire::RequestType::kConclusion);
    packet.handshake.cookie = cookie_;
    packet.capabilities = wire::HsCapabilities{.flags = kFlags,
                                               .receiver_delay_ms = in_millis(options_.receive_latency),
                                               .sender_delay_ms = in_millis(options_.send_latency)};
    packet.stream_id = options_.stream_id;
    packet.key_message = options_.key_message;
  }
  return wire::write_handshake_packet(out, packet, time, SocketId{});
}

std::size_t Caller::write_last_word(WireTime time, MutableByteSpan out) noexcept {
  if (!std::exchange(has_last_word_, false)) return 0;
  const auto type = state_ == State::kConnected ? wire::ControlType::kKeepAlive : wire::ControlType::kShutdown;
  return wire::write_bare_control(out, {type, 0, 0, time, answer_.peer});
}

std::optional<PeerEvent> Caller::poll_event() noexcept { return std::exchange(event_, std::nullopt); }

Deadline Caller::next_deadline() const noexcept {
  if (!is_calling()) return {};
  return sooner({next_send_, TimerKind::kHandshake}, {options_.opened + options_.timeout, TimerKind::kIdle});
}

}  // namespace fanlight::srt
