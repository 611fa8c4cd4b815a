#include "stream/dresser.h"

#include <algorithm>

#include "contract/destination_terms.h"
#include "stream/message_number.h"
#include "wire/rtp_feedback.h"

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

FreshPacket fresh_of(const History::Slot& slot) {
  return {.payload = {},
          .pos = slot.pos,
          .time = slot.time,
          .ticks = slot.marks.ticks,
          .word = rtp_word(slot.marks.marker)};
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

bool Dresser::send_alone(Destination& destination, const History::Slot& slot) noexcept {
  const Envelope& envelope = destination.envelope;
  const bool is_bare = envelope.dress == Dress::kPlain;
  PacketRef packet = is_bare ? slot.packet.share() : dress(pools_.headers, slot.packet, wire::kRtpHeaderBytes);
  if (!packet) {
    counters_.add(Counter::kHeaderPoolDry);
    return false;
  }
  if (!is_bare) stamp_rtp(packet.bytes().data(), envelope, fresh_of(slot));
  queue_.push(std::move(packet), envelope);
  counters_.add(Counter::kFreshSent);
  return true;
}

bool Dresser::send_again(Destination& destination, const History::Slot& slot) noexcept {
  const std::optional<std::uint8_t> rtx = destination.repairs.rtx_payload_type;
  const std::size_t header_bytes = wire::kRtpHeaderBytes + (rtx ? wire::kRtxHeaderBytes : 0);
  if (header_bytes + slot.packet.bytes().size() > kDatagramBytesMax) {
    counters_.add(Counter::kPayloadTooLarge);
    return false;
  }
  PacketRef packet = dress(pools_.headers, slot.packet, header_bytes);
  if (!packet) {
    counters_.add(Counter::kHeaderPoolDry);
    return false;
  }
  std::byte* header = packet.bytes().data();
  const Envelope& envelope = destination.envelope;
  stamp_rtp(header, envelope, fresh_of(slot));
  if (rtx) {
    constexpr std::byte kMarker{0x80};
    header[1] = (header[1] & kMarker) | std::byte{*rtx};
    store_be16(header + wire::kRtpHeaderBytes, static_cast<std::uint16_t>(envelope.offset.seq_of(slot.pos).raw));
    store_be16(header + 2, destination.sender.take_rtx_number());
    store_be32(header + 8, rtx_ssrc_of(destination.sender.ssrc(), destination.is_second_leg));
  }
  queue_.push(std::move(packet), envelope);
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
