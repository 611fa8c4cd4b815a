#include "strays.h"

#include <array>

#include "wire/rtp_header.h"
#include "wire/ts_packet.h"
#include "world.h"

namespace fanlight::sim {
namespace {

constexpr Micros kFirst = millis(1'500);  // The source has been heard by then.
constexpr Micros kLast = millis(100);     // Before the end.

}  // namespace

void Strays::begin() {
  const Instant at = std::max(world_.now_, Instant{} + kFirst) + millis(world_.random_.between(10, 80));
  if (at > Instant{} + world_.spec_.length - kLast) return;
  world_.act_at(at, [this] {
    send_one();
    begin();
  });
}

// A transport stream of the feed's payload type. SSRCs are no secret: every second one has the sender's.
void Strays::send_one() {
  std::array<std::byte, wire::kRtpHeaderBytes + wire::kTsPacketBytes> out{};
  const bool is_same = world_.random_.chance(0.5);
  const auto ssrc = is_same ? world_.rtp_publisher_->ssrc() : static_cast<std::uint32_t>(world_.random_.next());
  wire::write_rtp_header(std::span(out).first<wire::kRtpHeaderBytes>(),
                         {.payload_type = wire::kPayloadTypeMp2t,
                          .seq = static_cast<std::uint16_t>(world_.random_.next()),
                          .timestamp = static_cast<std::uint32_t>(world_.random_.next()),
                          .ssrc = ssrc});
  out[wire::kRtpHeaderBytes] = std::byte{0x47};
  const Endpoint from{IpAddress::v4(203, 0, 113, static_cast<std::uint8_t>(world_.random_.between(1, 254))),
                      static_cast<std::uint16_t>(world_.random_.between(1'024, 65'535))};
  ++sent_;
  world_.inject(from, world_.feed_address_, out, world_.now_ + millis(1));
}

void Strays::balance() {
  const RelayHost& relay = *world_.relay_;
  Books& books = world_.books_;
  books.expect_equal("what is none of the feed's = what it refused", sent_ + world_.echo_->heard(),
                     relay.count(Verdict::kForeignSource) + relay.count(Verdict::kOutOfWindow));
  if (relay.count(Verdict::kOutOfWindow) == 0) books.fail("no stray came while nobody was heard");
  if (world_.echo_->heard() == 0) books.fail("nothing that the relay sent came back");
  books.expect_equal("packets taken = payloads made", relay.count(Verdict::kAccepted), world_.feed_.made.size());
}

// From the door that destinations are sent from, as it looks on the same host.
void Echo::receive(Instant now, ByteSpan datagram) {
  ++heard_;
  world_.inject(world_.relay_address_, world_.feed_address_, datagram, now);
}

}  // namespace fanlight::sim
