#include "session/ban_table.h"

#include <algorithm>

namespace fanlight::control {

Result<BanTable::Ban*> BanTable::add(Instant now, const BanOrder& order) {
  if (order.reason.size() > kReasonBytesMax)
    return Error{ErrorCode::kInvalid, "a reason has at most " + std::to_string(kReasonBytesMax) + " bytes"};
  if (order.span && (*order.span < seconds(1) || *order.span > kSpanMax))
    return Error{ErrorCode::kInvalid, "a ban lasts from 1 second to 366 days, or until it is lifted"};
  remove(order.prefix);
  if (bans_.size() == kBansMax)
    return Error{ErrorCode::kNoMemory, "there are " + std::to_string(kBansMax) +
                                           " bans, the most there may be; lift some, or ban a wider prefix"};
  bans_.push_back({.prefix = order.prefix,
                   .reason = order.reason,
                   .since = now,
                   .until = order.span ? now + *order.span : Instant::never()});
  return &bans_.back();
}

bool BanTable::remove(const IpPrefix& prefix) {
  return std::erase_if(bans_, [&](const Ban& ban) { return ban.prefix == prefix; }) > 0;
}

bool BanTable::has(const IpPrefix& prefix) const {
  return std::ranges::find(bans_, prefix, &Ban::prefix) != bans_.end();
}

const IpPrefix* BanTable::find(const IpAddress& address) const {
  const auto found = std::ranges::find_if(bans_, [&](const Ban& ban) { return ban.prefix.covers(address); });
  return found == bans_.end() ? nullptr : &found->prefix;
}

std::optional<IpPrefix> BanTable::take_expired(Instant now) {
  const auto found = std::ranges::find_if(bans_, [&](const Ban& ban) { return ban.until <= now; });
  if (found == bans_.end()) return std::nullopt;
  const IpPrefix prefix = found->prefix;
  bans_.erase(found);
  return prefix;
}

Instant BanTable::next_deadline() const {
  Instant due = Instant::never();
  for (const Ban& ban : bans_) due = std::min(due, ban.until);
  return due;
}

std::vector<BanView> BanTable::views(Instant now) const {
  std::vector<BanView> out;
  for (const Ban& ban : bans_) {
    out.push_back({ban.prefix, ban.reason, std::max(now - ban.since, Micros{}), std::nullopt, ban.sessions_closed});
    if (ban.until != Instant::never()) out.back().left = std::max(ban.until - now, Micros{});
  }
  return out;
}

}  // namespace fanlight::control
