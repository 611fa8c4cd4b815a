// A relay with SRTP destinations, and a receiver that knows the key and no more. For the tests beside the code.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "crypto/srtp_keys.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"
#include "wire/test_bytes.h"
#include "worker/relay_fixture.h"

namespace fanlight {

using enum crypto::SrtpSuite;

inline const Endpoint kPublisher{IpAddress::v4(192, 0, 2, 7), 6'000};
inline constexpr std::uint32_t kReceiver = 0x9ABC'DEF0;

inline crypto::SrtpMaster master_of(crypto::SrtpSuite suite, std::uint8_t seed = 7,
                                    std::uint64_t packets_max = crypto::kSrtpIndexEnd) {
  Bytes bytes(form_of(suite).master_bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(seed + i);
  return {suite, crypto::SecretBytes(bytes), packets_max};
}

// As RFC 3711 has it, appendix A: a source that is new begins with a rollover counter of 0.
class Receiver {
 public:
  explicit Receiver(const crypto::SrtpMaster& master) : keys_(master) {}
  // The payload; empty: it is not for this key, or its counter is another.
  Bytes open(Bytes packet) {
    const auto parsed = wire::parse_rtp(packet);
    if (!parsed) return {};
    Source& source = sources_[parsed->header.ssrc];
    const std::uint64_t index = guess(source, parsed->header.seq);
    if (!keys_.unprotect({packet, 12, parsed->header.ssrc, index})) return {};
    EXPECT_TRUE(seen_.insert({parsed->header.ssrc, index}).second) << "an index given twice";
    source.newest = std::max(source.newest.value_or(0), index);
    last_index = index;
    packet.resize(packet.size() - keys_.form().rtp_tag_bytes);
    return {packet.begin() + 12, packet.end()};
  }
  Bytes open_control(Bytes packet) {
    packet.resize(keys_.unprotect_control(packet));
    return packet;
  }
  Bytes protect_control(Bytes packet, std::uint32_t index) {
    const std::size_t bytes = packet.size();
    packet.resize(bytes + 32);
    packet.resize(keys_.protect_control(packet, bytes, index));
    return packet;
  }
  [[nodiscard]] std::size_t sources() const { return sources_.size(); }
  std::uint64_t last_index = 0;

 private:
  struct Source {
    std::optional<std::uint64_t> newest;
  };
  static std::uint64_t guess(const Source& source, std::uint16_t number) {
    if (!source.newest) return number;
    const auto step = static_cast<std::int16_t>(number - static_cast<std::uint16_t>(*source.newest));
    return *source.newest + static_cast<std::uint64_t>(std::int64_t{step});
  }
  crypto::SrtpKeys keys_;
  std::map<std::uint32_t, Source> sources_;
  std::set<std::pair<std::uint32_t, std::uint64_t>> seen_;
};

class RelaySrtpOutTest : public ::testing::Test, protected RelayFixture {
 protected:
  void SetUp() override { publisher = open(opening(Role::kPublisher, kPublisher, SocketId{6'000})); }

  static Endpoint at(std::uint16_t where) { return {IpAddress::v4(198, 51, 100, 1), where}; }
  static Endpoint rtcp_of(std::uint16_t where) { return at(static_cast<std::uint16_t>(where + 1)); }
  SocketId open_destination(std::uint16_t where, crypto::SrtpSendingKey* with) {
    say(command::OpenDestination{.request = RequestId{++requests},
                                 .stream = kStream,
                                 .terms = {.remote = at(where)},
                                 .path = {.remote = at(where), .local = {IpAddress::v4(192, 0, 2, 1), 9000}},
                                 .random = 0xFFFF'FFFC,
                                 .srtp = with});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  SocketId open_destination(std::uint16_t where) { return open_destination(where, &key); }

  // The next `count` packets of the publisher, in bursts.
  std::vector<Said> publish(std::uint32_t count) { return publish(count, millis(1)); }
  // `spacing`: of bursts, by packet.
  std::vector<Said> publish(std::uint32_t count, Micros spacing) {
    std::vector<Said> said;
    while (count > 0) {
      const std::uint32_t burst_size = std::min(count, 64u);
      for (std::uint32_t i = 0; i < burst_size; ++i) hear(kPublisher, data(publisher, SeqNo{kIsn.raw + published++}));
      count -= burst_size;
      for (Said& one : breathe(burst_size * spacing)) said.push_back(std::move(one));
      for (Said& one : breathe()) said.push_back(std::move(one));  // What the first slice left.
    }
    return said;
  }
  static Bytes payload(std::uint32_t number) { return ts_payload(kIsn.raw + number); }
  std::vector<Bytes> rtp_to(std::uint16_t where, std::uint32_t count) { return rtp_to(where, publish(count)); }
  static std::vector<Bytes> rtp_to(std::uint16_t where, const std::vector<Said>& said) {
    std::vector<Bytes> packets;
    for (const Said& one : to(said, at(where)))
      if (!wire::is_rtcp(one.bytes)) packets.push_back(one.bytes);
    return packets;
  }
  std::uint32_t ssrc_to(std::uint16_t where) {
    const std::vector<Bytes> packets = rtp_to(where, 1);
    return packets.empty() ? 0 : wire::parse_rtp(packets[0])->header.ssrc;
  }
  // Seconds with little in them.
  void pass(int count) {
    for (int i = 0; i < count; ++i) {
      publish(1);
      run_for(seconds(1));
    }
  }
  // Until numbers have wrapped; `reader` follows.
  void publish_past_the_wrap(std::uint16_t where, Receiver& reader) {
    for (int i = 0; i < 66; ++i) ASSERT_NE(reader.open(rtp_to(where, 1'024).back()), Bytes{});
    ASSERT_GT(reader.last_index, 0x1'0000u);
  }
  static Bytes report(std::uint32_t about, bool with_bye = false) {
    Bytes bytes(64);
    std::size_t written = wire::write_receiver_report(bytes, kReceiver, {.ssrc = about, .lost = 3, .jitter = 90});
    if (with_bye) written += wire::write_bye(MutableByteSpan{bytes}.subspan(written), kReceiver);
    bytes.resize(written);
    return bytes;
  }
  Verdict judged(const Endpoint& from, ByteSpan datagram) {
    std::vector<Said> answers;
    hear(from, datagram);
    const std::vector<Verdict> verdicts = judge(answers);
    EXPECT_EQ(verdicts.size(), 1u);
    return verdicts.at(0);
  }
  // `quoted`: the start of what did not arrive.
  void hear_that_nobody_is_at(std::uint16_t where, ByteSpan quoted = {}) {
    hear(at(where), quoted);
    burst.back().undelivered = io::Undelivered::kUnreachable;
    breathe();
  }
  std::uint64_t count(Counter counter) { return mailbox.counters.read(counter); }

  SocketId publisher;
  std::uint64_t requests = 700;
  std::uint32_t published = 0;
  const crypto::SrtpMaster master = master_of(kAesCm128HmacSha1Tag80);
  crypto::SrtpSendingKey key{master};
  Receiver receiver{master};
};

}  // namespace fanlight
