// Masters, and packets as a sender under one makes them, for the tests beside the code.
#pragma once

#include <array>

#include "base/check.h"
#include "crypto/srtp_keys.h"
#include "wire/test_bytes.h"

namespace fanlight::crypto {

inline SrtpMaster some_master(SrtpSuite suite, std::byte seed = std::byte{7}) {
  Bytes bytes(form_of(suite).master_bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = seed ^ std::byte(i);
  return {suite, SecretBytes(bytes)};
}

// `packet`: RTP with nothing but the 12 bytes in front.
inline Bytes protect(const SrtpKeys& keys, Bytes packet, std::uint64_t index) {
  const std::uint32_t ssrc = load_be32(packet.data() + 8);
  packet.resize(packet.size() + keys.form().rtp_tag_bytes);
  CHECK(keys.protect(std::array{SrtpKeys::Packet{packet, 12, ssrc, index}}));
  return packet;
}

inline Bytes protect_control(const SrtpKeys& keys, Bytes packet, std::uint32_t index) {
  const std::size_t bytes = packet.size();
  packet.resize(bytes + 64);
  packet.resize(keys.protect_control(packet, bytes, index));
  return packet;
}

}  // namespace fanlight::crypto
