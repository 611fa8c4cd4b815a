// Single datagrams to whoever called, outside the audience: handshakes, rejections, and the control packets of engines.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "contract/counters.h"
#include "stream/dresser.h"

namespace fanlight {

class Replies {
 public:
  Replies(Pools pools, TransmitQueue& queue, WorkerCounters& counters, io::AnyPort port)
      : pools_(pools), queue_(queue), counters_(counters), port_(port), envelopes_(kTransmitQueue) {}

  // To an address, from the address it called. False when there was no buffer or room (counted). `ttl`: 0 is the
  // host's own.
  bool send_to(const Path& path, ByteSpan datagram, std::uint8_t ttl = 0) noexcept;
  // Writes the port's part of an envelope that will be kept.
  void address(const Path& path, Envelope& envelope) const noexcept { port_.address(path, envelope); }
  // To a session whose envelope is kept: handshake responses, SHUTDOWN and what its engine says count as control.
  bool send(const Envelope& envelope, ByteSpan datagram) noexcept;

 private:
  bool enqueue(const Envelope& envelope, ByteSpan datagram) noexcept;
  Pools pools_;
  TransmitQueue& queue_;
  WorkerCounters& counters_;
  io::AnyPort port_;
  // As many as the queue has places: an envelope is not used again while its departure may still wait.
  std::vector<Envelope> envelopes_;
  std::size_t next_envelope_ = 0;
};

}  // namespace fanlight
