#include "io/receive_batch.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fanlight::io {

ReceiveBatch::ReceiveBatch(PacketPool& pool)
    : pool_(pool), slots_(std::make_unique<std::array<Slot, kReceiveBurst>>()) {
  for (std::size_t i = 0; i < kReceiveBurst; ++i) {
    Slot& slot = (*slots_)[i];
    messages_[i].msg_hdr.msg_name = slot.from.raw();
    messages_[i].msg_hdr.msg_iov = &slot.room;
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_control = slot.control.data();
  }
}

std::size_t ReceiveBatch::receive(UdpSocket& socket, std::uint16_t door, std::span<Arrival> arrivals) noexcept {
  const std::size_t wanted = std::min(arrivals.size(), kReceiveBurst);
  const std::size_t ready = prepare(wanted);
  was_short_ = ready < wanted;
  was_dry_ = ready == 0 && wanted > 0;
  if (ready == 0) return 0;
  // Errors other than "nothing there" are about one earlier datagram (ICMP); asking again later is the answer to all.
  const int got = recvmmsg(socket.fd(), messages_.data(), static_cast<unsigned>(ready), MSG_DONTWAIT, nullptr);
  if (got < 0 && errno != EAGAIN && errno != EINTR) socket.has_errors = socket.hears_errors();
  for (int i = 0; i < got; ++i) hand_out(i, socket, door, arrivals[i]);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

std::size_t ReceiveBatch::receive_errors(UdpSocket& socket, std::uint16_t door, std::span<Arrival> arrivals) noexcept {
  constexpr std::size_t kAtOnce = 16;
  std::size_t told = 0;
  Slot& slot = (*slots_)[0];
  for (std::size_t i = 0; i < kAtOnce && told < arrivals.size() && fill(slot); ++i) {
    alignas(cmsghdr) std::array<std::byte, 512> control;
    SocketAddress to;
    msghdr message{};
    message.msg_name = to.raw();
    message.msg_namelen = sizeof to.storage;
    message.msg_iov = &slot.room;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t bytes = recvmsg(socket.fd(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (bytes < 0) {
      socket.has_errors = false;
      break;
    }
    if (!says_unreachable(message)) continue;
    CHECK(slot.packet.resize(static_cast<std::size_t>(bytes)));
    arrivals[told] = {.packet = std::move(slot.packet),
                      .path = {.remote = to.endpoint(), .local = socket.bound(), .door = door},
                      .undelivered = Undelivered::kUnreachable};
    ++told;
  }
  return told;
}

bool ReceiveBatch::try_tell_unreachable(const Path& path, Arrival& arrival) noexcept {
  Slot& slot = (*slots_)[0];
  if (!fill(slot)) return false;
  CHECK(slot.packet.resize(0));
  arrival = {.packet = std::move(slot.packet), .path = path, .undelivered = Undelivered::kUnreachable};
  return true;
}

std::size_t ReceiveBatch::prepare(std::size_t wanted) noexcept {
  for (std::size_t i = 0; i < wanted; ++i) {
    if (!fill((*slots_)[i])) return i;
    messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    messages_[i].msg_hdr.msg_controllen = kSourceControlBytesMax;
  }
  return wanted;
}

bool ReceiveBatch::fill(Slot& slot) noexcept {
  if (slot.packet) return true;
  slot.packet = pool_.take();
  if (!slot.packet) return false;
  CHECK(slot.packet.resize(pool_.room_bytes()));
  slot.room = {slot.packet.bytes().data(), slot.packet.bytes().size()};
  return true;
}

void ReceiveBatch::hand_out(std::size_t index, const UdpSocket& socket, std::uint16_t door, Arrival& arrival) noexcept {
  Slot& slot = (*slots_)[index];
  // A datagram larger than the room arrives cut to it, which is more than any datagram of ours: the worker refuses it.
  CHECK(slot.packet.resize(messages_[index].msg_len));
  arrival.packet = std::move(slot.packet);
  arrival.undelivered = Undelivered::kNo;
  arrival.path.remote = slot.from.endpoint();
  const CalledAddress called = called_address(messages_[index].msg_hdr);
  arrival.path.local = {called.ip, socket.bound().port};
  arrival.path.door = door;
  // The kernel gives only a link-local sender a scope; a global one may call our link-local address.
  const std::uint32_t scope = slot.from.interface_index();
  arrival.path.interface_index = scope != 0 ? scope : called.interface_index;
}

}  // namespace fanlight::io
