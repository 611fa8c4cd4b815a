#include "io/memory_plan.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <array>
#include <bit>

#include "contract/limits.h"

namespace fanlight::io {
namespace {

// Per thread: buffers that may wait in its cache (1.5 × 256) while another thread finds the pool dry. The worker and
// whoever opened the port.
constexpr std::size_t kCachedBuffers = 2 * 384;

// A virtio transmit queue takes about 200: ring, room for indirect descriptors, and who waits on it.
constexpr std::size_t kDescriptorBytes = 256;

// Reckoned for ordinary pages: hugepages take less.
std::size_t object_bytes(const PoolPlan& pool) {
  const std::size_t data = pool.for_adoption ? 0 : RTE_PKTMBUF_HEADROOM + pool.room_bytes;
  const std::size_t element = sizeof(rte_mbuf) + data;
  const unsigned flags = pool.for_devices ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
  rte_mempool_objsz parts;
  const std::size_t object = rte_mempool_calc_obj_size(static_cast<std::uint32_t>(element), flags, &parts);
  constexpr std::size_t kPageBytes = 4096;
  return pool.for_devices && object <= kPageBytes ? kPageBytes / (kPageBytes / object) : object;
}

std::size_t bytes_of(const PoolPlan& pool) {
  const std::size_t objects = pool.buffers * object_bytes(pool);
  const std::size_t ring = std::bit_ceil(pool.buffers + 1) * sizeof(void*);
  const std::size_t caches = RTE_MAX_LCORE * sizeof(rte_mempool_cache);
  constexpr std::size_t kAlignment = std::size_t{64} << 10;
  return objects + ring + caches + kAlignment;
}

}  // namespace

std::size_t memory_bytes(std::span<const PoolPlan> pools) {
  // Device tables, malloc headers and EAL's own: measured at under 6 MiB with three virtual devices.
  std::size_t total = std::size_t{16} << 20;
  for (const PoolPlan& pool : pools) total += bytes_of(pool);
  return total;
}

std::size_t MemoryPlan::bytes() const {
  const std::size_t all_workers = memory_bytes(std::array{receive, headers, copies}) + device_bytes;
  return workers == 1 ? all_workers : all_workers + workers * bytes_of(adopted);
}

MemoryPlan plan_memory(const MemoryNeeds& needs) {
  const std::size_t per_worker = needs.workers * (kCachedBuffers + kReceiveBurst);
  const std::size_t outgoing = needs.workers * kTransmitQueue + needs.transmit_descriptors + per_worker;
  // What rings between workers hold has left its history, if they are behind: room for one full ring of each.
  const std::size_t handed_over = needs.workers == 1 ? 0 : needs.workers * needs.handover_slots;
  // A worker's history, what it has sent of it that is under way, and its cache.
  const std::size_t adopted =
      needs.history_slots + kTransmitQueue + needs.transmit_descriptors / needs.workers + kCachedBuffers;
  return MemoryPlan{
      .receive = {needs.history_slots + needs.fec_packets + handed_over + needs.receive_descriptors +
                      needs.transmit_descriptors + 2 * per_worker,
                  kReceiveRoomBytes, needs.for_devices},
      .headers = {outgoing, needs.header_room_bytes, needs.for_devices},
      .copies = {outgoing + needs.fec_sums + needs.srtp_packets, needs.copy_room_bytes, needs.for_devices},
      .adopted = {needs.workers == 1 ? 0 : adopted, 0, false, true},
      .workers = needs.workers,
      .device_bytes = (needs.receive_descriptors + needs.transmit_descriptors) * kDescriptorBytes,
  };
}

}  // namespace fanlight::io
