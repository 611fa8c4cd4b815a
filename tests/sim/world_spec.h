// A kind of world: who lives in it, what its network is like, and what goes wrong.
#pragma once

#include <span>
#include <string_view>

#include "link.h"

namespace fanlight::sim {

struct WorldSpec {
  std::string_view name;
  std::string_view about;
  Micros length = seconds(12);
  std::size_t viewers = 50;
  std::size_t workers = 1;
  double stray_chance = 0;       // A datagram comes to a worker that does not own its session.
  Micros interval = millis(4);   // Between a publisher's packets.
  Micros latency = millis(500);  // What publisher and viewers ask for.
  LinkQuality publisher_link{};
  LinkQuality viewer_link{};
  // Nobody who is not excused may miss anything.
  bool demands_all = false;
  // How far play-out may wander within one publication; 0: not looked at.
  Micros wander_max{};
  // --- who
  bool has_sealed_publisher = false;
  bool has_sealed_viewers = false;
  bool renews_keys = false;
  bool wraps_numbers = false;  // ISNs close to 2^31, timestamps close to 2^32.
  // --- what goes wrong
  bool publisher_vanishes = false;
  bool publisher_returns = false;  // Leaves and comes back with other latency and payload size.
  bool publisher_jumps = false;
  bool publisher_pauses = false;
  bool viewers_churn = false;  // Leave, vanish, come back.
  bool viewers_mute = false;   // Stop acknowledging for a while.
  bool worker_stalls = false;
  bool control_hangs = false;
  bool events_flood = false;
  bool headers_run_dry = false;
  bool port_blocks = false;
  bool sends_junk = false;
  bool is_day = false;  // 24 h: only run when asked for.
};

[[nodiscard]] std::span<const WorldSpec> all_worlds();

}  // namespace fanlight::sim
