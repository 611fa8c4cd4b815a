#include "worker/replies.h"

#include <cstring>

namespace fanlight {

bool Replies::send_to(const Path& path, ByteSpan datagram, std::uint8_t ttl) noexcept {
  if (queue_.room() == 0) {  // Then the next envelope may be one that still waits.
    counters_.add(Counter::kRepliesRefused);
    return false;
  }
  Envelope& envelope = envelopes_[next_envelope_ % envelopes_.size()];
  envelope = Envelope{};
  envelope.ttl = ttl;
  port_.address(path, envelope);
  if (!enqueue(envelope, datagram)) return false;
  ++next_envelope_;
  counters_.add(Counter::kRepliesSent);
  return true;
}

bool Replies::send(const Envelope& envelope, ByteSpan datagram) noexcept {
  if (!enqueue(envelope, datagram)) return false;
  counters_.add(Counter::kControlSent);
  return true;
}

bool Replies::enqueue(const Envelope& envelope, ByteSpan datagram) noexcept {
  PacketPool& pool = datagram.size() <= kHeaderRoomBytes ? pools_.headers : pools_.copies;
  PacketRef packet = queue_.room() > 0 ? pool.take() : PacketRef{};
  if (!packet || !packet.resize(datagram.size())) {
    counters_.add(Counter::kRepliesRefused);
    return false;
  }
  std::memcpy(packet.bytes().data(), datagram.data(), datagram.size());
  queue_.push(std::move(packet), envelope);
  return true;
}

}  // namespace fanlight
