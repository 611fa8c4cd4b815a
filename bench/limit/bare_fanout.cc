// The limit: no protocol, no history, no port of ours. One payload to N viewers: header mbufs in bulk, 58 bytes of
// Ethernet, IPv4, UDP and SRT (or 54 with RTP) copied and patched, the payload chained behind (or copied), a transmit
// burst of 64.
// Prints one line of JSON. "ns_per_packet" leaves out the turns in which the device took nothing.
//   bare_fanout EAL-ARGUMENTS --vdev DEVICE -- VIEWERS SECONDS chain|copy|rtp
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

constexpr unsigned kBurst = 64, kHeld = 4096, kPayload = 1316, kSrtHead = 58, kRtpHead = 54;

struct alignas(64) Head : std::array<char, 64> {};  // Its UDP checksum is a sum so far, SRT's seq and time are offsets.

static uint16_t checksum_of(uint64_t sum) {
  sum = (sum & 0xFFFFFFFF) + (sum >> 32);
  for (int i = 0; i < 2; ++i) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

// The SSRC is the viewer's own and is in the head's sum.
static void stamp_rtp(char* to, const Head& head, uint32_t seq, uint32_t time, uint64_t sum) {
  std::memcpy(to, head.data(), sizeof head);
  uint32_t offset[2], partial = 0;  // Sequence number, timestamp.
  std::memcpy(offset, head.data() + 42, sizeof offset);
  std::memcpy(&partial, head.data() + 40, 2);
  offset[0] = rte_cpu_to_be_32(0x80210000 | ((seq + offset[0]) & 0xFFFF));
  offset[1] = rte_cpu_to_be_32(time + offset[1]);
  std::memcpy(to + 42, offset, sizeof offset);
  const uint16_t checksum = checksum_of(sum + uint64_t{offset[0]} + partial + offset[1]);
  std::memcpy(to + 40, &checksum, sizeof checksum);
}

static void stamp(char* to, const Head& head, uint32_t seq, uint32_t time, uint64_t sum) {
  std::memcpy(to, head.data(), sizeof head);
  uint32_t offset[3], partial = 0;  // Sequence number, message number, time.
  std::memcpy(offset, head.data() + 42, sizeof offset);
  std::memcpy(&partial, head.data() + 40, 2);
  offset[0] = rte_cpu_to_be_32((seq + offset[0]) & 0x7FFFFFFF);
  offset[1] = rte_cpu_to_be_32(0xC0000000 | (seq & 0x03FFFFFF));
  offset[2] = rte_cpu_to_be_32(time - offset[2]);
  std::memcpy(to + 42, offset, sizeof offset);
  const uint16_t checksum = checksum_of(sum + uint64_t{offset[0]} + partial + offset[1] + offset[2]);
  std::memcpy(to + 40, &checksum, sizeof checksum);
}

int main(int argc, char** argv) {
  const int used = rte_eal_init(argc, argv);
  rte_eth_dev_info info{};
  if (used < 0 || argc - used != 4 || rte_eth_dev_info_get(0, &info)) return std::puts("usage: see its source"), 2;
  rmdir(rte_eal_get_runtime_dir());  // EAL makes it whatever it is told; without shared configuration it stays empty.
  const auto viewers = static_cast<unsigned>(std::atoi(argv[used + 1]));
  const bool copy = argv[used + 3] == std::string_view{"copy"}, rtp = argv[used + 3] == std::string_view{"rtp"};
  const auto head = static_cast<uint16_t>(rtp ? kRtpHead : kSrtHead);
  rte_mempool* whole = rte_pktmbuf_pool_create("whole", 12287, 256, 0, RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
  rte_mempool* heads = rte_pktmbuf_pool_create("heads", 4095, 256, 0, RTE_PKTMBUF_HEADROOM + 256, SOCKET_ID_ANY);
  rte_eth_conf conf{};
  // net_null takes chains and refuses to be asked.
  if (info.driver_name != std::string_view{"net_null"}) conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  rte_mbuf *held[kHeld], *burst[kBurst];
  if (rte_eth_dev_configure(0, 1, 1, &conf) || rte_eth_rx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, nullptr, whole) ||
      rte_eth_tx_queue_setup(0, 0, 1024, SOCKET_ID_ANY, nullptr) || rte_eth_dev_start(0) || heads == nullptr ||
      rte_pktmbuf_alloc_bulk(whole, held, kHeld))
    return std::puts("the device did not start"), 1;
  std::vector<Head> audience(viewers);
  for (rte_mbuf* payload : held) std::memset(rte_pktmbuf_append(payload, kPayload), 0x47, kPayload);
  uint64_t packets = 0, busy = 0, idle = 0, now = rte_rdtsc();
  const uint64_t hz = rte_get_tsc_hz(), end = now + static_cast<uint64_t>(std::atoi(argv[used + 2])) * hz;
  for (uint32_t seq = 0; now < end; ++seq)
    for (unsigned next = 0; next < viewers; next += kBurst) {
      rte_mbuf* payload = held[seq % kHeld];
      const auto many = static_cast<uint16_t>(RTE_MIN(kBurst, viewers - next));
      if (rte_pktmbuf_alloc_bulk(copy ? whole : heads, burst, many)) return std::puts("pool dry"), 1;
      if (!copy) rte_mbuf_refcnt_update(payload, static_cast<int16_t>(many));
      for (unsigned i = 0; i < many; ++i) {
        char* const to = rte_pktmbuf_mtod(burst[i], char*);
        rtp ? stamp_rtp(to, audience[next + i], seq, seq * 16, 0x1234)
            : stamp(to, audience[next + i], seq, seq * 16, 0x1234);
        burst[i]->pkt_len = head + kPayload;
        burst[i]->data_len = static_cast<uint16_t>(copy ? head + kPayload : head);
        burst[i]->nb_segs = copy ? 1 : 2;
        burst[i]->next = copy ? nullptr : payload;
        if (copy) std::memcpy(to + head, rte_pktmbuf_mtod(payload, char*), kPayload);
      }
      for (uint16_t sent = 0, took = 0; sent < many; sent += took) {
        took = rte_eth_tx_burst(0, 0, burst + sent, static_cast<uint16_t>(many - sent));
        (took == 0 ? idle : busy) -= now;
        (took == 0 ? idle : busy) += now = rte_rdtsc();
      }
      packets += many;
    }
  const double ns = 1e9 / static_cast<double>(hz * packets);
  std::printf("{\"packets\":%lu,\"ns_per_packet\":%.2f,\"wall_ns_per_packet\":%.2f}\n", packets,
              ns * static_cast<double>(busy), ns * static_cast<double>(busy + idle));
  return rte_eth_dev_stop(0);
}
