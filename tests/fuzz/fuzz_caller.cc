// What a listener may answer, in any order and damaged anywhere: a caller speaks only while it calls, gives up in time,
// connects only to terms it can live with, and never asks to be woken for a moment that is past.
#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"
#include "engine/srt/caller.h"

namespace fanlight::srt {
namespace {

constexpr SocketId kSocket{42};
constexpr SeqNo kFirst{0x7FFF'FFF0};

class World {
 public:
  explicit World(bool is_sealed)
      : caller_({.opened = now_,
                 .socket = kSocket,
                 .first_seq = kFirst,
                 .stream_id = "live/main",
                 .key_message = is_sealed ? ByteSpan(key_message_) : ByteSpan{},
                 .key_bytes = static_cast<std::uint16_t>(is_sealed ? 16 : 0)}) {}

  // Answers how many of `bytes` it used.
  std::size_t operate(std::uint8_t what, std::span<const std::uint8_t> bytes) {
    const std::size_t used = std::min<std::size_t>(bytes.size(), what / 8);
    switch (what % 8) {
      case 0:
        pass(millis(what));
        return 0;
      case 1:
        caller_.handle_early_packet(now_);
        return 0;
      case 2:
        answer(wire::RequestType::kInduction, bytes.first(used));
        break;
      case 3:
      case 4:
      case 5:
        answer(wire::RequestType::kConclusion, bytes.first(used));
        break;
      case 6:
        (void)caller_.handle_control(now_, {.type = wire::ControlType::kHandshake}, std::as_bytes(bytes.first(used)));
        break;
      default:
        (void)caller_.handle_control(now_, {.type = static_cast<wire::ControlType>(what / 8)}, {});
        return 0;
    }
    pass({});
    return used;
  }

 private:
  // A good answer with a few of its bytes overwritten: pairs of place and value.
  void answer(wire::RequestType type, std::span<const std::uint8_t> damage) {
    wire::HandshakePacket packet{.handshake = {.version = 5,
                                               .extension = wire::kInductionMagic,
                                               .first_seq = kFirst,
                                               .request = static_cast<std::int32_t>(type),
                                               .socket = SocketId{9},
                                               .cookie = 7}};
    if (type == wire::RequestType::kConclusion) {
      packet.capabilities = wire::HsCapabilities{.flags = 0x3F, .receiver_delay_ms = 120, .sender_delay_ms = 120};
      packet.is_response = true;
      packet.key_message = caller_.options().key_message;
    }
    std::array<std::byte, 256> out;
    const std::size_t size = wire::write_handshake_packet(out, packet, {}, kSocket);
    for (std::size_t i = 0; i + 2 <= damage.size(); i += 2) out[damage[i] % size] = std::byte{damage[i + 1]};
    const ByteSpan datagram = std::span(out).first(size);
    (void)caller_.handle_control(now_, *wire::parse_control_header(datagram), datagram.subspan(wire::kHeaderBytes));
  }
  void pass(Micros span) {
    now_ = now_ + span;
    caller_.handle_timeout(now_);
    const bool was_calling = caller_.is_calling();
    std::array<std::byte, 1472> scratch;
    int polls = 0;
    for (; caller_.poll_control(now_, {}, scratch) != 0; ++polls) CHECK(polls < 1);
    if (is_over_) CHECK(polls == 0);
    while (const auto event = caller_.poll_event()) {
      CHECK(!is_over_);
      is_over_ = true;
      CHECK((*event == PeerEvent::kConnected) == (caller_.state() == Caller::State::kConnected));
      if (*event == PeerEvent::kConnected) judge(caller_.answer());
    }
    CHECK(was_calling != is_over_);
    CHECK(caller_.next_deadline().at > now_);
    if (now_ - Instant{1'000'000'000} >= seconds(3)) CHECK(!caller_.is_calling());
  }
  void judge(const Caller::Answer& answer) const {
    CHECK(answer.peer != SocketId{} && answer.first_seq.raw < kSeqMask);
    CHECK(answer.mss >= 32 && answer.mss <= kMssMax && answer.window_packets >= 2);
    CHECK((answer.keys == wire::KeyState::kSecured) == !caller_.options().key_message.empty());
  }

  Instant now_{1'000'000'000};
  std::array<std::byte, 72> key_message_{std::byte{0x12}, std::byte{0x20}, std::byte{0x29}};
  Caller caller_;
  bool is_over_ = false;
};

}  // namespace
}  // namespace fanlight::srt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  if (size == 0) return 0;
  srt::World world(data[0] % 2 == 1);
  const std::span<const std::uint8_t> bytes(data, size);
  for (std::size_t at = 1; at < size;) {
    const std::uint8_t what = bytes[at++];
    at += world.operate(what, bytes.subspan(at));
  }
  return 0;
}
