#include "fanout/crowd.h"

#include <rte_cycles.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "base/check.h"
#include "contract/limits.h"
#include "net/arp.h"
#include "net/checksum.h"
#include "net/udp_head.h"
#include "wire/srt_ack.h"
#include "wire/srt_header.h"
#include "wire/ts_packet.h"

namespace fanlight::bench {
namespace {

constexpr std::uint32_t kViewerWindowPackets = 8192;
constexpr std::uint64_t kArpSeconds = 1;

std::uint64_t micros_now() { return rte_rdtsc() / (rte_get_tsc_hz() / 1'000'000); }

}  // namespace

Crowd::Crowd(const Options& options, PacketPool& pool, const net::MacAddress& relay, const WorkerCounters& counters)
    : options_(options), pool_(pool), relay_mac_(relay), counters_(counters), order_(options.viewers) {
  std::iota(order_.begin(), order_.end(), 0u);
  std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
  const double words_per_second = options.acks_per_second > 0 ? options.acks_per_second : 1;
  cycles_per_word_ = static_cast<double>(rte_get_tsc_hz()) / (words_per_second * static_cast<double>(options.viewers));
}

Crowd::~Crowd() {
  if (callback_ != nullptr) rte_eth_remove_rx_callback(port_, 0, callback_);
}

void Crowd::attach(std::uint16_t port) {
  port_ = port;
  callback_ = rte_eth_add_rx_callback(port, 0, on_receive, this);
  CHECK(callback_ != nullptr);
}

void Crowd::introduce(std::vector<SocketId> publishers, std::vector<SocketId> viewers) {
  publishers_ = std::move(publishers);
  viewers_ = std::move(viewers);
  next_word_ = static_cast<double>(rte_rdtsc());
}

std::uint16_t Crowd::on_receive(std::uint16_t, std::uint16_t, rte_mbuf** frames, std::uint16_t got, std::uint16_t most,
                                void* self) {
  const std::uint64_t start = rte_rdtsc();
  auto& crowd = *static_cast<Crowd*>(self);
  const std::size_t said = crowd.speak(frames + got, most - got);
  crowd.own_cycles_ += rte_rdtsc() - start;
  return static_cast<std::uint16_t>(got + said);
}

std::size_t Crowd::speak(rte_mbuf** frames, std::size_t room) {
  std::size_t said = 0;
  if (const std::uint64_t cycles = rte_rdtsc(); cycles >= next_arp_) {
    frames[said++] = arp();
    next_arp_ = cycles + kArpSeconds * rte_get_tsc_hz();
  }
  if (is_publishing_ && waiting_ == 0 && is_served()) {
    waiting_ = options_.streams * run_packets_;
    published_ += run_packets_;
  }
  for (; waiting_ > 0 && said < room; --waiting_) frames[said++] = data((waiting_ - 1) % options_.streams);
  // Who was not heard is not sent the stream.
  while (said < room && greeted_ < viewers_.size()) frames[said++] = keepalive(greeted_++);
  const auto now = static_cast<double>(rte_rdtsc());
  for (; said < room && !viewers_.empty() && next_word_ <= now; next_word_ += cycles_per_word_)
    frames[said++] = options_.acks_per_second > 0 ? acknowledgement() : keepalive(next_speaker());
  return said;
}

// A question at first, which tells where we are; then what answers the relay's questions.
rte_mbuf* Crowd::arp() {
  PacketRef frame = pool_.take();
  CHECK(frame && frame.resize(net::kFrameBytesMax));
  const std::size_t bytes = net::write_arp_frame(frame.bytes(), relay_mac_,
                                                 {.is_request = next_arp_ == 0,
                                                  .sender_mac = kCrowdMac,
                                                  .sender = kCrowdAddress,
                                                  .target_mac = relay_mac_,
                                                  .target = kRelayAddress});
  CHECK(bytes > 0 && frame.resize(bytes));
  return frame.release();
}

template <class Write>
rte_mbuf* Crowd::datagram(std::uint16_t from_port, Write&& write) {
  constexpr std::size_t kBefore = net::kEthernetBytes + net::kUdpHeadBytesV4;
  PacketRef frame = pool_.take();
  CHECK(frame && frame.resize(net::kFrameBytesMax));
  const MutableByteSpan bytes = frame.bytes();
  ByteWriter writer{bytes};
  net::write_ethernet(writer, {relay_mac_, kCrowdMac, net::kEtherTypeIpv4});
  const std::size_t datagram_bytes = write(bytes.subspan(kBefore));
  const net::UdpHead head = net::make_udp_head({kCrowdAddress, from_port}, {kRelayAddress, kRelayPort});
  const net::PayloadSum sum{bytes.subspan(kBefore, datagram_bytes)};
  CHECK(net::write_udp_head(bytes.subspan(net::kEthernetBytes), head, static_cast<std::uint16_t>(datagram_bytes), sum,
                            net::ChecksumMode::kSoftware) > 0);
  CHECK(frame.resize(kBefore + datagram_bytes));
  return frame.release();
}

rte_mbuf* Crowd::data(std::size_t stream) {
  const auto n = static_cast<std::uint32_t>(published_ - (waiting_ - 1) / options_.streams - 1);
  return datagram(publisher_port(stream), [&](MutableByteSpan out) {
    wire::write_data_header(out.first<wire::kHeaderBytes>(), {.seq = {(n + 1) & kSeqMask},
                                                              .message = n % wire::kMessageNumberMask + 1,
                                                              .time = {static_cast<std::uint32_t>(micros_now())},
                                                              .destination = publishers_[stream]});
    const MutableByteSpan payload = out.subspan(wire::kHeaderBytes, options_.payload_bytes);
    std::ranges::fill(payload, static_cast<std::byte>(n));
    for (std::size_t at = 0; at < payload.size(); at += wire::kTsPacketBytes) payload[at] = std::byte{0x47};
    return wire::kHeaderBytes + payload.size();
  });
}

std::size_t Crowd::next_speaker() {
  if (speaker_ == order_.size()) {
    speaker_ = 0;
    ++round_;
  }
  return order_[speaker_++];
}

// What the relay has surely sent to everybody: a pass of several packets may be under way, and an ACK of what was not
// sent yet would be refused.
rte_mbuf* Crowd::acknowledgement() {
  const std::size_t viewer = next_speaker();
  const std::uint64_t sent = counters_.read(Counter::kFreshSent) / options_.viewers;
  const std::uint64_t has = sent - std::min<std::uint64_t>(sent, kFreshMax);
  ++acknowledged_;
  return datagram(viewer_port(viewer), [&](MutableByteSpan out) {
    const wire::Ack ack{{(first_seq_of(viewer).raw + static_cast<std::uint32_t>(has)) & kSeqMask},
                        wire::AckRtt{micros(400), micros(100), kViewerWindowPackets},
                        wire::AckRates{}};
    return wire::write_ack(out, ack, round_ + 1, {static_cast<std::uint32_t>(micros_now())}, viewers_[viewer]);
  });
}

std::uint64_t Crowd::acks_behind() const {
  const double late = static_cast<double>(rte_rdtsc()) - next_word_;
  return late > 0 && !viewers_.empty() ? static_cast<std::uint64_t>(late / cycles_per_word_) : 0;
}

rte_mbuf* Crowd::keepalive(std::size_t viewer) {
  return datagram(viewer_port(viewer), [&](MutableByteSpan out) {
    return wire::write_bare_control(out, {.type = wire::ControlType::kKeepAlive, .destination = viewers_[viewer]});
  });
}

}  // namespace fanlight::bench
