// The simulator's port: what the world delivers waits in an inbox, what the worker sends lands in an outbox. It can be
// made to take nothing (a full socket), to take little at a time, and to refuse an address. Heap body only.
#pragma once

#include <cstring>
#include <deque>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/check.h"
#include "contract/limits.h"
#include "io/dressed_run.h"
#include "io/port.h"
#include "wire/srt_header.h"

namespace fanlight::io {

class SimPort {
 public:
  struct Sent {
    Path path;
    PacketRef packet;
  };

  SimPort(PacketPool& pool, std::size_t inbox_max) : pool_(pool), inbox_max_(inbox_max) {}

  // --- the world's side
  // A datagram reaches the port. False when nobody took it: no buffer, or the inbox is full.
  bool deliver(const Path& path, ByteSpan datagram, bool is_unreachable = false) {
    if (inbox_.size() == inbox_max_) return false;
    PacketRef packet = pool_.take();
    if (!packet || !packet.resize(datagram.size())) {
      ++counters_.receive_pool_dry;
      return false;
    }
    if (!datagram.empty()) std::memcpy(packet.bytes().data(), datagram.data(), datagram.size());
    const Undelivered undelivered = is_unreachable ? Undelivered::kUnreachable : Undelivered::kNo;
    inbox_.push_back({.packet = std::move(packet), .path = path, .undelivered = undelivered});
    return true;
  }
  [[nodiscard]] bool has_waiting() const { return !inbox_.empty(); }
  // 0: takes nothing until told otherwise.
  void take_at_most(std::size_t packets_per_call) { take_max_ = packets_per_call; }
  void refuse(const Endpoint& remote) { refused_.insert(remote); }
  [[nodiscard]] std::vector<Sent>& outbox() { return outbox_; }

  // --- io::Port
  std::size_t receive(std::span<Arrival> arrivals) noexcept {
    std::size_t n = 0;
    for (; n < arrivals.size() && !inbox_.empty(); ++n) {
      arrivals[n] = std::move(inbox_.front());
      inbox_.pop_front();
      ++counters_.received;
      counters_.received_bytes += arrivals[n].packet.bytes().size();
    }
    return n;
  }
  std::size_t transmit(std::span<Departure> departures) noexcept {
    const std::size_t n = std::min(departures.size(), take_max_);
    for (Departure& departure : departures.first(n)) send(departure);
    ++counters_.transmit_calls;
    return n;
  }
  std::size_t transmit_fresh(const FreshRun& run) noexcept {
    return transmit_dressed(*this, headers_, copies_, run, take_max_);
  }
  void address(const Path& path, Envelope& envelope) noexcept {
    static_assert(std::is_trivially_copyable_v<Path> && sizeof(Path) <= sizeof(Envelope::head));
    std::memcpy(envelope.head.data(), &path, sizeof path);
    envelope.head_bytes = sizeof path;
  }
  void wait(Micros) noexcept {}
  const PortCounters& counters() noexcept { return counters_; }

 private:
  void send(Departure& departure) noexcept {
    const Envelope& envelope = *departure.envelope;
    // An envelope that was given to another session while this departure waited would send it to a stranger.
    CHECK(envelope.head_bytes == sizeof(Path));
    if (envelope.dress == Dress::kSrt && envelope.peer != SocketId{})
      CHECK(wire::peek_destination(departure.packet.bytes()) == envelope.peer);
    Path path;
    std::memcpy(&path, envelope.head.data(), sizeof path);
    PacketRef packet = std::move(departure.packet);
    CHECK(packet.total_bytes() <= kDatagramBytesMax);
    if (refused_.contains(path.remote)) {
      ++counters_.transmit_refused;
      return;
    }
    ++counters_.transmitted;
    counters_.transmitted_bytes += packet.total_bytes();
    outbox_.push_back({path, std::move(packet)});
  }

  PacketPool& pool_;
  PacketPool headers_{kTransmitQueue, kFreshHeaderBytes};
  PacketPool copies_{kTransmitQueue, kDatagramBytesMax};
  const std::size_t inbox_max_;
  std::size_t take_max_ = kTransmitQueue;
  std::deque<Arrival> inbox_;
  std::vector<Sent> outbox_;
  std::set<Endpoint> refused_;
  PortCounters counters_;
};
static_assert(Port<SimPort>);

}  // namespace fanlight::io
