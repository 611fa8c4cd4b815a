// How long does the relay keep a payload? Payloads are recognised by their hash: when the publisher's datagram is
// handed to the relay's socket its moment is kept; when the same payload comes back for a viewer, the difference is a
// sample. Only first transmissions of clear streams count: an encrypted payload differs on both legs.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace fanlight::link_proxy {

struct DelaySummary {  // Microseconds.
  std::uint64_t samples = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double max = 0;
};

class DelayMeter {
 public:
  // A viewer's first `skip_ns` of data are not counted: a late joiner is served from history first.
  explicit DelayMeter(std::int64_t skip_ns) : skip_ns_(skip_ns) {}

  void sent_to_relay(ByteSpan datagram, std::int64_t at_ns);
  void received_for(int viewer, ByteSpan datagram, std::int64_t at_ns);

  [[nodiscard]] DelaySummary summary() const;
  [[nodiscard]] std::uint64_t unmatched() const { return unmatched_; }

 private:
  static constexpr std::size_t kRemembered = 1 << 16;

  std::int64_t skip_ns_;
  std::unordered_map<std::uint64_t, std::int64_t> sent_;
  std::deque<std::uint64_t> order_;  // Oldest first; same keys as sent_.
  std::unordered_map<int, std::int64_t> first_data_;
  std::vector<std::int64_t> samples_ns_;
  std::uint64_t unmatched_ = 0;
};

}  // namespace fanlight::link_proxy
