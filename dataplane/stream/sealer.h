// Fresh packets for sealed viewers: each gets a buffer of its own with header and ciphertext, and the cipher runs over
// many packets at a time.
#pragma once

#include <array>
#include <cstddef>

#include "crypto/packet_cipher.h"
#include "stream/dresser.h"

namespace fanlight {

class Sealer {
 public:
  Sealer(Pools pools, TransmitQueue& queue, WorkerCounters& counters)
      : copies_(pools.copies), queue_(queue), counters_(counters) {}

  // The pass's packets for one viewer; what cannot be sent is counted there as missed. The queue has room for them and
  // for all that waits here.
  void add(Viewer& viewer, std::span<const FreshPacket> packets) noexcept;
  // Encrypts and queues what was added.
  void flush() noexcept;
  [[nodiscard]] std::size_t waiting() const noexcept { return batch_.size(); }

 private:
  struct Sealed {
    PacketRef packet;
    Viewer* viewer = nullptr;
  };
  [[nodiscard]] bool try_add(Viewer& viewer, const FreshPacket& packet) noexcept;
  static void miss(Viewer& viewer, std::size_t payload_bytes) noexcept;

  PacketPool& copies_;
  TransmitQueue& queue_;
  WorkerCounters& counters_;
  crypto::CipherBatch batch_;
  std::array<Sealed, crypto::CipherBatch::kMax> sealed_;  // At the same index in the batch.
};

}  // namespace fanlight
