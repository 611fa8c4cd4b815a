// RTP and RTCP datagrams: what is read stays inside them, what is written reads the same, a receiver that is fed them
// keeps its books, and a sender goes on. The byte in front of each datagram says how long it is, up to 127 bytes, and
// in its first bit by which of two legs it comes.
#include <array>

#include "base/check.h"
#include "engine/rtp/receiver.h"
#include "engine/rtp/sender.h"
#include "wire/rtcp.h"
#include "wire/rtp_feedback.h"
#include "wire/rtp_header.h"

using namespace fanlight;

namespace {

void check_rtp(ByteSpan datagram) {
  const auto packet = wire::parse_rtp(datagram);
  if (!packet) return;
  CHECK(packet->payload_offset + packet->payload_bytes <= datagram.size());
  std::array<std::byte, wire::kRtpHeaderBytes> out;
  wire::write_rtp_header(out, packet->header);
  CHECK(wire::parse_rtp(out)->header == packet->header);
}

void check_nack(const wire::Nack& nack) {
  CHECK(nack.size() > 0);
  // What is written again, number by number, names the same numbers; a number that an item names twice, once.
  std::array<std::byte, 16> out;
  for (std::size_t i = 0; i < nack.size(); ++i) {
    const wire::NackItem item = nack.at(i);
    wire::NackWriter writer(out, nack.sender, nack.source);
    CHECK(writer.add(item.first));
    for (int bit = 0; bit < 16; ++bit)
      if ((item.following >> bit & 1) != 0) CHECK(writer.add(static_cast<std::uint16_t>(item.first + bit + 1)));
    CHECK(writer.finish() == out.size());
    const auto again = wire::parse_nack(*wire::RtcpReader(out).next());
    CHECK(again && again->source == nack.source && again->at(0) == item);
  }
}

void check_rtcp(ByteSpan datagram) {
  wire::RtcpReader reader(datagram);
  std::size_t bytes = 0;
  while (const auto packet = reader.next()) {
    bytes += packet->content.size();
    (void)wire::find_report_block(*packet, 1);
    (void)wire::says_bye(*packet, 1);
    (void)wire::find_cname(*packet, 1);
    if (const auto nack = wire::parse_nack(*packet)) check_nack(*nack);
    const auto report = wire::parse_sender_report(*packet);
    if (!report) continue;
    std::array<std::byte, 28> out;
    CHECK(wire::write_sender_report(out, *report) == out.size());
    CHECK(wire::parse_sender_report(*wire::RtcpReader(out).next()) == report);
  }
  CHECK(bytes <= datagram.size());
}

void check_sender(rtp::Sender& sender, Instant now, ByteSpan datagram) {
  const bool was_paused = sender.is_paused();
  const Verdict verdict = sender.handle_control(now, datagram);
  if (verdict != Verdict::kControl) CHECK(sender.is_paused() == was_paused);
  // Number by number and never without end: what is asked for is bounded by the bytes that asked.
  std::uint32_t asked = 0;
  while (sender.poll_repair()) CHECK(++asked <= 17 * datagram.size());
  sender.handle_progress({.packets = static_cast<std::uint32_t>(now.us), .bytes = 1, .timestamp = 2});
  sender.handle_timeout(now);
  if (sender.is_probe_due(now)) datagram.size() % 2 == 0 ? sender.flow_unprobed(now) : sender.note_probe(now);
  std::array<std::byte, 256> scratch;
  while (const std::size_t said = sender.poll_control(now, {}, scratch))
    CHECK(wire::is_well_formed_rtcp(ByteSpan(scratch).first(said)));
  CHECK(sender.next_deadline().at > now);
}

// Brings what the packet proves, as who kept it does, and answers what follows the newest then.
PacketPos check_proof(rtp::Receiver& receiver, Instant now, const wire::RtpHeader& header, std::size_t leg,
                      PacketPos next) {
  const std::optional<std::uint16_t> proven = receiver.proves(now, header, leg);
  if (!proven || static_cast<std::int16_t>(*proven - header.seq) > 0) return next;
  wire::RtpHeader first = header;
  first.seq = *proven;
  const rtp::Receiver::Placement placed = receiver.handle_proven(now, first, leg);
  CHECK(placed.verdict == Verdict::kAccepted && placed.pos >= next);
  return placed.pos + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteSpan rest(reinterpret_cast<const std::byte*>(data), size);
  rtp::Receiver receiver({.first_pos = {0}, .nack = true});
  rtp::Sender sender({.opened = Instant{1'000'000}, .ssrc = 1, .nack = true});
  Instant now{1'000'000};
  PacketPos next{0};
  while (!rest.empty()) {
    const auto said = static_cast<std::uint8_t>(rest[0]);
    const std::size_t leg = said >> 7;
    const std::size_t bytes = std::min<std::size_t>(said & 0x7F, rest.size() - 1);
    const ByteSpan datagram = rest.subspan(1, bytes);
    rest = rest.subspan(1 + bytes);
    now = now + millis(static_cast<std::int64_t>(bytes));
    check_rtp(datagram);
    check_rtcp(datagram);
    check_sender(sender, now, datagram);
    if (wire::is_rtcp(datagram)) {
      (void)receiver.handle_control(now, datagram);
    } else if (const auto packet = wire::parse_rtp(datagram)) {
      next = check_proof(receiver, now, packet->header, leg, next);
      const rtp::Receiver::Placement placed = receiver.handle_data(now, packet->header, leg);
      if (placed.verdict == Verdict::kAccepted) {
        CHECK(placed.pos >= next);
        next = placed.pos + 1;
      }
      if (placed.verdict == Verdict::kAcceptedLate) CHECK(placed.pos < next);
      const auto original = wire::original_number(datagram.subspan(packet->payload_offset, packet->payload_bytes));
      if (original && receiver.handle_retransmission(now, packet->header, *original).verdict != Verdict::kAcceptedLate)
        CHECK(receiver.first_missing() <= next);
    }
    receiver.handle_timeout(now);
    std::array<std::byte, 1472> scratch;
    while (const std::size_t written = receiver.poll_control(now, {}, scratch))
      CHECK(wire::is_well_formed_rtcp(ByteSpan(scratch).first(written)));
    CHECK(receiver.next_deadline().at > now);
    const auto& stats = receiver.stats();
    CHECK(stats.lost == stats.given_up + stats.repaired + static_cast<std::uint64_t>(receiver.missing_packets()));
  }
  return 0;
}
