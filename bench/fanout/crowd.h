// The other side of the link, as frames that the device seems to have received: one neighbour behind whose address live
// a publisher and N viewers. Its publisher sends the next packet when the audience has had the last; its viewers
// acknowledge as libsrt does, 100 times a second, in an order of their own.
//
// It sits in the device's receive callback, so that all of our receiving runs, and tells what its own work costs.
#pragma once

#include <rte_ethdev.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "base/seq.h"
#include "base/strong.h"
#include "contract/counters.h"
#include "net/interface.h"
#include "packet/packet.h"

namespace fanlight::bench {

inline constexpr net::MacAddress kCrowdMac = {0x02, 0, 0, 0, 0, 2};
inline constexpr IpAddress kCrowdAddress = IpAddress::v4(10, 9, 0, 2);
inline constexpr IpAddress kRelayAddress = IpAddress::v4(10, 9, 0, 1);
inline constexpr std::uint16_t kRelayPort = 9000;
inline constexpr std::uint16_t kPublisherPort = 1000;
inline constexpr std::uint16_t kFirstViewerPort = 2000;

// Who is behind which port; 20,000 viewers fit behind one address.
constexpr Path path_of(std::uint16_t port) {
  return {.remote = {kCrowdAddress, port}, .local = {kRelayAddress, kRelayPort}};
}
constexpr std::uint16_t publisher_port(std::size_t stream) {
  return static_cast<std::uint16_t>(kPublisherPort + stream);
}
constexpr std::uint16_t viewer_port(std::size_t viewer) {
  return static_cast<std::uint16_t>(kFirstViewerPort + viewer);
}
// Neighbours in the crowd do not count alike.
constexpr SeqNo first_seq_of(std::size_t viewer) { return {static_cast<std::uint32_t>(viewer * 7919 + 1) & kSeqMask}; }

// Enough that neither core waits for the other's look; so few that the other's runs stay as short as ours.
inline constexpr std::uint64_t kOthersBehindPackets = 8;

class Crowd {
 public:
  struct Options {
    std::size_t viewers = 0;
    std::size_t streams = 1;       // Viewer i watches stream i modulo streams; all publish in step.
    double acks_per_second = 100;  // Per viewer; 0: signs of life only.
    std::size_t payload_bytes = 1316;
    std::size_t run_packets = 1;  // How many the publisher sends at a time.
  };
  Crowd(const Options& options, PacketPool& pool, const net::MacAddress& relay, const WorkerCounters& counters);
  Crowd(const Crowd&) = delete;
  ~Crowd();

  // From now on the device receives what the crowd says; at first that is an ARP request, which tells where the crowd
  // lives.
  void attach(std::uint16_t port);
  // Our socket IDs, as the relay opened them.
  void introduce(std::vector<SocketId> publishers, std::vector<SocketId> viewers);
  // The publisher waits for another worker's viewers as well.
  void keep_company(const WorkerCounters& others, std::size_t viewers) {
    others_ = &others;
    other_viewers_ = viewers;
  }
  // Until then the publisher waits for everybody with each packet, for at its rate nobody would catch up with the live
  // set. From now on it sends in runs, and the other worker's viewers may be some packets behind.
  void let_go() {
    run_packets_ = options_.run_packets;
    others_behind_ = kOthersBehindPackets;
  }
  void start_publishing() { is_publishing_ = true; }
  void stop_publishing() { is_publishing_ = false; }

  [[nodiscard]] std::uint64_t published() const { return published_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  // ACKs that should have been said by now and found no room in the relay's receive bursts.
  [[nodiscard]] std::uint64_t acks_behind() const;
  // All that was published went to everybody; elsewhere, all but the last few packets. Others' counters are looked at
  // once a packet: each look takes a cache line from them.
  [[nodiscard]] bool is_served() const {
    if (counters_.read(Counter::kFreshSent) < published_ * options_.viewers) return false;
    return others_ == nullptr ||
           others_->read(Counter::kFreshSent) + others_behind_ * other_viewers_ >= published_ * other_viewers_;
  }
  [[nodiscard]] std::uint64_t own_cycles() const { return own_cycles_; }

 private:
  static std::uint16_t on_receive(std::uint16_t, std::uint16_t, rte_mbuf** frames, std::uint16_t got,
                                  std::uint16_t most, void* self);
  std::size_t speak(rte_mbuf** frames, std::size_t room);
  [[nodiscard]] rte_mbuf* arp();
  [[nodiscard]] rte_mbuf* data(std::size_t stream);
  [[nodiscard]] rte_mbuf* acknowledgement();
  [[nodiscard]] rte_mbuf* keepalive(std::size_t viewer);
  // A frame to the relay whose datagram `write(span)` writes and sizes.
  template <class Write>
  [[nodiscard]] rte_mbuf* datagram(std::uint16_t from_port, Write&& write);
  [[nodiscard]] std::size_t next_speaker();

  Options options_;
  PacketPool& pool_;
  net::MacAddress relay_mac_;
  const WorkerCounters& counters_;
  const WorkerCounters* others_ = nullptr;
  std::size_t other_viewers_ = 0;
  std::uint64_t others_behind_ = 0;  // Packets.
  std::size_t run_packets_ = 1;
  std::uint16_t port_ = RTE_MAX_ETHPORTS;
  const rte_eth_rxtx_callback* callback_ = nullptr;
  std::uint64_t next_arp_ = 0;  // TSC.
  bool is_publishing_ = false;
  std::vector<SocketId> publishers_;
  std::size_t waiting_ = 0;  // Packets of this round that found no room yet.
  std::vector<SocketId> viewers_;
  std::vector<std::uint32_t> order_;  // In which the viewers speak.
  std::size_t speaker_ = 0;
  std::size_t greeted_ = 0;      // So many have shown that they are there.
  double cycles_per_word_ = 0;   // Between two viewers' words.
  double next_word_ = 0;         // TSC.
  std::uint32_t round_ = 0;      // ACK number.
  std::uint64_t published_ = 0;  // By each publisher.
  std::uint64_t acknowledged_ = 0;
  std::uint64_t own_cycles_ = 0;
};

}  // namespace fanlight::bench
