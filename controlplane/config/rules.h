// One rule of the configuration, for a stream or for a call of the relay's own, validated. Plain values, immutable
// after loading.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "config/srt_url.h"
#include "contract/commands.h"
#include "contract/stream_options.h"

namespace fanlight::control {

struct StreamRule {
  std::string name;                 // "live/main", or a pattern with one trailing '*': "live/*".
  Micros latency = millis(120);     // Asked of publishers, and the least a viewer plays with.
  Micros latency_max = seconds(5);  // A session that wants more gets this.
  std::uint64_t bitrate_bits_max = 10'000'000;
  Micros gop_max = seconds(2);  // From one picture to start at to the next.
  JoinOptions join{};           // Where viewers start.
  ViewerBounds bounds{};        // What a viewer may cost.
  Micros coalesce{};            // How long a packet may wait for the next, to leave as one segmented datagram.
  std::uint32_t rekey_packets = 1u << 24;  // A viewer's key is replaced after so many; 0: never by packets.
  Micros rekey_interval{};                 // And after that time; 0: never by time.
  bool wait = true;                        // A viewer may come before the publisher. Never under a pattern.
  std::string publish_passphrase;          // Empty: clear only.
  std::string view_passphrase;
  Micros order_wait = StreamOptions{}.order_wait;  // How long destinations wait for a gap at most.
  FecOptions fec{};                                // Of destinations that want it.
  [[nodiscard]] bool is_pattern() const { return !name.empty() && name.back() == '*'; }
  friend bool operator==(const StreamRule&, const StreamRule&) = default;
};

struct CallRule {
  Role role = Role::kViewer;  // The listener's: a viewer is sent the stream, a publisher feeds it.
  std::string stream;
  SrtUrl url;
  friend bool operator==(const CallRule&, const CallRule&) = default;
};

}  // namespace fanlight::control
