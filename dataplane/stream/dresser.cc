#include "stream/dresser.h"

#include <algorithm>

#include "wire/srt_header.h"

namespace fanlight {
namespace {

// Message numbers run with positions and never are 0, which would mean a packet-filter packet (srt-wire §6.5).
constexpr std::uint32_t message_of(PacketPos pos) {
  return static_cast<std::uint32_t>(pos.value % wire::kMessageNumberMask) + 1;
}

wire::DataHeader header_for(const Viewer& viewer, const History::Slot& slot, Dresser::How how) {
  const std::int64_t since_join = (slot.time - viewer.envelope.time_zero).count;
  return {
      // Fresh packets need no more of the viewer than its envelope.
      .seq = how.retransmitted ? viewer.sender.seq_of(slot.pos) : viewer.envelope.offset.seq_of(slot.pos),
      .key = viewer.ciphers ? viewer.ciphers->sending : wire::KeyFlag::kClear,
      .retransmitted = how.retransmitted && viewer.peer_rexmit,
      .message = message_of(slot.pos),
      .time = {static_cast<std::uint32_t>(std::max<std::int64_t>(0, since_join))},
      .destination = viewer.envelope.peer,
  };
}

void write_header(PacketRef& packet, const wire::DataHeader& header) {
  wire::write_data_header(packet.bytes().first<wire::kHeaderBytes>(), header);
}

}  // namespace

bool Dresser::send(Viewer& viewer, const History::Slot& slot, How how) noexcept {
  if (slot.packet.bytes().size() > viewer.payload_bytes_max) {
    counters_.add(Counter::kPayloadTooLarge);
    viewer.is_outgrown = true;
    return false;
  }
  return viewer.ciphers ? send_sealed(viewer, slot, how) : send_clear(viewer, slot, how);
}

bool Dresser::send_clear(Viewer& viewer, const History::Slot& slot, How how) noexcept {
  PacketRef packet = dress(pools_.headers, slot.packet, wire::kHeaderBytes);
  if (!packet) {
    counters_.add(Counter::kHeaderPoolDry);
    return false;
  }
  write_header(packet, header_for(viewer, slot, how));
  queue_.push(std::move(packet), viewer.envelope);
  return true;
}

bool Dresser::send_sealed(Viewer& viewer, const History::Slot& slot, How how) noexcept {
  const ByteSpan payload = slot.packet.bytes();
  PacketRef packet = pools_.copies.take();
  if (!packet || !packet.resize(wire::kHeaderBytes + payload.size())) {
    counters_.add(Counter::kCopyPoolDry);
    return false;
  }
  const wire::DataHeader header = header_for(viewer, slot, how);
  crypto::PacketCipher* cipher = viewer.ciphers->slot(header.key);
  // Same key, number and payload give the same ciphertext: a repair repeats the first sending byte for byte.
  if (cipher == nullptr || !cipher->apply(header.seq, payload, packet.bytes().subspan(wire::kHeaderBytes))) {
    counters_.add(Counter::kCipherFailed);
    return false;
  }
  write_header(packet, header);
  queue_.push(std::move(packet), viewer.envelope);
  return true;
}

}  // namespace fanlight
