// A port receives and transmits bursts of UDP datagrams. Three kinds: SocketPort (kernel UDP), EthernetPort (any DPDK
// device) and the simulator's SimPort. A worker is compiled for one kind; there is no base class and no virtual call.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/ip.h"
#include "base/time.h"
#include "base/verdict.h"
#include "packet/envelope.h"
#include "packet/fresh.h"
#include "packet/packet.h"

namespace fanlight::io {

// Whether an arrival is word that a datagram of ours, to path.remote, came to nobody.
enum class Undelivered : std::uint8_t {
  kNo,           // It is none: it came to us.
  kUnreachable,  // ICMP says so, or the host would not send it. What is quoted of it is the packet, maybe nothing.
  kUnresolved,   // The port does: nobody answers for the address of the next hop. The packet is empty.
};

// One received datagram: UDP payload in a single segment, lower layers already judged and stripped.
struct Arrival {
  PacketRef packet;
  Path path;
  Undelivered undelivered = Undelivered::kNo;
};

// One datagram to send: SRT header first, payload maybe chained. The envelope must stay valid until it is taken.
struct Departure {
  PacketRef packet;
  const Envelope* envelope = nullptr;
};

// What a port counts by itself; the worker publishes it. Written by: worker. All in packets unless said otherwise.
struct PortCounters {
  std::uint64_t received = 0;                           // Datagrams handed to the worker.
  std::uint64_t received_bytes = 0;                     // Their UDP payload bytes.
  std::uint64_t transmitted = 0;                        // Datagrams the kernel or device took.
  std::uint64_t transmitted_bytes = 0;                  // Their UDP payload bytes.
  std::uint64_t transmit_calls = 0;                     // System calls or device bursts.
  std::uint64_t transmit_segmented = 0;                 // Datagrams that left in a UDP_SEGMENT run.
  std::uint64_t transmit_refused = 0;                   // Unsendable: the destination or device refused; dropped.
  std::uint64_t transmit_unresolved = 0;                // No MAC address for the next hop yet; dropped.
  std::uint64_t receive_pool_dry = 0;                   // Times no buffer was there to receive into.
  std::uint64_t transmit_pool_dry = 0;                  // Times no buffer was there to send a fresh packet with.
  std::uint64_t neighbour_news_lost = 0;                // Copies of ARP and NDP frames that another worker did not get.
  std::uint64_t own_frames = 0;                         // ARP, NDP, ICMP, IGMP frames the port itself sent.
  std::array<std::uint64_t, kVerdictCount> verdicts{};  // Frames the port itself judged; none of them in `received`.
};

// clang-format off
template <class P>
concept Port = requires(P port, std::span<Arrival> arrivals, std::span<Departure> departures, const FreshRun& run,
                        const Path& path, Envelope& envelope, Micros span) {
  // Fills `arrivals` from the front; answers how many.
  { port.receive(arrivals) } noexcept -> std::same_as<std::size_t>;
  // Takes from the front, moving the packets out; answers how many left `departures` (sent, or dropped and counted).
  { port.transmit(departures) } noexcept -> std::same_as<std::size_t>;
  // Stamps and sends from the front; answers how many departures of the run are done with (sent, or dropped and
  // counted). Fewer than all: it can take no more now. What transmit() took left before.
  { port.transmit_fresh(run) } noexcept -> std::same_as<std::size_t>;
  // Writes the port's part of an envelope for answers along `path`.
  { port.address(path, envelope) } noexcept -> std::same_as<void>;
  // Sleeps until something may have arrived, a blocked transmit may go on, the doorbell rang, or the span is over.
  // Poll-mode ports may not sleep.
  { port.wait(span) } noexcept -> std::same_as<void>;
  { port.counters() } noexcept -> std::same_as<const PortCounters&>;
};
// clang-format on

// A port without its type, for the rooms that are compiled once: an indirect call per slice, burst or session, never
// per packet.
struct AnyPort {
  void* port = nullptr;
  std::size_t (*transmit_fn)(void* port, std::span<Departure> departures) = nullptr;
  std::size_t (*transmit_fresh_fn)(void* port, const FreshRun& run) = nullptr;
  void (*address_fn)(void* port, const Path& path, Envelope& envelope) = nullptr;

  template <Port P>
  static AnyPort of(P& port) noexcept {
    return {&port, [](void* p, std::span<Departure> departures) { return static_cast<P*>(p)->transmit(departures); },
            [](void* p, const FreshRun& run) { return static_cast<P*>(p)->transmit_fresh(run); },
            [](void* p, const Path& path, Envelope& envelope) { static_cast<P*>(p)->address(path, envelope); }};
  }
  std::size_t transmit(std::span<Departure> departures) const noexcept { return transmit_fn(port, departures); }
  std::size_t transmit_fresh(const FreshRun& run) const noexcept { return transmit_fresh_fn(port, run); }
  void address(const Path& path, Envelope& envelope) const noexcept { address_fn(port, path, envelope); }
};

}  // namespace fanlight::io
