#include "stream/release.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "wire/ts_packet.h"

namespace fanlight {
namespace {

constexpr Instant kLongAgo{std::numeric_limits<std::int64_t>::min() / 2};

}  // namespace

void Release::lend_from(PlacePool& pool) noexcept {
  for (Destinations& destinations : by_dress_) destinations.places().lend_from(pool);
}

PacketPos Release::begin(const History& history) noexcept {
  if (size() == 0 && !pass_.active) {
    cursor_ = history.next();
    gaps_count_ = 0;
  }
  return cursor_;
}

Release::Destinations& Release::destinations_of(const Destination& destination) noexcept {
  return destination.srtp() != nullptr ? destination.srtp()->destinations() : destinations(destination.envelope.dress);
}

bool Release::enter(Destination& destination, const History& history) noexcept {
  DCHECK(!destination.is_flowing);
  CHECK(!destination.is_protected || destination.srtp() != nullptr);  // Else it would leave in clear.
  begin(history);
  if (!destinations_of(destination).add(destination)) return false;
  destination.is_flowing = true;
  if (destination.srtp() != nullptr) ++protected_count_;
  destination.packets_sent -= destination.srtp() != nullptr ? destination.srtp()->packets() : packets_;
  destination.bytes_sent -= destination.srtp() != nullptr ? destination.srtp()->bytes() : bytes_;
  if (destination.is_second_leg) ++second_legs_;
  return true;
}

void Release::leave(Destination& destination) noexcept {
  if (!destination.is_flowing) return;
  const std::uint64_t packets = packets_sent_to(destination);
  const std::uint64_t bytes = bytes_sent_to(destination);
  destinations_of(destination).remove(destination);
  if (destination.srtp() != nullptr) --protected_count_;
  destination.is_flowing = false;
  if (destination.is_second_leg) --second_legs_;
  destination.packets_sent = packets;
  destination.bytes_sent = bytes;
  if (size() == 0) due_ = Instant::never();
}

void Release::note_gap(Instant at, PacketPos first, PacketPos behind) noexcept {
  if (size() == 0) return;
  if (gaps_count_ == gaps_.size()) {
    gaps_[(gaps_first_ + gaps_count_ - 1) % gaps_.size()].behind = behind;
    return;
  }
  gaps_[(gaps_first_ + gaps_count_++) % gaps_.size()] = {first, behind, at};
}

// A hole that is of no gap will never be filled: its packet could not be opened, or found no buffer.
Instant Release::noticed(PacketPos hole) noexcept {
  while (gaps_count_ > 0 && gaps_[gaps_first_].behind <= hole) {
    gaps_first_ = (gaps_first_ + 1) % gaps_.size();
    --gaps_count_;
  }
  const Gap& gap = gaps_[gaps_first_];
  return gaps_count_ > 0 && gap.first <= hole ? gap.noticed : kLongAgo;
}

// What a gap held up, until it was filled or given up, is not too old for that.
bool Release::lags(Instant now, const History& history) const noexcept {
  const History::Slot* const first = history.find(std::max(cursor_, history.oldest()));
  return first != nullptr && now - std::max(first->first_sent, waited_) > kLagMax;
}

Release::Reach Release::reach(Instant now, const History& history, const Bounds& bounds) noexcept {
  Reach reach{.end = std::max(cursor_, history.oldest())};
  reach.given_up = static_cast<std::uint64_t>(reach.end - cursor_);  // The ring went round while the port was full.
  for (; reach.end < history.next() && reach.packets < kFreshMax; reach.end = reach.end + 1) {
    if (const History::Slot* slot = history.find(reach.end)) {
      ++reach.packets;
      reach.oldest = std::min(reach.oldest, slot->first_sent);
      continue;
    }
    const Instant over = noticed(reach.end) + bounds.wait;
    if (reach.end >= bounds.missing && now < over) {
      due_ = over;
      waited_ = now;
      break;
    }
    ++reach.given_up;
  }
  return reach;
}

bool Release::begin_pass(Instant now, const History& history, const Bounds& bounds) noexcept {
  DCHECK(!pass_.active);
  due_ = Instant::never();
  if (size() == 0) return false;
  if (lags(now, history))
    skipped_ += static_cast<std::uint64_t>(history.next() - std::exchange(cursor_, history.next()));
  const Reach next = reach(now, history, bounds);
  // A run that is not full waits for the next ones, from its oldest packet on.
  if (next.packets > 0 && next.packets < kFreshMax && now - next.oldest < bounds.coalesce) {
    due_ = std::min(due_, next.oldest + bounds.coalesce);
    return false;
  }
  given_up_ += next.given_up;
  hold({std::exchange(cursor_, next.end), next.end - 1}, history, bounds.is_transport_stream);
  if (pass_.packets == 0) {
    if (next.packets == kFreshMax) due_ = now;  // None of a full run may go: there may be more behind it.
    return false;
  }
  pass_.active = true;
  for (Destinations& destinations : by_dress_) destinations.begin_pass();
  if (srtp_ != nullptr) srtp_->begin_pass();
  return true;
}

// The pass has references of its own: the ring may turn while it goes round.
void Release::hold(PosRange range, const History& history, bool is_transport_stream) noexcept {
  pass_.packets = 0;
  pass_.bytes = 0;
  for (PacketPos pos = range.first; pos <= range.last; pos = pos + 1) {
    const History::Slot* slot = history.find(pos);
    if (slot == nullptr) continue;
    if (is_transport_stream && !wire::is_transport_stream(slot->packet.bytes())) {
      unfit_ = {unfit_.packets + 1, slot->packet.bytes().size()};
      continue;
    }
    pass_.held[pass_.packets++] = {.payload = slot->packet.share(),
                                   .pos = pos,
                                   .time = slot->time,
                                   .ticks = slot->marks.ticks,
                                   .word = rtp_word(slot->marks.marker)};
    pass_.bytes += slot->packet.bytes().size();
  }
}

void Release::end_pass() noexcept {
  DCHECK(pass_.active);
  pass_.active = false;
  packets_ += pass_.packets;
  bytes_ += pass_.bytes;
  for (FreshPacket& packet : pass_.fresh()) packet.payload.reset();
}

std::uint64_t Release::packets_sent_to(const Destination& destination) const noexcept {
  if (destination.srtp() != nullptr) return srtp_->packets_sent_to(destination);
  if (!destination.is_flowing) return destination.packets_sent;
  const Destinations& its = by_dress_[destination.envelope.dress == Dress::kRtp ? 0 : 1];
  const std::uint64_t under_way = pass_.active && its.is_served(destination) ? pass_.packets : 0;
  return destination.packets_sent + packets_ + under_way;
}

std::uint64_t Release::bytes_sent_to(const Destination& destination) const noexcept {
  if (destination.srtp() != nullptr) return srtp_->bytes_sent_to(destination);
  if (!destination.is_flowing) return destination.bytes_sent;
  const Destinations& its = by_dress_[destination.envelope.dress == Dress::kRtp ? 0 : 1];
  const std::uint64_t under_way = pass_.active && its.is_served(destination) ? pass_.bytes : 0;
  return destination.bytes_sent + bytes_ + under_way;
}

}  // namespace fanlight
