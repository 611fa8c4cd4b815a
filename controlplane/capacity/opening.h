// What control would say to let a caller in, for who plays control: a trial, a benchmark.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/check.h"
#include "contract/commands.h"
#include "contract/limits.h"
#include "wire/srt_handshake.h"

namespace fanlight::control {

struct TrialCaller {
  Role role = Role::kViewer;
  Path path;
  SocketId peer;
  SeqNo first_seq;
  std::uint32_t window_packets = kFlowWindowPackets;
  std::unique_ptr<crypto::SessionCiphers> ciphers{};
};

inline command::OpenSession opening(StreamIndex stream, TrialCaller caller) {
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

// A random key of so many bytes; null for none.
inline std::unique_ptr<crypto::SessionCiphers> random_ciphers(std::size_t key_bytes) {
  if (key_bytes == 0) return nullptr;
  std::array<std::byte, 32> key;
  wire::Salt salt;
  CHECK(crypto::fill_random(key) && crypto::fill_random(salt));
  auto ciphers = std::make_unique<crypto::SessionCiphers>();
  ciphers->even.emplace(crypto::Key(ByteSpan(key).first(key_bytes)), salt);
  return ciphers;
}

}  // namespace fanlight::control
