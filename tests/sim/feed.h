// What was published to one stream, across all its publishers: when each payload was made, and by which of them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace fanlight::sim {

struct Feed {
  struct Made {
    Instant at;
    std::uint32_t publication = 0;
  };
  std::uint64_t salt = 0;
  std::uint32_t publications = 0;
  std::vector<Made> made;  // By payload index.
  // Nothing but the network stands between a payload and its viewers: set false by what loses positions on purpose.
  bool is_dense = true;
};

}  // namespace fanlight::sim
