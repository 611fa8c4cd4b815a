// One worker's queues of a device and who we are on it: frames in are judged, answered and stripped; departures out get
// their Ethernet, IP and UDP headers in the header segment's headroom.
//
// A departure that the device does not take is given back as it was: its headers are trimmed off again. Fresh packets
// are framed in one go from envelope and payload; those the device does not take wait here, 64 at most.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "contract/limits.h"
#include "crypto/packet_cipher.h"
#include "io/ethernet_device.h"
#include "io/group_join.h"
#include "io/port.h"
#include "net/checksum.h"
#include "net/frame.h"
#include "net/interface.h"
#include "net/memberships.h"
#include "net/neighbours.h"

namespace fanlight::io {

struct EthernetLinkOptions {
  EthernetDevice* device = nullptr;    // Outlives the link, as the pools do.
  std::uint16_t worker = 0;            // Whose queues these are. One link for each worker of the device.
  PacketPool* receive_pool = nullptr;  // The device's. For copies and for what the link says itself.
  PacketPool* header_pool = nullptr;   // Small buffers for the headers of fresh packets.
  PacketPool* copy_pool = nullptr;     // Whole buffers for sealed ones.
  net::Interface interface;            // A zero MAC address means the device's own.
  std::vector<GroupJoin> joins{};
};

class EthernetLink {
 public:
  static Result<std::unique_ptr<EthernetLink>> open(const EthernetLinkOptions& options, std::uint16_t door,
                                                    PortCounters& counters);

  EthernetLink(const EthernetLink&) = delete;
  EthernetLink& operator=(const EthernetLink&) = delete;
  ~EthernetLink();

  [[nodiscard]] const net::Interface& interface() const noexcept { return interface_; }

  // Polls the queue once; answers how many of `arrivals` it filled from the front.
  [[nodiscard]] std::size_t receive(Instant now, std::span<Arrival> arrivals) noexcept;

  struct Transmitted {
    std::size_t left = 0;  // From the front: sent, or dropped and counted.
    bool is_full = false;  // The rest must wait for the device.
  };
  // Takes departures from the front as long as they are for this door.
  [[nodiscard]] Transmitted transmit(Instant now, std::span<Departure> departures) noexcept;

  // Departures of the run from the `skip`th on, as long as they are for this door.
  [[nodiscard]] Transmitted transmit_fresh(Instant now, const FreshRun& run, std::size_t skip) noexcept;
  // Frames that the device did not take yet. True when none is left.
  bool flush_staged() noexcept;

  void address(Instant now, const Path& path, Envelope& envelope) noexcept;

  // What other workers heard of neighbours, requests and group reports that are due; once a second: neighbours in use,
  // and worker 0 looks after the device.
  void keep_house(Instant now) noexcept;

 private:
  EthernetLink(const EthernetLinkOptions& options, const net::Interface& interface, std::uint16_t door,
               PortCounters& counters);

  // --- receiving
  [[nodiscard]] bool is_first() const noexcept { return queue_.number() == 0; }
  [[nodiscard]] bool admit(Instant now, PacketRef frame, Arrival& arrival) noexcept;
  void answer(Instant now, ByteSpan frame, const net::FrameView& view) noexcept;
  // Sends a frame of our own that `write(span)` writes and sizes; false when it wrote none.
  template <class Write>
  bool say(Write&& write) noexcept;
  void tell_others(ByteSpan frame, const net::FrameView& view) noexcept;
  void hear_others(Instant now) noexcept;
  void look_after_device() noexcept;
  void announce() noexcept;
  void say_goodbye() noexcept;
  void release_unused(Instant now) noexcept;

  // What waits of note_undelivered(), into the front of `arrivals`; answers how many.
  [[nodiscard]] std::size_t tell_undelivered(std::span<Arrival> arrivals) noexcept;

  // --- transmitting
  enum class Framing : std::uint8_t { kDone, kUnresolved, kRefused, kPoolDry };
  [[nodiscard]] Framing frame(Instant now, Departure& departure, std::size_t place) noexcept;
  [[nodiscard]] PacketRef copy_of(const PacketRef& packet) noexcept;
  [[nodiscard]] bool write_head(PacketRef& packet, const Envelope& envelope, const net::MacAddress& to) noexcept;
  [[nodiscard]] bool wants_device_sum(std::size_t bytes) const noexcept;
  void request_checksum(rte_mbuf* frame, std::size_t head_bytes) const noexcept;
  [[nodiscard]] net::PayloadSum sum_of(const PacketRef& packet) noexcept;
  void settle(std::span<Departure> framed, std::size_t taken) noexcept;
  void drop(Departure& departure, Framing why) noexcept;

  // --- fresh packets (ethernet_fresh.cc)
  struct FreshJob {
    const Envelope* envelope;
    const net::MacAddress* to;
    std::uint32_t viewer;  // Of the run.
    std::uint32_t packet;
  };
  // What a packet of the run is for every viewer.
  struct FreshPayload {
    rte_mbuf* mbuf = nullptr;
    net::PayloadSum sum;
    std::uint16_t datagram_bytes = 0;
    std::uint16_t references = 0;  // To be taken before the next burst.
  };
  [[nodiscard]] std::size_t plan_fresh(Instant now, const FreshRun& run, std::size_t first) noexcept;
  void prepare_payloads(const FreshRun& run) noexcept;
  [[nodiscard]] bool stage_fresh(const FreshRun& run) noexcept;
  [[nodiscard]] bool take_buffers(PacketPool& pool) noexcept;
  void frame_fresh(rte_mbuf* frame, const FreshJob& job, const FreshPacket& packet, FreshPayload& payload) noexcept;
  [[nodiscard]] bool stage_sealed(const FreshRun& run) noexcept;
  void begin_sealed(rte_mbuf* frame, const FreshJob& job, const FreshRun& run) noexcept;
  void finish_sealed(rte_mbuf* frame, const FreshJob& job, const FreshPayload& payload) noexcept;

  // --- next hops. An envelope holds a slot of the neighbour table and that slot's generation, so that one whose slot
  // was given to another host finds out. A slot that frames go to is pinned, so that a flood of forged on-link sources
  // evicts nobody who is served: addressing alone never pins, and what does not resolve gets no frames.
  [[nodiscard]] std::optional<std::uint16_t> hop_towards(Instant now, const IpAddress& destination) noexcept;
  [[nodiscard]] const net::MacAddress* mac_of_hop(Instant now, std::uint16_t hop) noexcept;
  [[nodiscard]] const net::MacAddress* mac_for(Instant now, const Envelope& envelope) noexcept;
  // Its next hop is silent, or there is none: told with the next arrivals. Not of viewers that speak SRT, who are
  // missed when they fall silent.
  void note_undelivered(const Envelope& envelope) noexcept;

  EthernetQueue queue_;
  EthernetDevice& device_;
  net::Interface interface_;
  net::Neighbours neighbours_;
  net::Memberships memberships_;  // Worker 0 speaks for all.
  PacketPool& pool_;
  PacketPool& header_pool_;
  PacketPool& copy_pool_;
  PortCounters& counters_;
  std::uint16_t door_;
  bool was_up_ = false;
  Instant now_{};  // Of the last keep_house().
  Instant next_look_{};
  std::uint64_t without_buffer_ = 0;

  std::array<IpAddress, net::Neighbours::kCapacity> hop_addresses_{};
  std::array<std::uint8_t, net::Neighbours::kCapacity> hop_generations_{};
  std::bitset<net::Neighbours::kCapacity> hops_used_;    // Since the last look.
  std::bitset<net::Neighbours::kCapacity> hops_pinned_;  // No slot is used that is not pinned.

  std::array<rte_mbuf*, kReceiveBurst> received_{};
  std::array<rte_mbuf*, kReceiveBurst> frames_{};
  std::array<std::uint32_t, kReceiveBurst> frame_payloads_{};  // Bytes.

  static constexpr std::size_t kUndeliveredMax = 16;  // Others come with their next packet.
  std::size_t undelivered_count_ = 0;
  std::array<Endpoint, kUndeliveredMax> undelivered_{};  // Each once.

  crypto::CipherBatch cipher_batch_;
  std::size_t jobs_ = 0;
  std::array<FreshJob, kReceiveBurst> plan_{};
  std::array<FreshPayload, kFreshMax> payloads_{};
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
  std::array<rte_mbuf*, kReceiveBurst> staged_{};
  std::array<std::uint16_t, kReceiveBurst> staged_bytes_{};  // Of their datagrams.

  // The payload summed last: a fan-out sends the same one to many. Valid within one transmit().
  const rte_mbuf* summed_ = nullptr;
  net::PayloadSum sum_;
};

}  // namespace fanlight::io
