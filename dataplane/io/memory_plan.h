// How many packet buffers a relay needs and how much memory that is: computed from the configuration before EAL starts,
// fixed afterwards. The receive pool holds every history slot and every ring on top, so a full history is a verdict and
// never a dry port.
#pragma once

#include <cstddef>
#include <span>

namespace fanlight::io {

// A buffer of the receive pool takes any frame of MTU 1500 whole, and a little more, so that an oversized datagram can
// be told from a full one. net_af_packet asks for 2,048.
inline constexpr std::size_t kReceiveRoomBytes = 2048;

struct PoolPlan {
  std::size_t buffers = 0;
  std::size_t room_bytes = 0;
  bool for_devices = false;   // As PacketPool::create() is told.
  bool for_adoption = false;  // As create_for_adoption() makes it: no bytes of its own.
};

struct MemoryNeeds {
  std::size_t history_slots = 0;         // All streams together.
  std::size_t fec_packets = 0;           // That feeds hold back ...
  std::size_t fec_sums = 0;              // ... and that destinations' FEC is made in, on all workers.
  std::size_t srtp_packets = 0;          // Encrypted for destinations and not handed to the port yet, on all workers.
  std::size_t receive_descriptors = 0;   // Of all device queues; 0 on sockets.
  std::size_t transmit_descriptors = 0;  // Of all device queues; 0 on sockets.
  bool for_devices = false;
  std::size_t workers = 1;
  std::size_t handover_slots = 0;  // Of one ring between two workers.
  std::size_t header_room_bytes = 256;
  std::size_t copy_room_bytes = kReceiveRoomBytes;
};

struct MemoryPlan {
  PoolPlan receive;
  PoolPlan headers;  // One per packet on its way out.
  PoolPlan copies;   // One per encrypted or linearly copied packet on its way out.
  PoolPlan adopted;  // For each of several workers: the packets of other workers' publishers that it holds or sends.
  std::size_t workers = 1;
  std::size_t device_bytes = 0;  // What drivers allocate for their queues.
  [[nodiscard]] std::size_t bytes() const;
};

[[nodiscard]] MemoryPlan plan_memory(const MemoryNeeds& needs);

// What EAL must reserve so that these pools fit, bookkeeping of theirs included.
[[nodiscard]] std::size_t memory_bytes(std::span<const PoolPlan> pools);

}  // namespace fanlight::io
