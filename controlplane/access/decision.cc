#include "access/decision.h"

#include <utility>

namespace fanlight::control {

Grant on_top_of(const Grant& base, Grant grant) {
  if (grant.user.empty()) grant.user = base.user;
  if (grant.group.empty()) grant.group = base.group;
  if (!grant.passphrase) grant.passphrase = base.passphrase;
  if (!grant.latency) grant.latency = base.latency;
  if (!grant.latency_max) grant.latency_max = base.latency_max;
  if (!grant.until) grant.until = base.until;
  if (grant.viewers_max == 0) grant.viewers_max = base.viewers_max;
  if (grant.sessions_per_address_max == 0) grant.sessions_per_address_max = base.sessions_per_address_max;
  if (grant.bitrate_bits_max == 0) grant.bitrate_bits_max = base.bitrate_bits_max;
  if (grant.share_max == 0) grant.share_max = base.share_max;
  if (grant.by.empty()) grant.by = base.by;
  return grant;
}

}  // namespace fanlight::control
