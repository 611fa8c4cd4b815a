#include "session/placement.h"

#include <algorithm>
#include <numeric>

namespace fanlight::control {

std::size_t Placement::place(Role role, std::size_t landed) const {
  constexpr std::size_t kSlack = 8;
  if (role == Role::kPublisher) return landed;
  const std::size_t share = std::accumulate(sessions_.begin(), sessions_.end(), std::size_t{0}) / sessions_.size();
  if (sessions_[landed] <= share + share / 8 + kSlack) return landed;
  return static_cast<std::size_t>(std::min_element(sessions_.begin(), sessions_.end()) - sessions_.begin());
}

}  // namespace fanlight::control
