#include <rte_errno.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "packet/mbuf/packet_ref.h"

namespace fanlight {
namespace {

// `data_bytes`: headroom included.
rte_mempool* create_mempool(std::size_t buffers, std::size_t data_bytes, bool for_devices) {
  // The process-wide table of pools wants unique names.
  static std::atomic<unsigned> made{0};
  char name[RTE_MEMPOOL_NAMESIZE];
  std::snprintf(name, sizeof name, "packets_%u", made.fetch_add(1));
  rte_pktmbuf_pool_private shape{};
  shape.mbuf_data_room_size = static_cast<std::uint16_t>(data_bytes);
  // Not rte_pktmbuf_pool_create(): it has no word for buffers that may cross pages.
  return rte_mempool_create(name, static_cast<unsigned>(buffers),
                            static_cast<unsigned>(sizeof(rte_mbuf) + shape.mbuf_data_room_size),
                            pool_cache_buffers(buffers), sizeof shape, rte_pktmbuf_pool_init, &shape, rte_pktmbuf_init,
                            nullptr, SOCKET_ID_ANY, for_devices ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);
}

}  // namespace

Result<std::unique_ptr<PacketPool>> PacketPool::create(std::size_t buffers, std::size_t room_bytes, bool for_devices) {
  rte_mempool* pool = create_mempool(buffers, kHeadroom + room_bytes, for_devices);
  if (pool == nullptr) {
    return Error{ErrorCode::kNoMemory, "No memory for a pool of " + std::to_string(buffers) + " packets of " +
                                           std::to_string(room_bytes) + " bytes (" + rte_strerror(rte_errno) +
                                           "): free some memory, or lower the streams' bitrate or latency."};
  }
  return std::unique_ptr<PacketPool>(new PacketPool(pool));
}

Result<std::unique_ptr<PacketPool>> PacketPool::create_for_adoption(std::size_t buffers) {
  rte_mempool* pool = create_mempool(buffers, 0, false);
  if (pool == nullptr) {
    return Error{ErrorCode::kNoMemory, "No memory for " + std::to_string(buffers) + " references to packets (" +
                                           rte_strerror(rte_errno) + "): free some memory, or run fewer workers."};
  }
  return std::unique_ptr<PacketPool>(new PacketPool(pool));
}

PacketPool::PacketPool(std::size_t buffers, std::size_t room_bytes)
    : pool_(create_mempool(buffers, kHeadroom + room_bytes, false)) {
  CHECK(pool_ != nullptr);
}

}  // namespace fanlight
