// What was published to one stream, across all its publishers: when each payload was made, and by which of them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "payload.h"
#include "ts_payload.h"

namespace fanlight::sim {

struct Feed {
  struct Made {
    Instant at;
    std::uint32_t publication = 0;
    Instant told{};           // By its publisher's clock.
    std::uint32_t ticks = 0;  // Of RTP: its timestamp ...
    bool marker = false;      // ... and its marker.
    bool is_lost = false;     // On the way to the relay, where nobody repeats it.
    bool is_odd = false;      // No transport stream: its first sync byte is another one.
  };
  std::uint64_t salt = 0;
  std::uint32_t publications = 0;
  std::vector<Made> made;  // By payload index.
  TsShape ts;
  std::uint32_t clock_rate = 90'000;  // Ticks per second of RTP timestamps.
  // Of ours, so many are that long.
  [[nodiscard]] std::int64_t us_of_ticks(std::int64_t ticks) const { return ticks * 1'000'000 / clock_rate; }
  // Of the payloads between two, those that never reached the relay; those that go to SRT viewers alone.
  [[nodiscard]] std::uint64_t lost_between(std::uint64_t first, std::uint64_t last) const {
    std::uint64_t lost = 0;
    for (std::uint64_t i = first + 1; i < last; ++i) lost += made[i].is_lost ? 1 : 0;
    return lost;
  }
  [[nodiscard]] std::uint64_t odd_between(std::uint64_t first, std::uint64_t last) const {
    std::uint64_t odd = 0;
    for (std::uint64_t i = first + 1; i < last; ++i) odd += made[i].is_odd ? 1 : 0;
    return odd;
  }
  // The timestamps stepped back then, and it takes a few seconds until that is taken out.
  Instant stepped_at = Instant::never();
  [[nodiscard]] bool is_unsettled(std::uint64_t index) const {
    return made[index].at >= stepped_at && made[index].at - stepped_at < kSettling;
  }
  [[nodiscard]] std::uint64_t unsettled_between(std::uint64_t first, std::uint64_t last) const {
    std::uint64_t unsettled = 0;
    for (std::uint64_t i = first + 1; i < last; ++i) unsettled += is_unsettled(i) && !made[i].is_lost ? 1 : 0;
    return unsettled;
  }
  // Nothing but the network stands between a payload and its viewers: set false by what loses positions on purpose.
  bool is_dense = true;

  void fill(MutableByteSpan out, std::uint64_t index) const {
    ts.is_on() ? fill_ts_payload(out, ts, index, salt) : fill_payload(out, index, salt);
    if (index < made.size() && made[index].is_odd) out[0] ^= kOddBit;
  }
  // The index; empty when a bit differs.
  [[nodiscard]] std::optional<std::uint64_t> read(ByteSpan payload) const {
    const bool may_be_odd = ts.is_on() && !payload.empty() && payload[0] == (kSync ^ kOddBit);
    if (!may_be_odd) return read_even(payload);
    std::vector<std::byte> even(payload.begin(), payload.end());
    even[0] = kSync;
    const std::optional<std::uint64_t> index = read_even(even);
    return index && *index < made.size() && made[*index].is_odd ? index : std::nullopt;
  }

 private:
  static constexpr Micros kSettling = seconds(4);
  static constexpr std::byte kSync{0x47};
  static constexpr std::byte kOddBit{1};
  [[nodiscard]] std::optional<std::uint64_t> read_even(ByteSpan payload) const {
    return ts.is_on() ? read_ts_payload(payload, ts, salt) : read_payload(payload, salt);
  }
};

}  // namespace fanlight::sim
