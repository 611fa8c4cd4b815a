// What a stream is made with: its dimensions, and how its viewers are treated. Plain values.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fanlight {

// Where its viewers start (design D11).
struct JoinOptions {
  bool at_picture = true;  // At the last access point; else with the next packet.
  // What one viewer gets while it catches up, bits/s; 0: eight times the stream's rate is the only bound.
  std::uint64_t bits_max = 0;
  // An access point is too far back when a viewer with less latency than this is not live by then.
  Micros time_max = millis(500);
  friend bool operator==(const JoinOptions&, const JoinOptions&) = default;
};

// What a viewer may cost (design D12).
struct ViewerBounds {
  std::uint32_t repair_percent = 25;  // Repairs it may draw, as a share of the stream's packets.
  bool cuts_slow = true;              // Who stalls, is skipped, or asks for more than that for long is cut.
  friend bool operator==(const ViewerBounds&, const ViewerBounds&) = default;
};

// What its packets carry. A transport stream goes to every viewer, anything else only where RTP does.
struct PayloadTerms {
  bool is_transport_stream = true;
  std::uint32_t clock_rate = 90'000;  // Ticks per second of its RTP timestamps.
  friend bool operator==(const PayloadTerms&, const PayloadTerms&) = default;
};

// The FEC that destinations may have of it, SMPTE 2022-1's: a matrix of L columns by D rows, and whether rows have FEC
// as well.
struct FecOptions {
  std::uint8_t columns = 10;
  std::uint8_t rows = 10;
  bool has_rows = true;
  std::uint8_t payload_type = 33;  // Of the packets that it is about.
  std::uint32_t random = 0;        // As of those destinations (command::OpenDestination): FEC covers their numbers.
  friend bool operator==(const FecOptions&, const FecOptions&) = default;
  [[nodiscard]] std::int64_t packets() const { return std::int64_t{columns} * rows; }
};

// History slots (design D1): bitrate_max × (latency_max + gop_max + 1 s), rounded up to a power of two.
struct StreamOptions {
  std::uint64_t bitrate_bits_max = 10'000'000;
  Micros latency = millis(120);     // Least receive latency asked of the publisher.
  Micros latency_max = seconds(5);  // The largest a session may negotiate.
  Micros gop_max = seconds(2);      // From one access point to the next.
  JoinOptions join{};
  ViewerBounds bounds{};
  // How long a fresh packet waits for the next ones, so that those of one viewer leave as one segmented datagram.
  Micros coalesce{};
  // Destinations, which cannot sort: how long a gap is waited for at most. What the publisher gives up is not waited
  // for anyhow.
  Micros order_wait = seconds(60);
  PayloadTerms payload{};
  FecOptions fec{};
};

}  // namespace fanlight
