// A viewer that does not call: RTP or a bare transport stream, sent to where an operator said. It acknowledges nothing
// and asks for nothing, so it has no place but one: among those that get each packet in order (release.h), or not.
#pragma once

#include <cstdint>

#include "engine/rtp/sender.h"
#include "packet/envelope.h"

namespace fanlight {

class Stream;

struct Destination : Enveloped {
  Destination(Stream& its_stream, const rtp::Sender::Options& options) noexcept
      : stream(&its_stream), sender(options) {}
  [[nodiscard]] static Destination& of(Envelope& envelope) noexcept {
    return static_cast<Destination&>(*reinterpret_cast<Enveloped*>(&envelope));  // The first member of its class.
  }

  Stream* stream;
  std::uint32_t place_index = 0;  // Among those that get each packet.
  bool is_flowing = false;        // It is one of them.
  bool is_told_paused = false;    // As far as control knows.
  std::uint16_t rtcp_port = 0;    // Where its reports go; 0: none do.
  // Packets it got, and their payload's bytes. Flowing: without the stream's totals, less than nothing at first.
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  rtp::Sender sender;
};
static_assert(sizeof(Destination) <= 368);  // No more than a viewer.

}  // namespace fanlight
