// The timestamps of the packets that stand next to a missing one: what is brought back in its place fits between them.
#pragma once

#include <cstdint>

namespace fanlight::rtp {

struct Neighbours {
  std::uint32_t before = 0;
  std::uint32_t after = 0;
};

}  // namespace fanlight::rtp
