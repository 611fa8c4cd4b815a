// A relay with a feed: RTP and bare transport streams that come to an address of ours. For the tests beside the code.
#pragma once

#include <gtest/gtest.h>

#include "wire/rtcp.h"
#include "wire/rtp_feedback.h"
#include "wire/rtp_header.h"
#include "worker/relay_fixture.h"

namespace fanlight {

inline const Endpoint kSender{IpAddress::v4(198, 51, 100, 1), 40'000};
inline const Endpoint kOther{IpAddress::v4(198, 51, 100, 2), 40'000};
inline const Endpoint kFeed{IpAddress::v4(192, 0, 2, 1), 5'004};
inline constexpr std::uint32_t kSsrc = 0xABCD;

class RelayFeedsTest : public ::testing::Test, protected RelayFixture {
 protected:
  static std::vector<std::byte> payload(std::size_t number) {
    std::vector<std::byte> bytes(2 * 188, std::byte(number));
    bytes[0] = bytes[188] = std::byte{0x47};
    return bytes;
  }
  static std::vector<std::byte> rtp(std::uint16_t seq, std::uint32_t ssrc = kSsrc, std::uint8_t payload_type = 33) {
    std::vector<std::byte> bytes(12);
    wire::write_rtp_header(std::span(bytes).first<12>(),
                           {.payload_type = payload_type, .seq = seq, .timestamp = seq * 900u, .ssrc = ssrc});
    const std::vector<std::byte> content = payload(seq);
    bytes.insert(bytes.end(), content.begin(), content.end());
    return bytes;
  }
  static std::vector<std::byte> sender_report() {
    std::vector<std::byte> bytes(28);
    (void)wire::write_sender_report(bytes, {.ssrc = kSsrc, .time = {1, 2}});
    return bytes;
  }
  static std::vector<std::byte> bye() {
    std::vector<std::byte> bytes(8);
    (void)wire::write_bye(bytes, kSsrc);
    return bytes;
  }
  Verdict judged(const Endpoint& from, ByteSpan datagram, const Endpoint& local = kFeed) {
    hear(from, datagram);
    burst.back().path.local = local;
    const std::vector<Verdict> verdicts = judge(answers, millis(1));
    EXPECT_EQ(verdicts.size(), 1u) << "one verdict for one datagram";
    return verdicts.at(0);
  }
  SocketId open_feed(FeedTerms terms = {.local = kFeed}, std::uint64_t request = 500) {
    say(command::OpenFeed{.request = RequestId{request},
                          .stream = kStream,
                          .terms = terms,
                          .doors = {},
                          .latency = millis(120),
                          .own_ssrc = 42});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  SocketId open_viewer(std::uint16_t number) { return open(opening(Role::kViewer, caller(number), SocketId{number})); }

  std::uint64_t count_of(Counter counter) { return mailbox.counters.read(counter); }

  std::vector<Said> answers;
};

// A retransmission of number `original` (RFC 4588).
inline std::vector<std::byte> retransmission(std::vector<std::byte> packet, std::uint16_t seq,
                                             std::uint32_t ssrc = 0x7777) {
  const wire::RtpHeader header = wire::parse_rtp(packet)->header;
  wire::write_rtp_header(std::span(packet).first<12>(),
                         {.payload_type = 97, .seq = seq, .timestamp = header.timestamp, .ssrc = ssrc});
  packet.insert(packet.begin() + 12, {std::byte(header.seq >> 8), std::byte(header.seq & 0xFF)});
  return packet;
}

}  // namespace fanlight
