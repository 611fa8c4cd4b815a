// A relay without a port, opened on packet buffers of DPDK: what it is told and what it answers never leaves it. The
// benchmarks time its steps one by one.
#pragma once

#include <vector>

#include "opening.h"
#include "stream/stream.h"
#include "worker/relay.h"

namespace fanlight::bench {

// Takes everything and keeps nothing.
struct VoidPort {
  io::PortCounters figures;
  std::size_t receive(std::span<io::Arrival>) noexcept { return 0; }
  std::size_t transmit(std::span<io::Departure> departures) noexcept {
    for (io::Departure& departure : departures) departure.packet.reset();
    figures.transmitted += departures.size();
    return departures.size();
  }
  std::size_t transmit_fresh(const FreshRun& run) noexcept { return run.departures(); }
  void address(const Path&, Envelope& envelope) noexcept { envelope.head_bytes = 28; }
  void wait(Micros) noexcept {}
  [[nodiscard]] const io::PortCounters& counters() noexcept { return figures; }
};
static_assert(io::Port<VoidPort>);

class House {
 public:
  static constexpr StreamIndex kStream{0};
  static constexpr StreamIndex kOtherStream{1};

  House(std::size_t viewers, std::uint32_t window_packets);

  [[nodiscard]] std::size_t viewers() const { return viewers_.size(); }
  [[nodiscard]] SocketId viewer(std::size_t i) const { return viewers_[i]; }
  [[nodiscard]] static Path path_of(std::size_t caller);
  static constexpr SeqNo first_seq_of(std::size_t viewer) {
    return {static_cast<std::uint32_t>(viewer * 7919 + 1) & kSeqMask};
  }
  // The publisher's next packet to everybody.
  void publish();
  [[nodiscard]] std::uint32_t published() const { return published_; }
  // The publisher's next packet; whether it arrives is the caller's to say.
  [[nodiscard]] io::Arrival next_packet() { return packet(publisher_, viewers(), ++published_); }
  [[nodiscard]] io::Arrival packet_again(std::uint32_t n) { return packet(publisher_, viewers(), n); }
  // Another stream with one viewer, which nobody here asks for anything.
  void open_other_stream();
  [[nodiscard]] io::Arrival next_packet_of_other() {
    return packet(other_publisher_, viewers() + 1, ++other_published_);
  }
  // A datagram of viewer `i`, as a port would hand it over.
  [[nodiscard]] io::Arrival arrival(std::size_t i, ByteSpan datagram);
  // Everything queued is gone, unsent.
  void flush() {
    while (relay.queue().flush(port)) {
    }
  }

  Instant now{1'000'000'000};
  PacketPool whole{8191, kCopyRoomBytes};
  PacketPool headers{4095, kHeaderRoomBytes};
  PacketPool copies{255, kCopyRoomBytes};
  Stream stream;
  Stream other_stream;
  Mailbox mailbox;
  VoidPort port;
  Relay relay;

 private:
  [[nodiscard]] SocketId open(Role role, std::size_t caller, SeqNo first_seq, std::uint32_t window_packets,
                              StreamIndex stream = kStream);
  [[nodiscard]] io::Arrival packet(SocketId publisher, std::size_t caller, std::uint32_t n);
  std::vector<SocketId> viewers_;
  SocketId publisher_;
  SocketId other_publisher_;
  std::uint32_t published_ = 0;
  std::uint32_t other_published_ = 0;
};

}  // namespace fanlight::bench
