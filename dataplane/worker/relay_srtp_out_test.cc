// Destinations that share an SRTP key: one source, encrypted once, read by a receiver that knows the key and no more.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "crypto/srtp_keys.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"
#include "wire/test_bytes.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using enum crypto::SrtpSuite;

const Endpoint kPublisher{IpAddress::v4(192, 0, 2, 7), 6'000};
constexpr std::uint32_t kReceiver = 0x9ABC'DEF0;

crypto::SrtpMaster master_of(crypto::SrtpSuite suite, std::uint8_t seed = 7,
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
                                 .wall_offset = seconds(1'700'000'000),
                                 .srtp = with});
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }
  SocketId open_destination(std::uint16_t where) { return open_destination(where, &key); }

  // The next `count` packets of the publisher, in bursts.
  std::vector<Said> publish(std::uint32_t count) {
    std::vector<Said> said;
    while (count > 0) {
      const std::uint32_t burst_size = std::min(count, 64u);
      for (std::uint32_t i = 0; i < burst_size; ++i) hear(kPublisher, data(publisher, SeqNo{kIsn.raw + published++}));
      count -= burst_size;
      for (Said& one : breathe(millis(burst_size))) said.push_back(std::move(one));
      for (Said& one : breathe()) said.push_back(std::move(one));  // What the first slice left.
    }
    return said;
  }
  static Bytes payload(std::uint32_t number) { return Bytes(188, std::byte(kIsn.raw + number)); }
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
  void hear_that_nobody_is_at(std::uint16_t where) {
    hear(at(where), {});
    burst.back().is_unreachable = true;
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

TEST_F(RelaySrtpOutTest, WhatLeavesIsThePayloadForWhoeverHasTheKey) {
  for (const crypto::SrtpSuiteForm& form : crypto::kSrtpSuites) {
    const crypto::SrtpMaster its = master_of(*crypto::srtp_suite_of(form.name));
    crypto::SrtpSendingKey with{its};
    Receiver reader{its};
    const SocketId socket = open_destination(5'004, &with);
    ASSERT_NE(socket, SocketId{});
    const std::uint32_t first = published;
    const std::vector<Bytes> packets = rtp_to(5'004, 40);
    ASSERT_EQ(packets.size(), 40u);
    for (std::uint32_t i = 0; i < 40; ++i) {
      EXPECT_EQ(packets[i].size(), 12 + 188 + form.rtp_tag_bytes);
      EXPECT_EQ(reader.open(packets[i]), payload(first + i)) << form.name;
      EXPECT_EQ(wire::parse_rtp(packets[i])->header.payload_type, 33);
    }
    say(command::CloseSession{socket});
    run_for(millis(30));
  }
}

TEST_F(RelaySrtpOutTest, ManyDestinationsAreSentWhatWasEncryptedOnce) {
  for (std::uint16_t i = 0; i < 8; ++i)
    ASSERT_NE(open_destination(static_cast<std::uint16_t>(5'004 + 2 * i)), SocketId{});
  const std::vector<Said> said = publish(40);
  const std::vector<Bytes> first = rtp_to(5'004, said);
  ASSERT_EQ(first.size(), 40u);
  for (std::uint16_t i = 1; i < 8; ++i) EXPECT_EQ(rtp_to(static_cast<std::uint16_t>(5'004 + 2 * i), said), first);
  EXPECT_EQ(count(Counter::kSrtpMade), 40u);
  EXPECT_EQ(copies.available(), copies.capacity()) << "what has left is let go";
}

TEST_F(RelaySrtpOutTest, AnotherKeyIsAnotherSource) {
  crypto::SrtpSendingKey other{master_of(kAeadAes128Gcm, 99)};
  Receiver others{master_of(kAeadAes128Gcm, 99)};
  open_destination(5'004);
  open_destination(5'006, &other);
  const std::vector<Said> said = publish(1);
  const Bytes one = rtp_to(5'004, said).at(0);
  const Bytes two = rtp_to(5'006, said).at(0);
  EXPECT_NE(wire::parse_rtp(one)->header.ssrc, wire::parse_rtp(two)->header.ssrc);
  EXPECT_EQ(receiver.open(one), others.open(two));
  EXPECT_EQ(receiver.open(two), Bytes{});
}

// Control refuses it as well: what is repaired, or made of clear packets, would leave in clear.
TEST_F(RelaySrtpOutTest, NothingElseGoesWithAKey) {
  for (const DestinationTerms& terms : {DestinationTerms{.remote = at(5'004), .nack = true},
                                        DestinationTerms{.kind = FeedKind::kTransportStream, .remote = at(5'004)},
                                        DestinationTerms{.remote = at(5'004), .leg = DestinationPart::kFecRows}}) {
    say(command::OpenDestination{.request = RequestId{++requests},
                                 .stream = kStream,
                                 .terms = terms,
                                 .path = {.remote = at(5'004), .local = {}},
                                 .wall_offset = {},
                                 .srtp = &key});
    breathe();
    EXPECT_TRUE(next_event<event::SessionRefused>());
  }
}

TEST_F(RelaySrtpOutTest, ClearDestinationsBesideThemStayClear) {
  open_destination(5'004);
  open_destination(5'006, nullptr);
  const std::vector<Said> said = publish(1);
  const Bytes clear = rtp_to(5'006, said).at(0);
  EXPECT_EQ(Bytes(clear.begin() + 12, clear.end()), payload(0));
  EXPECT_EQ(receiver.open(rtp_to(5'004, said).at(0)), payload(0));
}

TEST_F(RelaySrtpOutTest, TheRolloverCounterRisesWhereNumbersWrap) {
  open_destination(5'004);
  std::uint64_t last = 0;
  for (int i = 0; i < 70; ++i) {
    const std::uint32_t first = published;
    const std::vector<Bytes> packets = rtp_to(5'004, 1'024);
    ASSERT_EQ(packets.size(), 1'024u);
    for (std::uint32_t at = 0; at < packets.size(); ++at)
      ASSERT_EQ(receiver.open(packets[at]), payload(first + at)) << first + at;
    EXPECT_TRUE(i == 0 || receiver.last_index == last + 1'024);
    last = receiver.last_index;
  }
  EXPECT_GT(last, 0x1'0000u);
  EXPECT_EQ(receiver.sources(), 1u);
}

TEST_F(RelaySrtpOutTest, NumbersBeginSoThatNobodyMissesTheFirstWrap) {
  open_destination(5'004);
  ASSERT_NE(receiver.open(rtp_to(5'004, 1).at(0)), Bytes{});
  EXPECT_LT(receiver.last_index, SrtpGroup::kStartEnd);
}

TEST_F(RelaySrtpOutTest, APublishersRestartGoesOnInTheSameSource) {
  open_destination(5'004);
  receiver.open(rtp_to(5'004, 3).at(2));
  const std::uint64_t before = receiver.last_index;
  say(command::CloseSession{publisher});
  run_for(millis(500));
  publisher = open(opening(Role::kPublisher, kPublisher, SocketId{6'001}, SeqNo{77'000}));
  hear(kPublisher, data(publisher, SeqNo{77'000}));
  const std::vector<Bytes> packets = rtp_to(5'004, breathe());
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_NE(receiver.open(packets[0]), Bytes{});
  EXPECT_EQ(receiver.last_index, before + 1);
  EXPECT_EQ(receiver.sources(), 1u);
}

// Its receiver takes the counter for 0; the first one's is past that.
TEST_F(RelaySrtpOutTest, WhoComesLateHasASourceThatBeginsAtZero) {
  open_destination(5'004);
  open_destination(5'006);
  publish(SrtpGroup::kJoinEnd);
  open_destination(5'008);
  publish(0x1'0000);
  open_destination(5'010);
  const std::vector<Said> said = publish(4);
  for (const std::uint16_t late : {std::uint16_t{5'008}, std::uint16_t{5'010}})
    EXPECT_NE(rtp_to(late, said), rtp_to(5'004, said));
  EXPECT_EQ(rtp_to(5'006, said), rtp_to(5'004, said));
  Receiver newcomer{master};
  EXPECT_EQ(newcomer.open(rtp_to(5'010, said).at(0)), payload(published - 4));
  EXPECT_EQ(newcomer.open(rtp_to(5'004, said).at(0)), Bytes{}) << "it would not be";
  EXPECT_EQ(count(Counter::kSrtpLateJoins), 0u);
}

TEST_F(RelaySrtpOutTest, AReceiverThatComesBackBeginsAtZeroToo) {
  open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t first = ssrc_to(5'004);
  publish(0x1'0000);
  hear_that_nobody_is_at(5'004);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u);
  run_for(seconds(1));
  Receiver restarted{master};
  const std::vector<Said> said = publish(1);
  ASSERT_EQ(rtp_to(5'004, said).size(), 1u);
  EXPECT_EQ(restarted.open(rtp_to(5'004, said)[0]), payload(published - 1));
  EXPECT_NE(wire::parse_rtp(rtp_to(5'004, said)[0])->header.ssrc, first);
  EXPECT_EQ(wire::parse_rtp(rtp_to(5'006, said).at(0))->header.ssrc, first);
}

// Those that are tried in vain, each at its own time, hold no places.
TEST_F(RelaySrtpOutTest, WhoIsPausedKeepsNoGroup) {
  for (std::uint16_t i = 0; i < 12; ++i) {
    ASSERT_NE(open_destination(static_cast<std::uint16_t>(5'004 + 2 * i)), SocketId{});
    publish(100);
    hear_that_nobody_is_at(static_cast<std::uint16_t>(5'004 + 2 * i));
    publish(1);
    EXPECT_EQ(stream.release().srtp(), nullptr);
  }
  const Bytes bye = receiver.protect_control(report(0, true), 3);
  EXPECT_EQ(judged(rtcp_of(5'004), bye), Verdict::kForeignSource) << "but it is heard, with its key";
  EXPECT_EQ(count(Counter::kSrtpLateJoins), 0u);
}

TEST_F(RelaySrtpOutTest, WithoutAPlaceItJoinsWhatThereIsAndIsCounted) {
  for (std::uint16_t i = 0; i < 10; ++i) {
    ASSERT_NE(open_destination(static_cast<std::uint16_t>(5'004 + 2 * i)), SocketId{});
    publish(SrtpGroup::kJoinEnd);
  }
  EXPECT_EQ(count(Counter::kSrtpLateJoins), 10 - (SrtpOut::kGroupsMax - kSrtpKeysPerStreamMax));
}

TEST_F(RelaySrtpOutTest, AnSsrcNeverComesBackUnderAKey) {
  std::set<std::uint32_t> sources;
  for (int i = 0; i < 50; ++i) {
    const SocketId socket = open_destination(5'004);
    EXPECT_TRUE(sources.insert(ssrc_to(5'004)).second);
    say(command::CloseSession{socket});
    run_for(millis(30));
  }
}

TEST_F(RelaySrtpOutTest, AWornKeyEndsItsDestinationsAndSendsNothingMore) {
  crypto::SrtpSendingKey scarce{master_of(kAesCm128HmacSha1Tag80, 7, 100)};
  const SocketId socket = open_destination(5'004, &scarce);
  open_destination(5'006);
  std::vector<Said> said = publish(128);
  EXPECT_LE(rtp_to(5'004, said).size(), 100u);
  EXPECT_GE(rtp_to(5'004, said).size(), 80u) << "batches of sixteen are taken whole";
  run_for(millis(30));
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->socket, socket);
  EXPECT_EQ(closed->reason, CloseReason::kKeyWornOut);
  EXPECT_EQ(rtp_to(5'006, 10).size(), 10u);
  open_destination(5'004, &scarce);
  EXPECT_EQ(rtp_to(5'004, 10).size(), 0u) << "another source of the same key";
}

TEST_F(RelaySrtpOutTest, ADryPoolLeavesPacketsOutAndIsCounted) {
  open_destination(5'004);
  std::vector<PacketRef> taken;
  while (copies.available() > 10) taken.push_back(copies.take());
  const std::vector<Bytes> packets = rtp_to(5'004, 40);
  EXPECT_EQ(packets.size(), 10u);
  EXPECT_EQ(count(Counter::kCopyPoolDry), 30u);
  taken.clear();
  EXPECT_EQ(rtp_to(5'004, 40).size(), 40u);
}

TEST_F(RelaySrtpOutTest, WhatATagDoesNotFitBehindIsNotSent) {
  open_destination(5'004);
  hear(kPublisher, data(publisher, SeqNo{kIsn.raw + published++}, 1'456));
  EXPECT_EQ(rtp_to(5'004, breathe(millis(1))).size(), 0u);
  EXPECT_EQ(count(Counter::kPayloadTooLarge), 1u);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 1u);
}

TEST_F(RelaySrtpOutTest, APassThatWaitsForThePortGoesOnWithTheSamePackets) {
  for (std::uint16_t i = 0; i < 4; ++i) open_destination(static_cast<std::uint16_t>(5'004 + 2 * i));
  port.fresh_max = 10;
  std::vector<Said> said = publish(30);
  port.fresh_max = SIZE_MAX;
  for (int i = 0; i < 20; ++i)
    for (Said& one : breathe()) said.push_back(std::move(one));
  const std::vector<Bytes> first = rtp_to(5'004, said);
  ASSERT_EQ(first.size(), 30u);
  for (const Bytes& packet : first) EXPECT_NE(receiver.open(packet), Bytes{});
  for (std::uint16_t i = 1; i < 4; ++i) EXPECT_EQ(rtp_to(static_cast<std::uint16_t>(5'004 + 2 * i), said), first);
  EXPECT_EQ(count(Counter::kSrtpMade), 30u);
}

TEST_F(RelaySrtpOutTest, ReportsAreSecretAndNoIndexIsGivenTwice) {
  open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t ssrc = ssrc_to(5'004);
  std::map<std::uint32_t, Bytes> by_index;
  std::size_t heard = 0;
  for (int second = 0; second < 30; ++second) {
    std::vector<Said> said = publish(5);
    for (Said& one : run_for(seconds(1))) said.push_back(std::move(one));
    for (const std::uint16_t where : {std::uint16_t{5'004}, std::uint16_t{5'006}})
      for (const Said& one : to(said, rtcp_of(where))) {
        ++heard;
        const Bytes clear = receiver.open_control(one.bytes);
        ASSERT_FALSE(clear.empty());
        wire::RtcpReader reader(clear);
        const auto sender_report = wire::parse_sender_report(*reader.next());
        ASSERT_TRUE(sender_report);
        EXPECT_EQ(sender_report->ssrc, ssrc);
        EXPECT_EQ(sender_report->bytes, 188 * sender_report->packets);
        const std::uint32_t index = crypto::SrtpKeys(master).peek_control_index(one.bytes);
        const auto [known, is_new] = by_index.emplace(index, one.bytes);
        EXPECT_TRUE(is_new || known->second == one.bytes);
      }
  }
  EXPECT_GE(heard, 8u);
}

TEST_F(RelaySrtpOutTest, ClosedItHearsASecretBye) {
  const SocketId socket = open_destination(5'004);
  publish(1);
  say(command::CloseSession{socket});
  const std::vector<Said> said = to(run_for(millis(30)), rtcp_of(5'004));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(wire::is_well_formed_rtcp(receiver.open_control(said[0].bytes)));
}

TEST_F(RelaySrtpOutTest, ReceiversAreHeardByWhereTheyAre) {
  const SocketId socket = open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t ssrc = ssrc_to(5'004);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 0)), Verdict::kControl);
  say(command::AskReport{1, socket});
  breathe();
  const auto told = next_event<event::SessionReport>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->stats.packets_lost, 3u);
  EXPECT_EQ(judged(rtcp_of(5'006), receiver.protect_control(report(ssrc, true), 7)), Verdict::kControl);
  const auto news = next_event<event::DestinationNews>();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->pause, DestinationPause::kLeft);
  const std::vector<Said> said = publish(1);
  EXPECT_EQ(rtp_to(5'004, said).size(), 1u);
  EXPECT_EQ(rtp_to(5'006, said).size(), 0u);
}

TEST_F(RelaySrtpOutTest, WhatIsClearForgedOrOldSaysNothing) {
  const SocketId socket = open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  const Bytes bye = receiver.protect_control(report(ssrc, true), 5);
  EXPECT_EQ(judged(rtcp_of(5'004), report(ssrc, true)), Verdict::kUndecryptable);
  EXPECT_EQ(judged({IpAddress::v4(203, 0, 113, 1), 9}, report(socket.raw(), true)), Verdict::kUnencrypted);
  Bytes forged = bye;
  forged.back() ^= std::byte{1};
  EXPECT_EQ(judged(rtcp_of(5'004), forged), Verdict::kUndecryptable);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 6)), Verdict::kControl);
  EXPECT_EQ(judged(rtcp_of(5'004), bye), Verdict::kDuplicate) << "recorded before";
  EXPECT_EQ(rtp_to(5'004, 1).size(), 1u);
}

TEST_F(RelaySrtpOutTest, SilenceAndNobodyThereArePausesAsElsewhere) {
  open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 0)), Verdict::kControl);
  run_for(seconds(26));
  const auto news = next_event<event::DestinationNews>();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->pause, DestinationPause::kSilent);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u);
}

TEST_F(RelaySrtpOutTest, WithItsStreamAllIsGivenBack) {
  open_destination(5'004);
  open_destination(5'006);
  publish(10);
  say(command::RemoveStream{kStream});
  run_for(millis(200));
  EXPECT_EQ(copies.available(), copies.capacity());
  EXPECT_EQ(stream.release().srtp(), nullptr);
  EXPECT_EQ(stream.release().size(), 0u);
}

// What a receiver reports names nobody in clear: any worker that hears it knows by its address whose it is.
TEST(RelaySrtpWorkersTest, ReportsFindTheWorkerThatSends) {
  constexpr std::size_t kWorkers = 3;
  Mesh mesh(kWorkers);
  std::vector<std::unique_ptr<RelayFixture>> hosts;
  for (std::size_t i = 0; i < kWorkers; ++i)
    hosts.push_back(std::make_unique<RelayFixture>(256, static_cast<std::uint8_t>(i), &mesh));
  const crypto::SrtpMaster master = master_of(kAeadAes128Gcm);
  crypto::SrtpSendingKey key{master};
  const Endpoint to{IpAddress::v4(198, 51, 100, 1), 5'004};
  const std::size_t home = srtp_worker_of(to, kWorkers);
  hosts[home]->say(command::OpenDestination{.request = RequestId{1},
                                            .stream = RelayFixture::kStream,
                                            .terms = {.remote = to},
                                            .path = {.remote = to, .local = {}},
                                            .wall_offset = {},
                                            .srtp = &key});
  for (const auto& host : hosts) host->breathe();
  const std::uint32_t ssrc = hosts[home]->stream.release().srtp()->groups().front()->ssrc();
  for (std::size_t i = 0; i < kWorkers; ++i) {
    Bytes bytes(128);
    const std::size_t written = wire::write_receiver_report(bytes, kReceiver, {.ssrc = ssrc});
    bytes.resize(key.keys().protect_control(bytes, written, static_cast<std::uint32_t>(i)));
    hosts[(home + i) % kWorkers]->hear({to.ip, 5'005}, bytes);
    for (int turn = 0; turn < 2; ++turn)
      for (const auto& host : hosts) host->breathe();
    EXPECT_EQ(hosts[home]->mailbox.counters.read(Verdict::kControl), i + 1);
    EXPECT_EQ(hosts[(home + i) % kWorkers]->mailbox.counters.read(Verdict::kHandedOver), i == 0 ? 0u : 1u);
  }
}

}  // namespace
}  // namespace fanlight
