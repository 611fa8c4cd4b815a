#include "stream/fec_out.h"

#include "base/check.h"

namespace fanlight {

bool FecOut::enter(Destination& destination) noexcept {
  DCHECK(!destination.is_flowing);
  Part& its = part(kind_of(destination));
  if (!its.destinations.add(destination)) return false;
  destination.is_flowing = true;
  destination.packets_sent -= its.packets;
  destination.bytes_sent -= its.bytes;
  return true;
}

void FecOut::leave(Destination& destination) noexcept {
  if (!destination.is_flowing) return;
  Part& its = part(kind_of(destination));
  its.destinations.remove(destination);
  destination.is_flowing = false;
  destination.packets_sent += its.packets;
  destination.bytes_sent += its.bytes;
  if (size() == 0) encoder_.reset();
}

void FecOut::begin_pass(std::span<const FreshPacket> packets, PacketPos end, PacketPool& pool) noexcept {
  if (size() == 0) return;
  encoder_.protect(packets, end, pool);
  for (Part& its : kinds_) its.destinations.begin_pass();
}

void FecOut::end_pass() noexcept {
  for (const FecEncoder::Kind kind : kKinds) {
    const std::span<FreshPacket> made = encoder_.made(kind);
    part(kind).packets += made.size();
    for (const FreshPacket& packet : made) part(kind).bytes += packet.payload.bytes().size();
  }
  encoder_.let_go();
}

std::uint64_t FecOut::packets_sent_to(const Destination& destination) const noexcept {
  return destination.packets_sent + (destination.is_flowing ? part_of(destination).packets : 0);
}

std::uint64_t FecOut::bytes_sent_to(const Destination& destination) const noexcept {
  return destination.bytes_sent + (destination.is_flowing ? part_of(destination).bytes : 0);
}

}  // namespace fanlight
