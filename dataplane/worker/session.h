// One session on one worker: who it is, and the publisher, viewer or destination it is. A viewer with all it needs
// takes seven cache lines; what it needs for a moment is lent (stream/viewer_slabs.h, worker/responses.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/check.h"
#include "base/ip.h"
#include "base/near.h"
#include "contract/commands.h"
#include "stream/destination.h"
#include "stream/viewer.h"
#include "worker/publisher.h"

namespace fanlight {

class alignas(64) Session {
 public:
  // Calling: the listener has not answered yet (worker/calls.h has the rest); only then is it a session.
  enum class State : std::uint8_t { kFree, kCalling, kOpen, kClosing };

  Session() noexcept : publisher_(nullptr) {}
  ~Session() { become_nobody(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Viewer& become_viewer(Viewer::Opening terms, const srt::Sender::Options& options) noexcept {
    become_nobody();
    part_ = Part::kViewer;
    return *std::construct_at(&viewer_, std::move(terms), options);
  }
  Destination& become_destination(Stream& its_stream, const rtp::Sender::Options& options) noexcept {
    become_nobody();
    part_ = Part::kDestination;
    return *std::construct_at(&destination_, its_stream, options);
  }
  void become_publisher(Publisher& publisher) noexcept {
    become_nobody();
    part_ = Part::kPublisher;
    publisher_ = &publisher;
  }
  // The slot is free; its last socket ID stays.
  void become_free() noexcept {
    become_nobody();
    const SocketId last = socket;
    std::destroy_at(this);
    std::construct_at(this)->socket = last;
  }

  [[nodiscard]] bool is_viewer() const noexcept { return part_ == Part::kViewer; }
  [[nodiscard]] bool is_publisher() const noexcept { return part_ == Part::kPublisher; }
  [[nodiscard]] bool is_destination() const noexcept { return part_ == Part::kDestination; }
  [[nodiscard]] bool is_feed() const noexcept { return is_publisher() && publisher_->feed() != nullptr; }
  // Feeds and destinations do not.
  [[nodiscard]] bool speaks_srt() const noexcept { return !is_destination() && !is_feed(); }
  [[nodiscard]] Role role() const noexcept { return is_publisher() ? Role::kPublisher : Role::kViewer; }
  [[nodiscard]] Viewer& viewer() noexcept {
    DCHECK(is_viewer());
    return viewer_;
  }
  [[nodiscard]] const Viewer& viewer() const noexcept {
    DCHECK(is_viewer());
    return viewer_;
  }
  [[nodiscard]] Destination& destination() noexcept {
    DCHECK(is_destination());
    return destination_;
  }
  [[nodiscard]] const Destination& destination() const noexcept {
    DCHECK(is_destination());
    return destination_;
  }
  [[nodiscard]] Publisher& publisher() const noexcept {
    DCHECK(is_publisher());
    return *publisher_;
  }
  [[nodiscard]] const Envelope& envelope() const noexcept {
    if (is_destination()) return destination_.envelope;
    return is_publisher() ? publisher_->envelope : viewer().envelope;
  }
  // Its socket ID for itself; nobody's and a destination's is 0.
  [[nodiscard]] SocketId peer() const noexcept { return is_viewer() || is_publisher() ? envelope().peer : SocketId{}; }
  // Null: clear, and a destination.
  [[nodiscard]] std::unique_ptr<crypto::SessionCiphers>* ciphers() noexcept {
    if (is_destination()) return nullptr;
    return is_publisher() ? &publisher_->ciphers : &viewer().ciphers;
  }
  // A destination need not say anything.
  [[nodiscard]] bool has_been_heard() const noexcept {
    return is_destination() || (is_publisher() ? is_up : viewer().sender.is_up());
  }

  struct Opening {
    SeqNo first_seq;             // Tells a copy of its CONCLUSION from a new one.
    std::uint16_t response = 0;  // Where its response is kept (worker/responses.h).
    // Who waits to be heard before and behind it (worker/half_open.h).
    std::uint16_t before = 0;
    std::uint16_t behind = 0;
  };
  struct Closing {
    std::uint32_t last_departure;  // Low bits of the transmit queue's count after its last packet.
    NearInstant give_up_at;        // Until then SHUTDOWN waits for room in the queue.
    CloseReason reason;
    std::uint8_t shutdowns_left;
  };
  static constexpr std::size_t kHotBytes = 6 * 64;  // What an ACK reads, from the front.

  // --- the first cache line: all that judging a packet reads
  State state : 4 = State::kFree;

 private:
  enum class Part : std::uint8_t { kNobody, kViewer, kPublisher, kDestination };
  Part part_ : 4 = Part::kNobody;

 public:
  bool is_up : 1 = false;         // Publisher: something valid came. A viewer's engine knows by itself.
  bool is_touched : 1 = false;    // On the list of sessions to service in this breath.
  bool is_half_open : 1 = false;  // Among those that were not heard after our response (worker/half_open.h).
  StreamIndex stream;
  SocketId socket;  // Of a free slot: the last one.
  Path path;        // Remote first.
  union {
    Opening opening = {};  // Until it closes.
    Closing closing;
  };

 private:
  void become_nobody() noexcept {
    if (is_viewer()) std::destroy_at(&viewer_);
    if (is_destination()) std::destroy_at(&destination_);
    part_ = Part::kNobody;
    publisher_ = nullptr;
  }
  union {
    Viewer viewer_;  // Its envelope begins the second line, as does ...
    Destination destination_;
    Publisher* publisher_;  // In the worker's slab.
  };

 public:
  Instant opened;
  RequestId request;
};
static_assert(sizeof(Session) == 7 * 64);

}  // namespace fanlight
