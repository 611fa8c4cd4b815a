// What the log says of a stream's input: a line when something begins to be wrong, one a minute while it goes on, one
// when a minute has passed without. Counts and time in, lines out; no clock, no log.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cmaf/wall_time.h"
#include "ingest/udp_door.h"
#include "live/input_faults.h"

namespace fanlight::packager {

// What the port of a source has refused, which no stream hears of.
void add_datagrams(InputFaults& to, const UdpCounts& door);

class FaultLog {
 public:
  static constexpr Micros kAgain = seconds(60);

  struct Line {
    bool is_over = false;  // It is no more, which needs nobody.
    std::string text;
  };
  // `faults`: all since the start.
  [[nodiscard]] std::vector<Line> look(const InputFaults& faults, Instant now, WallTime wall);

 private:
  struct Spell {
    std::uint64_t before = 0;  // Counted when it began.
    WallTime since{};
    Instant logged_at{}, newest_at{};
  };
  struct One {
    std::uint64_t seen = 0;
    std::optional<Spell> spell{};
  };
  void look(InputFault fault, const FaultTally& tally, Instant now, WallTime wall, std::vector<Line>& lines);

  std::array<One, kInputFaults> all_{};
};

}  // namespace fanlight::packager
