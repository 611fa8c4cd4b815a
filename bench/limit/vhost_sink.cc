// The other end of a virtio-user device: receives, counts, frees. Ends with SIGTERM or after SECONDS, whichever is
// first, and prints one line of JSON.
//
//   vhost_sink EAL-ARGUMENTS --vdev net_vhost0,iface=SOCKET -- SECONDS
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

static volatile std::sig_atomic_t is_over = 0;

int main(int argc, char** argv) {
  const int used = rte_eal_init(argc, argv);
  if (used < 0 || argc - used < 2 || rte_eth_dev_count_avail() != 1) return std::fprintf(stderr, "see the source\n"), 2;
  rmdir(rte_eal_get_runtime_dir());  // EAL makes it whatever it is told; in memory it stays empty.
  std::signal(SIGTERM, [](int) { is_over = 1; });
  std::signal(SIGINT, [](int) { is_over = 1; });
  rte_mempool* pool = rte_pktmbuf_pool_create("sink", 4095, 256, 0, RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
  const rte_eth_conf conf{};
  if (pool == nullptr || rte_eth_dev_configure(0, 1, 1, &conf) ||
      rte_eth_rx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, nullptr, pool) ||
      rte_eth_tx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, nullptr) || rte_eth_dev_start(0))
    return std::fprintf(stderr, "the device did not start\n"), 1;
  std::printf("ready\n");
  std::fflush(stdout);
  const uint64_t end =
      rte_rdtsc() + static_cast<uint64_t>(std::atof(argv[used + 1]) * static_cast<double>(rte_get_tsc_hz()));
  uint64_t packets = 0, bytes = 0;
  while (!is_over && rte_rdtsc() < end) {
    rte_mbuf* burst[64];
    const uint16_t many = rte_eth_rx_burst(0, 0, burst, 64);
    for (uint16_t i = 0; i < many; ++i) bytes += burst[i]->pkt_len;
    rte_pktmbuf_free_bulk(burst, many);
    packets += many;
  }
  std::printf("{\"packets\":%lu,\"bytes\":%lu}\n", packets, bytes);
  rte_eth_dev_stop(0);
  rte_eth_dev_close(0);  // Takes the socket away.
  return rte_eal_cleanup();
}
