// A group that is to come in on a device; several for one group are wanted each.
#pragma once

#include <optional>

#include "base/ip.h"

namespace fanlight::io {

struct GroupJoin {
  IpAddress group;
  std::optional<IpAddress> source{};  // Only what it sends; empty: everybody's.
  friend bool operator==(const GroupJoin&, const GroupJoin&) = default;
};

}  // namespace fanlight::io
