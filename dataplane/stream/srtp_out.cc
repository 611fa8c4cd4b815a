#include "stream/srtp_out.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight {

void SrtpOut::add(SrtpGroup& group) noexcept {
  DCHECK(has_room());
  group.destinations().begin_pass();
  groups_[count_++] = &group;
}

void SrtpOut::remove(SrtpGroup& group) noexcept {
  const auto end = groups_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto found = std::find(groups_.begin(), end, &group);
  DCHECK(found != end);
  const auto at = static_cast<std::size_t>(found - groups_.begin());
  if (at == turn_ && is_made_) {
    pass_.let_go();
    is_made_ = false;
  }
  std::copy(found + 1, end, found);
  --count_;
  if (at < turn_) --turn_;
}

void SrtpOut::begin_pass() noexcept {
  DCHECK(!is_made_);
  turn_ = 0;
  for (SrtpGroup* group : groups()) group->destinations().begin_pass();
}

std::span<FreshPacket> SrtpOut::make(std::span<const FreshPacket> packets, PacketPool& pool) noexcept {
  SrtpGroup& group = *groups_[turn_];
  if (!is_made_ && group.destinations().size() > 0) {
    group.protect(packets, pool, pass_);
    count_made();
    has_worn_ = has_worn_ || group.is_worn();
    is_made_ = true;
  }
  return is_made_ ? pass_.fresh() : std::span<FreshPacket>{};
}

void SrtpOut::end_turn() noexcept {
  if (is_made_) groups_[turn_]->note_sent(pass_);
  pass_.let_go();
  is_made_ = false;
  ++turn_;
}

bool SrtpOut::has_under_way(const Destination& destination) const noexcept {
  return is_made_ && groups_[turn_] == destination.srtp() && destination.srtp()->destinations().is_served(destination);
}

std::uint64_t SrtpOut::packets_sent_to(const Destination& destination) const noexcept {
  if (!destination.is_flowing) return destination.packets_sent;
  return destination.packets_sent + destination.srtp()->packets() + (has_under_way(destination) ? pass_.packets : 0);
}

std::uint64_t SrtpOut::bytes_sent_to(const Destination& destination) const noexcept {
  if (!destination.is_flowing) return destination.bytes_sent;
  return destination.bytes_sent + destination.srtp()->bytes() + (has_under_way(destination) ? pass_.bytes : 0);
}

void SrtpOut::count_made() noexcept {
  figures_.made += pass_.packets;
  figures_.too_large += std::exchange(pass_.too_large, 0);
  figures_.without_buffer += std::exchange(pass_.without_buffer, 0);
  figures_.failed += std::exchange(pass_.failed, 0);
}

}  // namespace fanlight
