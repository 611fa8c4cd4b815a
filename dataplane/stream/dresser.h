// Puts a viewer's envelope in front of a held packet and queues the departure. Clear viewers share the payload behind a
// header of their own; sealed ones get one buffer with header and ciphertext.
#pragma once

#include "contract/counters.h"
#include "packet/fresh.h"
#include "packet/packet.h"
#include "stream/destination.h"
#include "stream/history.h"
#include "stream/transmit_queue.h"
#include "stream/viewer.h"
#include "wire/srt_header.h"

namespace fanlight {

// Where buffers come from: small ones for headers, whole ones for encrypted copies.
struct Pools {
  PacketPool& headers;
  PacketPool& copies;
};

class Dresser {
 public:
  Dresser(Pools pools, TransmitQueue& queue, WorkerCounters& counters)
      : pools_(pools), queue_(queue), counters_(counters) {}

  struct How {
    bool retransmitted = false;
  };
  // False when no buffer was left or the cipher failed (both counted): the viewer will ask again. The queue must have
  // room.
  bool send(Viewer& viewer, const History::Slot& slot, How how) noexcept;

  // A packet for a destination that gets no others, as it would get them. As above.
  bool send_alone(Destination& destination, const History::Slot& slot) noexcept;
  // A packet that a destination asks for: as it was sent, or as a retransmission of RFC 4588. As above.
  bool send_again(Destination& destination, const History::Slot& slot) noexcept;

  [[nodiscard]] TransmitQueue& queue() noexcept { return queue_; }
  [[nodiscard]] PacketPool& copies() noexcept { return pools_.copies; }
  [[nodiscard]] WorkerCounters& counters() noexcept { return counters_; }

 private:
  bool send_clear(Viewer& viewer, const PacketRef& payload, const wire::DataHeader& header) noexcept;
  bool send_sealed(Viewer& viewer, const PacketRef& payload, const wire::DataHeader& header) noexcept;
  Pools pools_;
  TransmitQueue& queue_;
  WorkerCounters& counters_;
};

}  // namespace fanlight
