// From the history to the viewers: fresh runs to the live set, and in order to destinations (release.h). Those that lag
// are served before (catch_up.h).
//
// A pass takes one run of positions to every live viewer, viewer by viewer: one cache line of each viewer for the whole
// run, and packets to one viewer side by side, which a kernel socket sends as one segmented message (design D2, D7).
// Clear viewers are stamped by the port itself, straight from their envelopes; encrypted copies and packets that filled
// a gap go through the transmit queue. A breath takes a slice of a pass, so that a large audience does not keep the
// worker from receiving; a port that is full pauses the pass and drops nothing.
//
//   serve ─▶ lagging viewers ─▶ late packets ─▶ clear (port) ─▶ sealed (queue)
#pragma once

#include <array>
#include <cstdint>

#include "io/port.h"
#include "stream/catch_up.h"
#include "stream/dresser.h"
#include "stream/stream.h"

namespace fanlight {

class FanOut {
 public:
  enum class Outcome : std::uint8_t {
    kDone,     // Everybody has what the stream has, but for what waits to be coalesced.
    kMore,     // This breath's slice is over, or the queue is full.
    kBlocked,  // The port took no more.
  };

  FanOut(Dresser& dresser, ViewerSlabs& slabs, io::AnyPort port)
      : dresser_(dresser), catch_up_(dresser, slabs), port_(port) {}

  void begin_breath() noexcept {
    slice_left_ = kFreshPerBreath;
    has_sent_ = false;
    catch_up_.begin_breath();
  }
  // In this breath: to the port or, on its behalf, from the queue.
  [[nodiscard]] bool has_sent() const noexcept { return has_sent_; }
  // Serves what `stream` has.
  [[nodiscard]] Outcome serve(Instant now, Stream& stream) noexcept;
  // To its destinations, in order. Its publisher fills no gap before `missing` any more.
  [[nodiscard]] Outcome release(Instant now, Stream& stream, PacketPos missing) noexcept;

 private:
  void serve_late(Stream& stream, Viewer& viewer) noexcept;

  void begin_pass(Instant now, Stream& stream) noexcept;
  [[nodiscard]] Outcome run_pass(Stream& stream) noexcept;
  [[nodiscard]] Outcome send_late(Stream& stream) noexcept;
  [[nodiscard]] Outcome stamp(Stream& stream, CipherClass c) noexcept;
  [[nodiscard]] bool begin_release(Instant now, Stream& stream, PacketPos missing) noexcept;
  [[nodiscard]] Outcome stamp_released(Stream& stream) noexcept;
  [[nodiscard]] Outcome stamp_protected(Release& release) noexcept;
  [[nodiscard]] Outcome stamp_released(Release::Destinations& destinations, std::span<FreshPacket> packets) noexcept;
  // Whether the port may be handed fresh packets: what waits in the queue goes first.
  [[nodiscard]] Outcome clear_the_way() noexcept;
  // Hands the port a run; answers how much of it left.
  [[nodiscard]] std::size_t hand_over(const FreshRun& run) noexcept;
  // The run for the viewers that wait, so many at most; what it names of sealed ones stands below.
  [[nodiscard]] FreshRun run_for(Audience& audience, CipherClass c, std::span<FreshPacket> packets,
                                 std::size_t viewers_max) noexcept;

  Dresser& dresser_;
  CatchUp catch_up_;
  io::AnyPort port_;
  std::size_t slice_left_ = kFreshPerBreath;  // Departures.
  std::array<const Envelope*, kFreshPerBreath> sealed_;
  std::array<Seal, kFreshPerBreath> seals_;
  bool has_sent_ = false;
};

}  // namespace fanlight
