#include "stream/dresser.h"

#include <algorithm>

#include "stream/message_number.h"

namespace fanlight {
namespace {

wire::DataHeader header_for(const Viewer& viewer, PacketPos pos, Micros stamp, SeqNo seq) {
  return {
      .seq = seq,
      .key = viewer.ciphers ? viewer.ciphers->flag_of(seq) : wire::KeyFlag::kClear,
      .message = message_number_of(pos),
      .time = {static_cast<std::uint32_t>(stamp.count)},
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
  const SeqNo seq = how.retransmitted ? viewer.sender.seq_of(slot.pos) : viewer.envelope.offset.seq_of(slot.pos);
  const Micros stamp = viewer.stamp(slot.pos, slot.time);
  wire::DataHeader header = header_for(viewer, slot.pos, stamp, seq);
  header.retransmitted = how.retransmitted && viewer.peer_rexmit;
  return viewer.ciphers ? send_sealed(viewer, slot.packet, header) : send_clear(viewer, slot.packet, header);
}

bool Dresser::send_clear(Viewer& viewer, const PacketRef& payload, const wire::DataHeader& header) noexcept {
  PacketRef packet = dress(pools_.headers, payload, wire::kHeaderBytes);
  if (!packet) {
    counters_.add(Counter::kHeaderPoolDry);
    return false;
  }
  write_header(packet, header);
  queue_.push(std::move(packet), viewer.envelope);
  return true;
}

bool Dresser::send_sealed(Viewer& viewer, const PacketRef& payload, const wire::DataHeader& header) noexcept {
  if (header.key == wire::KeyFlag::kClear) {  // Its number is from before the last key but one.
    counters_.add(Counter::kKeyGone);
    return false;
  }
  const ByteSpan clear = payload.bytes();
  PacketRef packet = pools_.copies.take();
  if (!packet || !packet.resize(wire::kHeaderBytes + clear.size())) {
    counters_.add(Counter::kCopyPoolDry);
    return false;
  }
  const crypto::PacketCipher* cipher = viewer.ciphers->slot(header.key);
  // Same key, number and payload give the same ciphertext: a repair repeats the first sending byte for byte.
  if (cipher == nullptr || !cipher->apply(header.seq, clear, packet.bytes().subspan(wire::kHeaderBytes))) {
    counters_.add(Counter::kCipherFailed);
    return false;
  }
  write_header(packet, header);
  queue_.push(std::move(packet), viewer.envelope);
  return true;
}

}  // namespace fanlight
