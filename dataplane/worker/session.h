// One session on one worker: who it is, what we answered it, and the publisher or viewer it is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "contract/commands.h"
#include "stream/viewer.h"
#include "worker/publisher.h"

namespace fanlight {

struct alignas(64) Session {
  // Calling: the listener has not answered yet (worker/calls.h has the rest); only then is it a session.
  enum class State : std::uint8_t { kFree, kCalling, kOpen, kClosing };

  // --- the first cache line: all that judging a packet reads
  State state = State::kFree;
  Role role = Role::kViewer;
  bool is_up = false;           // Publisher: something valid came. A viewer's engine knows by itself.
  bool is_touched = false;      // On the list of sessions to service in this breath.
  std::uint8_t generation = 0;  // Of its slot; part of the socket ID.
  std::uint8_t shutdowns_left = 0;
  StreamIndex stream;
  SocketId socket;
  SocketId peer;
  Publisher* publisher = nullptr;  // In the worker's slab.
  Path path;                       // Remote first.

  // --- what every ACK of a viewer reads
  std::optional<Viewer> viewer;

  // --- cold
  Instant give_up_at;                // Closing: until then SHUTDOWN waits for room in the queue.
  std::uint64_t last_departure = 0;  // Closing: the transmit queue's count after its last packet.
  CloseReason close_reason = CloseReason::kPeerShutdown;
  SeqNo first_seq;
  RequestId request;
  Instant opened;
  Instant last_response;
  std::uint32_t mss = kMssMax;
  std::uint16_t response_bytes = 0;
  std::array<std::byte, kResponseBytesMax> response{};

  [[nodiscard]] const Envelope& envelope() const {
    return publisher != nullptr ? publisher->envelope : viewer->envelope;
  }
  [[nodiscard]] bool has_been_heard() const { return publisher != nullptr ? is_up : viewer->sender.is_up(); }
};

}  // namespace fanlight
