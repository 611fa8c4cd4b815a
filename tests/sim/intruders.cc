#include "intruders.h"

#include <algorithm>

#include "wire/rtp_header.h"
#include "wire/ts_packet.h"
#include "world.h"

namespace fanlight::sim {
namespace {

constexpr Micros kFirst = millis(1'500);  // The source has been heard by then.
constexpr Micros kLast = millis(100);     // Before the end.
constexpr std::uint8_t kWrongType = 96;
constexpr std::size_t kPacketBytes = 376;
constexpr Micros kArrived = millis(100);  // What was recorded so long ago has.

}  // namespace

void Intruders::begin() {
  const Instant at = std::max(world_.now_, Instant{} + kFirst) + millis(world_.random_.between(5, 40));
  if (at > Instant{} + world_.spec_.length - kLast) return;
  world_.act_at(at, [this] {
    send_one();
    begin();
  });
}

void Intruders::overhear(Instant now, ByteSpan datagram) {
  recordings_.push_back({now, {datagram.begin(), datagram.end()}});
}

// However old, and from before the number's wrap.
void Intruders::send_recording() {
  const auto is_there = [&](const Recording& one) { return one.at + kArrived < world_.now_; };
  const auto last = std::ranges::partition_point(recordings_, is_there);
  if (last == recordings_.begin()) return;
  const std::int64_t which = world_.random_.between(0, last - recordings_.begin() - 1);
  ++sent_[static_cast<std::size_t>(Verdict::kReplayed)];
  world_.inject(world_.source_->address(), world_.feed_address_, recordings_[static_cast<std::size_t>(which)].datagram,
                world_.now_ + millis(1));
}

void Intruders::send_unusable() {
  if (world_.spec_.way == Way::kPlain) return send(Verdict::kNotTransportStream, 4);
  switch (world_.random_.between(0, 2)) {
    case 0:
      return send(Verdict::kWrongPayloadType, 3);
    case 1:
      return send(world_.spec_.has_srtp ? Verdict::kUnauthentic : Verdict::kNotTransportStream, 4);
    default:
      return send(Verdict::kMalformed, 5);
  }
}

void Intruders::send_one() {
  if (world_.spec_.has_srtp && world_.random_.chance(0.5)) return send_recording();
  const auto kind = static_cast<std::uint32_t>(world_.random_.between(0, 5));
  if (kind > 2) return send_unusable();
  send(Verdict::kForeignSource, world_.spec_.way == Way::kPlain ? 0 : kind);
}

// 0: another source from elsewhere. 1: the same from elsewhere. 2: another one from the right address. 3 to 5: of the
// right source and address, but of another payload type, without a transport stream, cut short.
void Intruders::send(Verdict verdict, std::uint32_t kind) {
  std::array<std::byte, 400> out;
  const bool is_elsewhere = kind < 2;
  const bool is_same = kind == 1 || kind > 2;
  const std::uint32_t own = world_.rtp_publisher_->ssrc();
  const Endpoint from = is_elsewhere ? Endpoint{IpAddress::v4(203, 0, 113, 9), 7'000} : world_.source_->address();
  std::size_t bytes = write_packet(out, is_same ? own : own + 1, kind == 3 ? kWrongType : wire::kPayloadTypeMp2t,
                                   kind == 4 ? std::byte{0x48} : std::byte{0x47});
  if (kind == 5) bytes = static_cast<std::size_t>(world_.random_.between(1, wire::kRtpHeaderBytes - 1));
  ++sent_[static_cast<std::size_t>(verdict)];
  world_.inject(from, world_.feed_address_, std::span(out).first(bytes), world_.now_ + millis(1));
}

std::size_t Intruders::write_packet(MutableByteSpan out, std::uint32_t ssrc, std::uint8_t payload_type,
                                    std::byte first) {
  std::size_t head = 0;
  if (world_.spec_.way == Way::kRtp) {
    head = wire::kRtpHeaderBytes;
    // A number that came is told by that alone.
    const std::uint64_t seq = world_.spec_.has_srtp ? world_.rtp_publisher_->next_seq() + (world_.random_.next() & 31)
                                                    : world_.random_.next();
    wire::write_rtp_header(out.first<wire::kRtpHeaderBytes>(),
                           {.payload_type = payload_type,
                            .seq = static_cast<std::uint16_t>(seq),
                            .timestamp = static_cast<std::uint32_t>(world_.random_.next()),
                            .ssrc = ssrc});
  }
  for (std::size_t i = 0; i < kPacketBytes; ++i) {
    const bool is_sync = i % wire::kTsPacketBytes == 0;
    out[head + i] = is_sync ? first : static_cast<std::byte>(world_.random_.next());
  }
  return head + kPacketBytes;
}

void Intruders::balance() {
  // What the network doubles is replayed as well.
  const auto of = [&](Verdict verdict) { return sent_[static_cast<std::size_t>(verdict)]; };
  world_.books_.expect_at_most("recordings that were not told", static_cast<std::int64_t>(of(Verdict::kReplayed)),
                               static_cast<std::int64_t>(world_.relay_->count(Verdict::kReplayed)));
  for (const Verdict verdict : {Verdict::kForeignSource, Verdict::kWrongPayloadType, Verdict::kNotTransportStream,
                                Verdict::kMalformed, Verdict::kUnauthentic})
    world_.books_.expect_equal(std::string(kVerdictNames[static_cast<std::size_t>(verdict)]).c_str(), of(verdict),
                               world_.relay_->count(verdict));
}

}  // namespace fanlight::sim
