#include "stream/fec_repair.h"

#include <algorithm>
#include <utility>

#include "base/exclusive_or.h"
#include "contract/limits.h"

namespace fanlight {

void FecRepair::begin_run(PacketPos first) noexcept {
  engine_.begin_run(first);
  sweep();
}

Verdict FecRepair::handle_fec(PacketPos first, const wire::FecPacket& fec, PacketRef& datagram) noexcept {
  const rtp::FecReceiver::Held held = engine_.handle_fec(first, fec);
  if (!held.slot) return held.verdict;
  PacketRef& payload = payloads_[*held.slot];  // Another's, when that one gave way.
  if (!payload) ++payloads_held_;
  payload = std::move(datagram);
  payload.trim_front(wire::kFecOverheadBytes);
  return held.verdict;
}

std::optional<FecRepair::Repaired> FecRepair::next(const History& history, PacketPos wanted,
                                                   std::uint8_t payload_type) noexcept {
  const std::optional<rtp::FecReceiver::Repair> repair = engine_.poll_repair(wanted);
  if (repair) {
    PacketRef payload = std::move(payloads_[repair->slot]);
    --payloads_held_;
    const bool is_ours = repair->header.payload_type == payload_type;
    if (!is_ours || !bring_back(*repair, history, payload)) payload.reset();
    return Repaired{repair->missing, repair->header, repair->neighbours, std::move(payload)};
  }
  sweep();
  return std::nullopt;
}

bool FecRepair::bring_back(const rtp::FecReceiver::Repair& repair, const History& history,
                           PacketRef& payload) noexcept {
  const rtp::FecReceiver::Line& line = repair.line;
  std::size_t length = repair.length_recovery;
  for (std::size_t i = 0; i < line.count; ++i) {
    if (line.at(i) == repair.missing) continue;
    const History::Slot* slot = history.find(line.at(i));
    if (slot == nullptr || slot->packet.bytes().size() > payload.bytes().size()) return false;
    length ^= slot->packet.bytes().size();
  }
  if (length == 0 || length > payload.bytes().size() || length > kPayloadBytesMax) return false;
  CHECK(payload.resize(length));
  for (std::size_t i = 0; i < line.count; ++i) {
    if (line.at(i) == repair.missing) continue;
    const ByteSpan other = history.find(line.at(i))->packet.bytes();
    exclusive_or(payload.bytes(), other.first(std::min(length, other.size())));
  }
  return true;
}

// Gives back what the engine has let go of.
void FecRepair::sweep() noexcept {
  if (payloads_held_ == engine_.held()) return;
  for (std::size_t i = 0; i < payloads_.size(); ++i)
    if (payloads_[i] && !engine_.holds(i)) payloads_[i].reset();
  payloads_held_ = engine_.held();
}

}  // namespace fanlight
