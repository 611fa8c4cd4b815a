#include "engine/rtp/fec_receiver.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight::rtp {

static_assert((FecReceiver::kMemory & (FecReceiver::kMemory - 1)) == 0);
// A line may reach back as far as the matrix that the FEC of the next one is sent in.
static_assert(FecReceiver::kMemory > 2 * kFecSideMax * kFecSideMax);

void FecReceiver::begin_run(PacketPos first) noexcept {
  for (Slot& slot : slots_) let_go(slot);
  packets_.fill({});
  run_first_ = first;
  newest_ = first - 1;
}

void FecReceiver::handle_data(PacketPos pos, const wire::RtpHeader& header, bool is_bare) noexcept {
  if (pos <= newest_ - kMemory) return;  // Its place is a newer one's.
  newest_ = std::max(newest_, pos);
  packets_[index_of(pos)] = {.pos = pos,
                             .timestamp = header.timestamp,
                             .payload_type = header.payload_type,
                             .marker = header.marker,
                             .is_bare = is_bare};
}

FecReceiver::Held FecReceiver::handle_fec(PacketPos first, const wire::FecPacket& packet) noexcept {
  const Verdict verdict = judge(first, packet);
  if (verdict != Verdict::kFec) return {verdict};
  const Line line{first, packet.fec.offset, packet.fec.count};
  const Survey found = survey(line);
  if (!found.is_usable) return {Verdict::kFecUnsupported};
  if (found.missing == 0) return {Verdict::kFec};
  const std::size_t slot = take_slot();
  slots_[slot] = {.is_held = true, .line = line, .fec = packet.fec, .marker = packet.rtp.marker};
  ++held_;
  return {Verdict::kFec, slot};
}

Verdict FecReceiver::judge(PacketPos first, const wire::FecPacket& packet) const noexcept {
  const wire::FecHeader& fec = packet.fec;
  const bool is_ours = fec.is_extended && !fec.is_reserved_set && fec.mask == 0 && fec.type == 0 && fec.index == 0;
  if (!is_ours || packet.protects_additions) return Verdict::kFecUnsupported;
  if (fec.count == 0 || fec.count > kFecSideMax || fec.offset == 0 || fec.offset > kFecSideMax)
    return Verdict::kFecUnsupported;
  if (fec.is_row && fec.offset != 1) return Verdict::kFecUnsupported;
  const Line line{first, fec.offset, fec.count};
  if (first < run_first_ || first <= newest_ - kMemory) return Verdict::kTooLate;
  return line.last() - newest_ > kMemory / 2 ? Verdict::kOutOfWindow : Verdict::kFec;
}

FecReceiver::Survey FecReceiver::survey(const Line& line) const noexcept {
  Survey found;
  for (std::size_t i = 0; i < line.count; ++i) {
    const Packet* packet = find(line.at(i));
    if (packet != nullptr) {
      found.is_usable = found.is_usable && packet->is_bare;
    } else if (found.missing++ == 0) {
      found.first_missing = line.at(i);
    }
  }
  return found;
}

// When none is free, the one whose line ends first.
std::size_t FecReceiver::take_slot() noexcept {
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].is_held) return i;
    if (slots_[i].line.last() < slots_[oldest].line.last()) oldest = i;
  }
  let_go(slots_[oldest]);
  return oldest;
}

void FecReceiver::let_go(Slot& slot) noexcept {
  if (!slot.is_held) return;
  slot.is_held = false;
  --held_;
}

std::optional<FecReceiver::Repair> FecReceiver::poll_repair(PacketPos wanted) noexcept {
  if (held_ == 0) return std::nullopt;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.is_held) continue;
    const bool is_over = slot.line.last() < wanted || slot.line.first <= newest_ - kMemory;
    const Survey found = is_over ? Survey{} : survey(slot.line);
    // What was given up is not brought back, so a line that misses it stays as it is.
    if (found.missing == 0 || !found.is_usable || found.first_missing < wanted) {
      let_go(slot);
    } else if (found.missing == 1 && found.first_missing < newest_) {
      return repair(i, found.first_missing);
    }
  }
  return std::nullopt;
}

FecReceiver::Repair FecReceiver::repair(std::size_t index, PacketPos missing) noexcept {
  Slot& slot = slots_[index];
  DCHECK(slot.is_held && slot.line.covers(missing));
  let_go(slot);
  Repair repair{.slot = index,
                .line = slot.line,
                .missing = missing,
                .length_recovery = slot.fec.length_recovery,
                .header = {.marker = slot.marker,
                           .payload_type = slot.fec.payload_type_recovery,
                           .timestamp = slot.fec.timestamp_recovery},
                .neighbours = neighbours_of(missing)};
  for (std::size_t i = 0; i < slot.line.count; ++i) {
    const Packet* packet = find(slot.line.at(i));
    if (packet == nullptr) continue;
    repair.header.marker = repair.header.marker != packet->marker;
    repair.header.payload_type ^= packet->payload_type;
    repair.header.timestamp ^= packet->timestamp;
  }
  return repair;
}

// The newest lies behind it. What came before it is remembered, unless all of that was given up.
Neighbours FecReceiver::neighbours_of(PacketPos pos) const noexcept {
  const Packet* before = nullptr;
  const Packet* after = nullptr;
  for (PacketPos at = pos + 1; after == nullptr && at <= newest_; at = at + 1) after = find(at);
  const PacketPos oldest = std::max(run_first_, newest_ - kMemory + 1);
  for (PacketPos at = pos - 1; before == nullptr && at >= oldest; at = at - 1) before = find(at);
  DCHECK(after != nullptr);
  return {.before = (before == nullptr ? after : before)->timestamp, .after = after->timestamp};
}

}  // namespace fanlight::rtp
