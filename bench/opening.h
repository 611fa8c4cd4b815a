// What control would say to let a caller in: the bench is the control plane.
#pragma once

#include <memory>

#include "base/check.h"
#include "contract/commands.h"
#include "wire/srt_handshake.h"

namespace fanlight::bench {

struct Caller {
  Role role = Role::kViewer;
  Path path;
  SocketId peer;
  SeqNo first_seq;
  std::uint32_t window_packets = kFlowWindowPackets;
  std::unique_ptr<crypto::SessionCiphers> ciphers;
};

inline command::OpenSession opening(StreamIndex stream, Caller caller) {
  command::OpenSession open;
  open.request = RequestId{caller.peer.raw()};
  open.path = caller.path;
  open.peer = caller.peer;
  open.role = caller.role;
  open.stream = stream;
  open.first_seq = caller.first_seq;
  open.receive_latency = open.send_latency = millis(120);
  open.window_packets = caller.window_packets;
  open.ciphers = std::move(caller.ciphers);
  const wire::HandshakePacket response{
      .handshake =
          {.extension = wire::kExtHsReq, .first_seq = caller.first_seq, .request = -1, .socket = {}, .peer_ip = {}},
      .capabilities = wire::HsCapabilities{.flags = 0x3F, .receiver_delay_ms = 120, .sender_delay_ms = 120},
      .is_response = true};
  open.response_bytes =
      static_cast<std::uint16_t>(wire::write_handshake_packet(open.response, response, {}, caller.peer));
  return open;
}

// Null for "none"; otherwise a random key of "aes128" or "aes256".
inline std::unique_ptr<crypto::SessionCiphers> random_ciphers(std::string_view cipher) {
  if (cipher == "none") return nullptr;
  std::array<std::byte, 32> key;
  wire::Salt salt;
  CHECK(crypto::fill_random(key) && crypto::fill_random(salt));
  auto ciphers = std::make_unique<crypto::SessionCiphers>();
  ciphers->even.emplace(crypto::Key(ByteSpan(key).first(cipher == "aes128" ? 16 : 32)), salt);
  return ciphers;
}

}  // namespace fanlight::bench
