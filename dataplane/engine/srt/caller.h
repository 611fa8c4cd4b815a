// The calling half of the handshake: INDUCTION brings a cookie, CONCLUSION brings the session; each is repeated every
// 250 ms until it is answered or nobody answered for too long. When it is up, a Receiver or a Sender takes over with
// what was agreed. HSv5 in live mode. Contract: engine/engine.h. srt-wire §2.2, §2.5, §2.6.
//
// Keys are made elsewhere, for that is slow: the engine carries the key message as bytes and asks that the listener
// repeats it to the byte. Only handshakes from the address that was called may be handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "contract/limits.h"
#include "engine/engine.h"
#include "wire/reject.h"
#include "wire/srt_handshake.h"
#include "wire/srt_key_message.h"

namespace fanlight::srt {

class Caller {
 public:
  // Views are not copied: what they name outlives the caller, and may serve a thousand of them.
  struct Options {
    Instant opened;
    SocketId socket;                       // Ours, 1 … 0x3FFFFFFF; the listener's answers carry it.
    SeqNo first_seq;                       // Of both directions; below 0x7FFFFFFF.
    Micros receive_latency = millis(120);  // What we want to play with.
    Micros send_latency{};                 // The least we want the peer to play with.
    std::uint32_t mss = kMssMax;
    std::uint32_t window_packets = kFlowWindowPackets;
    IpAddress listener{};          // Informational on the wire.
    std::string_view stream_id{};  // At most 512 bytes; empty: none is sent.
    ByteSpan key_message{};        // As KMREQ; empty: clear.
    std::uint16_t key_bytes = 0;   // 16, 24 or 32 with a key message.
    Micros timeout = kHandshakeTimeout;
  };
  // What was agreed.
  struct Answer {
    SocketId peer;                     // Where everything is addressed from now on.
    SeqNo first_seq;                   // Of what the peer sends: ours, echoed, as a rule.
    WireTime time;                     // The peer's clock when it answered: what a player sets its watch by.
    Micros receive_latency;            // What we play with.
    Micros send_latency;               // What the peer plays with.
    std::uint32_t mss = 0;             // The smaller of both.
    std::uint32_t window_packets = 0;  // What the peer buffers.
    std::uint32_t srt_version = 0;
    bool knows_retransmit_flag = false;  // R may be set.
    wire::KeyState keys = wire::KeyState::kUnsecured;
  };
  struct Failure {
    wire::Reject reason{};      // May be a number that the enum does not name.
    bool is_from_peer = false;  // The peer said so; otherwise we could not take its answer.
  };
  enum class State : std::uint8_t { kInduction, kConclusion, kConnected, kFailed };

  explicit Caller(const Options& options) noexcept;

  // Whatever comes for our socket ID. Only handshakes matter; anything else while calling means that the listener has
  // answered already, and makes the request be repeated.
  [[nodiscard]] Verdict handle_control(Instant now, const wire::ControlHeader& header, ByteSpan content) noexcept;
  void handle_early_packet(Instant now) noexcept;
  void handle_timeout(Instant now) noexcept;

  // Requests while calling; one KEEPALIVE when connected, so that the listener knows; one SHUTDOWN when an answer that
  // opened a session there is not good enough here. `stamp.peer` is not used.
  [[nodiscard]] std::size_t poll_control(Instant now, const ControlStamp& stamp, MutableByteSpan scratch) noexcept;
  [[nodiscard]] std::optional<PeerEvent> poll_event() noexcept;
  [[nodiscard]] Deadline next_deadline() const noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool is_calling() const noexcept { return state_ < State::kConnected; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const Answer& answer() const noexcept { return answer_; }     // True once connected.
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }  // True once failed.

 private:
  struct Judgement {
    std::optional<wire::Reject> refusal;
    Answer answer;
  };
  [[nodiscard]] Verdict handle_induction(Instant now, const wire::Handshake& handshake) noexcept;
  [[nodiscard]] Judgement judge_conclusion(const wire::ControlHeader& header, const wire::Handshake& handshake,
                                           ByteSpan blocks) const noexcept;
  [[nodiscard]] std::optional<wire::Reject> judge_keys(ByteSpan key_response) const noexcept;
  [[nodiscard]] Verdict fail(Failure failure) noexcept;
  [[nodiscard]] std::size_t write_request(WireTime time, MutableByteSpan out) const noexcept;
  [[nodiscard]] std::size_t write_last_word(WireTime time, MutableByteSpan out) noexcept;

  const Options options_;
  State state_ = State::kInduction;
  bool has_last_word_ = false;  // KEEPALIVE or SHUTDOWN to send.
  std::uint32_t cookie_ = 0;
  Instant last_sent_;
  Instant next_send_;
  Failure failure_;
  Answer answer_;
  std::optional<PeerEvent> event_;
};
static_assert(Engine<Caller>);

}  // namespace fanlight::srt
