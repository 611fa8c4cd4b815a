// Everything that is to be sent, in order, on its way to whichever port there is.
#pragma once

#include <cstdint>
#include <utility>

#include "base/ip.h"
#include "contract/limits.h"
#include "fanlight_load/virtual_port.h"
#include "packet/packet.h"
#include "stream/transmit_queue.h"

namespace fanlight::load {

class Outbox {
 public:
  Outbox(PacketPool& headers, PacketPool& payloads, VirtualPort& port)
      : headers_(headers), payloads_(payloads), port_(port) {}

  void address(const Path& path, Envelope& envelope) { port_.address(path, envelope); }
  // A control packet, which `write(span)` writes and sizes. False when it was nothing, or found no place and is
  // counted: control packets are repeated by themselves.
  template <class Write>
  bool say(const Envelope& envelope, Write&& write) {
    if (!has_room()) return false;
    PacketRef packet = headers_.take();
    if (!packet || !packet.resize(kHeaderRoomBytes)) return refuse();
    const std::size_t bytes = write(packet.bytes());
    if (bytes == 0 || !packet.resize(bytes)) return false;
    queue_.push(std::move(packet), envelope);
    return true;
  }
  // An empty packet for a whole datagram of `bytes`; empty when there is no room for it now.
  [[nodiscard]] PacketRef begin_data(std::size_t bytes) {
    if (!has_room()) return {};
    PacketRef packet = payloads_.take();
    if (!packet || !packet.resize(bytes)) {
      refuse();
      return {};
    }
    return packet;
  }
  void send(PacketRef packet, const Envelope& envelope) { queue_.push(std::move(packet), envelope); }
  // False when nothing left.
  bool flush() { return queue_.flush(port_); }
  [[nodiscard]] bool is_empty() const { return queue_.is_empty(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  bool has_room() { return queue_.room() > 0 || (flush() && queue_.room() > 0) || refuse(); }
  bool refuse() {
    ++refused_;
    return false;
  }
  PacketPool& headers_;
  PacketPool& payloads_;
  VirtualPort& port_;
  TransmitQueue queue_;
  std::uint64_t refused_ = 0;
};

}  // namespace fanlight::load
