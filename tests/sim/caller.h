// The calling half of the handshake: INDUCTION, then CONCLUSION, each repeated every 250 ms until it is answered.
// All times are the peer's own. srt-wire §2
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"
#include "wire/srt_handshake.h"

namespace fanlight::sim {

class Caller {
 public:
  struct Terms {
    std::string stream_id;
    SocketId socket{};
    SeqNo first_seq{};
    Micros latency = millis(500);
    std::uint32_t mss = 1500;
    std::uint32_t window_packets = 8192;
    std::vector<std::byte> key_message{};
  };
  enum class State { kIdle, kInduction, kConclusion, kUp, kRejected };
  struct Answer {
    SocketId relay;
    WireTime time;        // Of the response.
    Micros send_latency;  // What a viewer plays with.
    Micros receive_latency;
  };

  void begin(Instant now, Terms terms);
  void end() { state_ = State::kIdle; }
  // A handshake packet. True when the session is up from here on.
  bool handle(const wire::ControlHeader& header, ByteSpan content);
  // Writes what is due to be sent; 0 when nothing is.
  [[nodiscard]] std::size_t poll(Instant now, MutableByteSpan out);
  [[nodiscard]] Instant next_deadline() const;

  // Nobody answered for 3 s: callers give up then, and come back as another socket.
  [[nodiscard]] bool is_overdue(Instant now) const {
    return (state_ == State::kInduction || state_ == State::kConclusion) && now - opened_ >= seconds(3);
  }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_up() const { return state_ == State::kUp; }
  [[nodiscard]] const Answer& answer() const { return answer_; }
  [[nodiscard]] const Terms& terms() const { return terms_; }
  [[nodiscard]] std::int32_t rejection() const { return rejection_; }

 private:
  [[nodiscard]] bool handle_conclusion(const wire::ControlHeader& header, const wire::Handshake& handshake,
                                       ByteSpan extensions);
  Terms terms_;
  State state_ = State::kIdle;
  Instant opened_{};
  Instant next_send_ = Instant::never();
  std::uint32_t cookie_ = 0;
  std::int32_t rejection_ = 0;
  Answer answer_{};
};

}  // namespace fanlight::sim
