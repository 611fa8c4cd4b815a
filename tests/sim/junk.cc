#include "junk.h"

#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::sim {

void Junk::begin() {
  if (world_.now_ - Instant{} > world_.spec_.length) return;
  world_.act_at(world_.now_ + micros(world_.random_.between(500, 5'000)), [this] {
    send_one();
    begin();
  });
}

void Junk::send_one() {
  std::array<std::byte, 1500> out;
  for (std::size_t i = 0; i < out.size(); i += 8) {
    const std::uint64_t word = world_.random_.next();
    std::memcpy(out.data() + i, &word, std::min<std::size_t>(8, out.size() - i));
  }
  const std::int64_t kind = world_.random_.between(0, 2);
  const ViewerPeer& viewer = *world_.viewers_[static_cast<std::size_t>(
      world_.random_.between(0, static_cast<std::int64_t>(world_.viewers_.size()) - 1))];
  std::size_t bytes = 0;
  Endpoint from{IpAddress::v4(203, 0, 113, 66), static_cast<std::uint16_t>(world_.random_.between(1, 65'535))};
  const Endpoint to = world_.relay_address_;
  if (kind != 0 && world_.publisher_ == nullptr && world_.random_.chance(0.5)) return world_.intruders_.send_unusable();
  if (kind == 0 || !viewer.is_up() || world_.publisher_ == nullptr || !world_.publisher_->is_up()) {
    bytes = write_from_stranger(out);
  } else if (kind == 1) {
    from = viewer.address();
    bytes = write_from_viewer(out, viewer.caller().answer().relay);
  } else {
    from = world_.publisher_->address();
    bytes = write_from_publisher(out, world_.publisher_->caller().answer().relay);
  }
  world_.inject(from, to, std::span(out).first(bytes), world_.now_ + millis(1));
}

// SHUTDOWN and data for sessions of others, handshakes with made-up cookies, noise of any size.
std::size_t Junk::write_from_stranger(MutableByteSpan out) {
  Random& random = world_.random_;
  const bool is_publisher = random.chance(0.5) && world_.publisher_ != nullptr;
  const Caller& victim = is_publisher ? world_.publisher_->caller() : world_.viewers_[0]->caller();
  const auto size = static_cast<std::size_t>(random.between(0, 1'500));
  switch (random.between(0, 5)) {
    case 0:
      return wire::write_bare_control(out,
                                      {.type = wire::ControlType::kShutdown, .destination = victim.answer().relay});
    case 1:
      store_be32(out.data() + 12, victim.answer().relay.raw());
      return size;
    case 2:
      store_be32(out.data() + 12, 0);
      return size;
    case 3:
    case 4: {
      wire::HandshakePacket packet;
      packet.handshake.version = random.chance(0.5) ? 5 : 4;
      packet.handshake.extension = 5;
      packet.handshake.request = static_cast<std::int32_t>(random.between(-3, 2));
      packet.handshake.socket = SocketId{static_cast<std::uint32_t>(random.between(1, 1'000))};
      packet.handshake.cookie = static_cast<std::uint32_t>(random.next());
      const std::size_t whole = wire::write_handshake_packet(out, packet, {}, {});
      return random.chance(0.3) ? static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(whole))) : whole;
    }
    default:
      return size;
  }
}

// From the right address, but what no engine may act on.
std::size_t Junk::write_from_viewer(MutableByteSpan out, SocketId relay) {
  Random& random = world_.random_;
  const auto control = [&](wire::ControlType type, std::size_t content) {
    wire::write_control_header(out.first<wire::kHeaderBytes>(), {.type = type, .destination = relay});
    return wire::kHeaderBytes + content;
  };
  switch (random.between(0, 5)) {
    case 0:
      return control(wire::ControlType::kAck, static_cast<std::size_t>(random.between(0, 3)));
    case 1:
      store_be32(out.data() + 16, 0xFFFF'FFFF);
      return control(wire::ControlType::kNak, 4);
    case 2:
      return control(static_cast<wire::ControlType>(random.between(0x20, 0x7000)), 40);
    case 3:  // Acknowledges what was never sent.
      return wire::write_ack(
          out, {.first_missing = SeqNo{(world_.viewers_[0]->caller().terms().first_seq.raw + 0x3000'0000) & kSeqMask}},
          7, {}, relay);
    case 4:
      store_be32(out.data(), 1'000);
      store_be32(out.data() + 12, relay.raw());
      return 400;  // Data from a viewer.
    default:
      return control(wire::ControlType::kUser, static_cast<std::size_t>(random.between(0, 200)));
  }
}

std::size_t Junk::write_from_publisher(MutableByteSpan out, SocketId relay) {
  Random& random = world_.random_;
  store_be32(out.data() + 12, relay.raw());
  const std::uint32_t isn = world_.publisher_->caller().terms().first_seq.raw;
  switch (random.between(0, 3)) {
    case 0:
      store_be32(out.data(), isn);
      return wire::kHeaderBytes;  // No payload.
    case 1:                       // Far out of the window.
      store_be32(out.data(), (isn + 0x2000'0000) & kSeqMask);
      store_be32(out.data() + 4, 0xC000'0001);
      return 200;
    case 2:  // Part of a message.
      store_be32(out.data(), isn);
      store_be32(out.data() + 4, 0x8000'0001);
      return 200;
    default:
      wire::write_control_header(out.first<wire::kHeaderBytes>(),
                                 {.type = wire::ControlType::kDropRequest, .destination = relay});
      return wire::kHeaderBytes + static_cast<std::size_t>(random.between(0, 7));
  }
}

}  // namespace fanlight::sim
