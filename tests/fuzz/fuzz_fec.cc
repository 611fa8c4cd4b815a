// FEC packets and the media packets they are about, as anybody may send them: what is read stays inside, what is
// written reads the same, what is brought back was missing, and no buffer is lost. Each datagram has two bytes in front
// of it: its length, and what it is; a media packet is a number and its payload.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "engine/rtp/receiver.h"
#include "stream/fec_repair.h"

using namespace fanlight;

namespace {

void check_header(const wire::FecPacket& packet, ByteSpan datagram) {
  std::array<std::byte, wire::kFecHeaderBytes> out;
  wire::write_fec_header(out, packet.fec);
  CHECK(std::ranges::equal(out, datagram.subspan(wire::kRtpHeaderBytes, wire::kFecHeaderBytes)));
}

struct House {
  PacketPool pool{512, 256};
  History history{128};
  rtp::Receiver receiver{{.first_pos = {7}}};
  FecRepair fec;
  Instant now{1'000'000};

  PacketRef packet_of(ByteSpan bytes) {
    PacketRef packet = pool.take();
    CHECK(packet && packet.resize(bytes.size()));
    std::ranges::copy(bytes, packet.bytes().begin());
    return packet;
  }
  void hear(const wire::RtpHeader& header, PacketRef packet, bool is_bare) {
    const rtp::Receiver::Placement placed = receiver.handle_data(now, header);
    if (placed.verdict != Verdict::kAccepted && placed.verdict != Verdict::kAcceptedLate) return;
    fec.handle_data(receiver.run_first(), placed.pos, header, is_bare);
    (void)history.admit(now, placed.pos, {}, packet);
  }
  void hear_fec(ByteSpan datagram) {
    const auto parsed = wire::parse_fec(datagram);
    if (!parsed) return;
    check_header(*parsed, datagram);
    const auto first = receiver.position_of(parsed->fec.base);
    if (!first) return;
    PacketRef packet = packet_of(datagram);
    (void)fec.handle_fec(*first, *parsed, packet);
  }
  void repair() {
    while (auto one = fec.next(history, receiver.first_missing(), 33)) {
      CHECK(history.find(one->pos) == nullptr);
      if (!one->payload) continue;
      one->header.seq = receiver.number_of(one->pos);
      const rtp::Receiver::Placement placed = receiver.handle_repaired(now, one->header, one->neighbours);
      if (placed.verdict != Verdict::kAcceptedLate) continue;
      CHECK(placed.pos == one->pos);
      fec.handle_data(receiver.run_first(), placed.pos, one->header, true);
      CHECK(history.admit(now, placed.pos, {}, one->payload) != Verdict::kDuplicate);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteSpan rest(reinterpret_cast<const std::byte*>(data), size);
  House house;
  while (rest.size() >= 2) {
    const std::size_t bytes = std::min<std::size_t>(static_cast<std::uint8_t>(rest[0]), rest.size() - 2);
    const auto kind = static_cast<std::uint8_t>(rest[1]);
    const ByteSpan datagram = rest.subspan(2, bytes);
    rest = rest.subspan(2 + bytes);
    house.now = house.now + micros(100);
    house.receiver.handle_timeout(house.now);
    if ((kind & 1) == 0) {
      house.hear_fec(datagram);
    } else if (datagram.size() >= 3) {
      house.hear({.marker = (kind & 2) != 0, .seq = load_be16(datagram.data()), .timestamp = kind, .ssrc = 1},
                 house.packet_of(datagram.subspan(2)), (kind & 4) == 0);
    }
    house.repair();
    CHECK(house.pool.available() + house.history.held() + house.fec.held() == house.pool.capacity());
  }
  return 0;
}
