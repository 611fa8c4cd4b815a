#include "stream/sealer.h"

#include <utility>

namespace fanlight {

void Sealer::add(Viewer& viewer, std::span<const FreshPacket> packets) noexcept {
  for (const FreshPacket& packet : packets) {
    if (batch_.size() == crypto::CipherBatch::kMax) flush();
    if (!try_add(viewer, packet)) miss(viewer, packet.payload.bytes().size());
  }
}

bool Sealer::try_add(Viewer& viewer, const FreshPacket& packet) noexcept {
  const ByteSpan clear = packet.payload.bytes();
  const wire::KeyFlag key = viewer.ciphers->sending;
  const crypto::PacketCipher* cipher = viewer.ciphers->slot(key);
  if (cipher == nullptr) {
    counters_.add(Counter::kCipherFailed);
    return false;
  }
  PacketRef copy = copies_.take();
  if (!copy || !copy.resize(kFreshHeaderBytes + clear.size())) {
    counters_.add(Counter::kCopyPoolDry);
    return false;
  }
  const MutableByteSpan bytes = copy.bytes();
  stamp_fresh(bytes.data(), viewer.envelope, packet);
  wire::set_key_flag(bytes.first<kFreshHeaderBytes>(), packet.message_word, key);
  batch_.add(*cipher, viewer.envelope.offset.seq_of(packet.pos), clear, bytes.data() + kFreshHeaderBytes);
  sealed_[batch_.size() - 1] = {std::move(copy), &viewer};
  return true;
}

void Sealer::flush() noexcept {
  const std::size_t packets = batch_.size();
  if (packets == 0) return;
  const bool is_done = batch_.run();
  counters_.add(is_done ? Counter::kFreshSent : Counter::kCipherFailed, packets);
  for (Sealed& one : std::span(sealed_).first(packets)) {
    if (is_done) {
      queue_.push(std::move(one.packet), one.viewer->envelope);
    } else {
      miss(*one.viewer, one.packet.bytes().size() - kFreshHeaderBytes);
      one.packet.reset();
    }
  }
}

void Sealer::miss(Viewer& viewer, std::size_t payload_bytes) noexcept {
  --viewer.packets_sent;  // The stream counts the pass for all that are live.
  viewer.bytes_sent -= payload_bytes;
}

}  // namespace fanlight
