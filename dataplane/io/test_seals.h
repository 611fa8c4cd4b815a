// Viewers' keys for the tests beside the code.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "crypto/packet_cipher.h"
#include "packet/fresh.h"

namespace fanlight::io {

class TestSeals {
 public:
  // Keys of all three lengths in turn, no two alike, every other one in the odd slot.
  explicit TestSeals(std::size_t viewers) {
    for (std::size_t i = 0; i < viewers; ++i) {
      std::vector<std::byte> key(std::array{16u, 24u, 32u}[i % 3], static_cast<std::byte>(i));
      ciphers_.emplace_back(crypto::Key(key), wire::Salt{static_cast<std::byte>(i / 256 + 1)});
      seals_.push_back({&ciphers_.back().schedule(), i % 2 == 0 ? 0x0800'0000u : 0x1000'0000u});
    }
  }
  [[nodiscard]] const std::vector<Seal>& seals() const { return seals_; }
  // The datagram that the viewer should get of the packet.
  [[nodiscard]] std::vector<std::byte> sealed(std::size_t viewer, const Envelope& envelope,
                                              const FreshPacket& packet) const {
    const ByteSpan clear = packet.payload.bytes();
    std::vector<std::byte> datagram(kFreshHeaderBytes + clear.size());
    stamp_fresh(datagram.data(), envelope, packet);
    datagram[4] |= viewer % 2 == 0 ? std::byte{0x08} : std::byte{0x10};
    EXPECT_TRUE(ciphers_[viewer].apply(envelope.offset.seq_of(packet.pos), clear,
                                       std::span(datagram).subspan(kFreshHeaderBytes)));
    return datagram;
  }

 private:
  std::vector<crypto::PacketCipher> ciphers_;
  std::vector<Seal> seals_;
};

}  // namespace fanlight::io
