// A session that is not up yet: its handshake, and what the handshake's views point to. Freed when it is up.
#pragma once

#include <string_view>
#include <utility>

#include "base/ip.h"
#include "engine/srt/caller.h"
#include "fanlight_load/keys.h"

namespace fanlight::load {

struct CallTerms {
  SocketId socket;
  SeqNo first_seq;
  Micros latency;
  Endpoint relay;
  std::string_view stream_id;      // Outlives the session.
  const KeyMaker* keys = nullptr;  // Null: clear.
};

class Calling {
 public:
  Calling(Instant now, const CallTerms& terms)
      : keys_(terms.keys == nullptr ? SessionKeys{} : terms.keys->make(terms.socket.raw())),
        caller_({.opened = now,
                 .socket = terms.socket,
                 .first_seq = terms.first_seq,
                 .receive_latency = terms.latency,
                 .send_latency = terms.latency,
                 .listener = terms.relay.ip,
                 .stream_id = terms.stream_id,
                 .key_message = keys_.message,
                 .key_bytes = static_cast<std::uint16_t>(terms.keys == nullptr ? 0 : terms.keys->key_bytes())}) {}
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;

  [[nodiscard]] srt::Caller& caller() { return caller_; }
  [[nodiscard]] Instant opened() const { return caller_.options().opened; }
  [[nodiscard]] std::unique_ptr<crypto::SessionCiphers> take_ciphers() { return std::move(keys_.ciphers); }
  [[nodiscard]] std::size_t poll(Instant now, MutableByteSpan out) {
    return caller_.poll_control(now, {{static_cast<std::uint32_t>((now - opened()).count)}, SocketId{}}, out);
  }

 private:
  SessionKeys keys_;
  srt::Caller caller_;
};

}  // namespace fanlight::load
