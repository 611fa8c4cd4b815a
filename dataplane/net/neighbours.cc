#include "net/neighbours.h"

#include <algorithm>

#include "base/check.h"
#include "net/arp.h"
#include "net/ndp.h"

namespace fanlight::net {

std::optional<std::uint16_t> Neighbours::resolve(Instant now, const IpAddress& destination) noexcept {
  const IpAddress hop = interface_.next_hop(destination);
  if (hop == IpAddress{}) return std::nullopt;
  std::optional<std::uint16_t> index = find(hop);
  if (!index) {
    index = slot_to_take(now);
    if (!index) return std::nullopt;
    enter(now, *index, hop);
    set_due(entries_[*index], now);
  }
  use(now, entries_[*index]);
  return index;
}

void Neighbours::pin(Instant now, std::uint16_t index) noexcept {
  CHECK(index < kCapacity && entries_[index].state != State::kFree);
  ++entries_[index].pins;
  use(now, entries_[index]);
}

void Neighbours::unpin(Instant now, std::uint16_t index) noexcept {
  CHECK(index < kCapacity && entries_[index].pins > 0);
  --entries_[index].pins;
  entries_[index].used = now;
}

std::optional<std::uint16_t> Neighbours::find(const IpAddress& address) const noexcept {
  const auto at = std::find(addresses_.begin(), addresses_.end(), address);
  if (at == addresses_.end()) return std::nullopt;
  return static_cast<std::uint16_t>(at - addresses_.begin());
}

std::optional<std::uint16_t> Neighbours::free_slot() const noexcept { return find(IpAddress{}); }

std::optional<std::uint16_t> Neighbours::slot_to_take(Instant now) const noexcept {
  if (const auto index = free_slot()) return index;
  std::optional<std::uint16_t> oldest;
  for (std::uint16_t i = 0; i < kCapacity; ++i) {
    const Entry& entry = entries_[i];
    if (entry.pins == 0 && now - entry.asked >= kAskInterval && (!oldest || entry.used < entries_[*oldest].used))
      oldest = i;
  }
  return oldest;
}

void Neighbours::enter(Instant now, std::uint16_t index, const IpAddress& address) noexcept {
  DCHECK(entries_[index].pins == 0);
  addresses_[index] = address;
  entries_[index] = Entry{.state = State::kIncomplete, .used = now, .asked = now - kAskInterval};
}

void Neighbours::use(Instant now, Entry& entry) noexcept {
  entry.used = now;
  if (entry.state == State::kStale) doubt(now, entry);
  if (entry.due == Instant::never()) set_due(entry, std::max(now, entry.asked + kAskInterval));
}

bool Neighbours::is_in_use(Instant now, const Entry& entry) const noexcept {
  return entry.pins > 0 || now - entry.used < kInUse;
}

void Neighbours::handle_frame(Instant now, ByteSpan frame, const FrameView& view) noexcept {
  std::optional<Claim> claim;
  if (view.kind == FrameKind::kArp) claim = claim_of_arp(view.payload_of(frame));
  if (view.kind == FrameKind::kNdp) claim = claim_of_ndp(view.payload_of(frame), view);
  if (!claim || !interface_.is_possible_peer(claim->address) || claim->mac == interface_.mac) return;
  if (const auto index = find(claim->address)) return apply(now, entries_[*index], *claim);
  if (claim->asks_for_us) volunteer(now, *claim);
}

std::optional<Neighbours::Claim> Neighbours::claim_of_arp(ByteSpan packet) const noexcept {
  const std::optional<ArpPacket> arp = parse_arp(packet);
  if (!arp) return std::nullopt;
  const bool names_us = interface_.is_own(arp->target);
  return Claim{.address = arp->sender,
               .mac = arp->sender_mac,
               .is_answer = !arp->is_request && names_us,
               .asks_for_us = arp->is_request && names_us};
}

std::optional<Neighbours::Claim> Neighbours::claim_of_ndp(ByteSpan message, const FrameView& view) const noexcept {
  const std::optional<NdpMessage> ndp = parse_ndp(message);
  if (!ndp) return std::nullopt;
  if (ndp->is_solicitation) {
    if (!ndp->link_address) return std::nullopt;
    return Claim{.address = view.remote.ip, .mac = ndp->link_address, .asks_for_us = interface_.is_own(ndp->target)};
  }
  return Claim{.address = ndp->target,
               .mac = ndp->link_address,
               .is_answer = ndp->is_solicited,
               .is_override = ndp->is_override};
}

// Its question is our answer in advance, for it will expect packets from us.
void Neighbours::volunteer(Instant now, const Claim& claim) noexcept {
  const std::optional<std::uint16_t> index = free_slot();
  if (!index || !interface_.is_on_link(claim.address)) return;
  enter(now, *index, claim.address);
  entries_[*index].mac = *claim.mac;
  entries_[*index].state = State::kStale;
}

// RFC 4861 §7.2.5; ARP, which has no flags, claims as a solicited answer does only when we have asked.
void Neighbours::apply(Instant now, Entry& entry, const Claim& claim) noexcept {
  const bool is_known = entry.state != State::kIncomplete;
  const bool is_same = is_known && (!claim.mac || *claim.mac == entry.mac);
  if (!is_known && !claim.mac) return;
  if (is_known && !is_same && !claim.is_override) {
    if (entry.state == State::kReachable) doubt(now, entry);
    return;
  }
  const bool is_awaited = entry.state == State::kIncomplete || entry.state == State::kProbe;
  if (claim.mac) entry.mac = *claim.mac;
  if (claim.is_answer && is_awaited) return confirm(now, entry);
  if (!is_same) doubt(now, entry);
}

void Neighbours::confirm(Instant now, Entry& entry) noexcept {
  entry.state = State::kReachable;
  entry.unanswered = 0;
  set_due(entry, now + kReachable);
}

// The MAC address stays in use; its owner is asked as soon as the rate allows.
void Neighbours::doubt(Instant now, Entry& entry) noexcept {
  entry.unanswered = 0;
  entry.state = is_in_use(now, entry) ? State::kProbe : State::kStale;
  set_due(entry, entry.state == State::kProbe ? std::max(now, entry.asked + kAskInterval) : Instant::never());
}

void Neighbours::set_due(Entry& entry, Instant due) noexcept {
  entry.due = due;
  next_due_ = std::min(next_due_, due);
}

std::size_t Neighbours::poll_request(Instant now, MutableByteSpan out) noexcept {
  if (now < next_due_) return 0;
  Instant next = Instant::never();
  for (std::uint16_t i = 0; i < kCapacity; ++i) {
    Entry& entry = entries_[i];
    if (entry.due <= now && wants_to_ask(now, entry)) {
      if (!take_ask(now)) return 0;
      const std::size_t size = write_request(i, out);
      note_asked(now, entry);
      if (size != 0) return size;
    }
    next = std::min(next, entry.due);
  }
  next_due_ = next;
  return 0;
}

// Moves an entry whose time has come to the state in which it asks, or lays it to rest.
bool Neighbours::wants_to_ask(Instant now, Entry& entry) noexcept {
  if (!is_in_use(now, entry)) {
    if (entry.state != State::kIncomplete) entry.state = State::kStale;
    entry.unanswered = 0;  // Whoever wants it next asks anew.
    entry.due = Instant::never();
    return false;
  }
  if (entry.state == State::kReachable) doubt(now, entry);
  if (entry.state == State::kProbe && entry.unanswered == kProbesMax) {
    entry.state = State::kIncomplete;
    entry.mac = {};
    entry.unanswered = 0;
  }
  return entry.due <= now;
}

// False until the interval is over; next_due_ then says when that is.
bool Neighbours::take_ask(Instant now) noexcept {
  if (now - asks_since_ >= kAskInterval) {
    asks_since_ = now;
    asks_ = 0;
  }
  if (asks_ == kAsksPerInterval) {
    next_due_ = asks_since_ + kAskInterval;
    return false;
  }
  ++asks_;
  return true;
}

void Neighbours::note_asked(Instant now, Entry& entry) noexcept {
  entry.asked = now;
  if (entry.unanswered <= kProbesMax) ++entry.unanswered;
  set_due(entry, now + kAskInterval);
}

std::size_t Neighbours::write_request(std::uint16_t index, MutableByteSpan out) const noexcept {
  const IpAddress& target = addresses_[index];
  const bool is_to_all = entries_[index].state == State::kIncomplete;
  if (target.is_v4())
    return write_arp_frame(out, is_to_all ? kMacBroadcast : entries_[index].mac,
                           {.sender_mac = interface_.mac, .sender = interface_.ipv4, .target = target});
  const IpAddress destination = is_to_all ? solicited_node_of(target) : target;
  return write_ndp_frame(out,
                         {.mac_source = interface_.mac,
                          .mac_destination = is_to_all ? group_mac_of(destination) : entries_[index].mac,
                          .source = is_link_local(target) ? interface_.link_local() : interface_.ipv6,
                          .destination = destination},
                         {.target = target, .link_address = interface_.mac});
}

}  // namespace fanlight::net
