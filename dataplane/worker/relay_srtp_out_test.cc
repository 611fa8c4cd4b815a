// Destinations that share an SRTP key: one source, encrypted once, read by a receiver that knows the key and no more.
#include "worker/srtp_out_fixture.h"

namespace fanlight {
namespace {

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

// A host quotes what came to a closed port: who listened there has gone.
TEST_F(RelaySrtpOutTest, AReceiverThatComesBackBeginsAtZeroToo) {
  open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t first = ssrc_to(5'004);
  publish(0x1'0000);
  hear_that_nobody_is_at(5'004, rtp_to(5'004, 1).at(0));
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u);
  run_for(seconds(1));
  Receiver restarted{master};
  const std::vector<Said> said = publish(1);
  ASSERT_EQ(rtp_to(5'004, said).size(), 1u);
  EXPECT_EQ(restarted.open(rtp_to(5'004, said)[0]), payload(published - 1));
  EXPECT_NE(wire::parse_rtp(rtp_to(5'004, said)[0])->header.ssrc, first);
  EXPECT_EQ(wire::parse_rtp(rtp_to(5'006, said).at(0))->header.ssrc, first);
}

// ICMP that does not know our source is anybody's: who listens goes on to read, past the first wrap too.
TEST_F(RelaySrtpOutTest, StrangersIcmpPausesAndTakesNoSourceAway) {
  open_destination(5'004);
  publish_past_the_wrap(5'004, receiver);
  Bytes guessed = rtp_to(5'004, 1).at(0);
  guessed[11] ^= std::byte{1};
  for (const Bytes& quoted : {Bytes{}, Bytes(8), guessed}) {
    hear_that_nobody_is_at(5'004, quoted);
    EXPECT_EQ(rtp_to(5'004, 1).size(), 0u);
    pass(5);
    const std::vector<Bytes> packets = rtp_to(5'004, 1);
    ASSERT_EQ(packets.size(), 1u);
    EXPECT_EQ(receiver.open(packets[0]), payload(published - 1));
  }
  EXPECT_EQ(receiver.sources(), 1u);
}

// Its receiver takes an index for the nearest: beyond half of all numbers it would take it for another.
TEST_F(RelaySrtpOutTest, WhoMissedTooManyPacketsBeginsAtZero) {
  open_destination(5'004);
  open_destination(5'006);
  publish_past_the_wrap(5'004, receiver);
  hear_that_nobody_is_at(5'004);
  publish(0x8000, Micros{10});
  const std::uint32_t first = ssrc_to(5'006);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u) << "still paused";
  pass(2);
  Receiver restarted{master};
  const std::vector<Said> said = publish(1);
  EXPECT_EQ(restarted.open(rtp_to(5'004, said).at(0)), payload(published - 1));
  EXPECT_EQ(wire::parse_rtp(rtp_to(5'006, said).at(0))->header.ssrc, first);
}

// Those that are tried in vain, each at its own time, hold no places.
TEST_F(RelaySrtpOutTest, WhoHasGoneKeepsNoGroup) {
  for (std::uint16_t i = 0; i < 12; ++i) {
    const auto where = static_cast<std::uint16_t>(5'004 + 2 * i);
    ASSERT_NE(open_destination(where), SocketId{});
    hear_that_nobody_is_at(where, rtp_to(where, 10).at(9));
    publish(1);
    EXPECT_EQ(stream.release().srtp(), nullptr);
  }
  const Bytes bye = receiver.protect_control(report(0, true), 3);
  EXPECT_EQ(judged(rtcp_of(5'004), bye), Verdict::kForeignSource) << "but it is heard, with its key";
  EXPECT_EQ(count(Counter::kSrtpLateJoins), 0u);
}

TEST_F(RelaySrtpOutTest, WhoIsPausedIsClosedAndGivesItsGroupBack) {
  const SocketId socket = open_destination(5'004);
  publish(10);
  hear_that_nobody_is_at(5'004);
  EXPECT_NE(stream.release().srtp(), nullptr);
  say(command::CloseSession{socket});
  run_for(millis(30));
  EXPECT_EQ(stream.release().srtp(), nullptr);
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

TEST_F(RelaySrtpOutTest, ControlIsToldTheSourceAndItsRollovers) {
  const SocketId socket = open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  const auto told = next_event<event::DestinationSource>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->ssrc, ssrc);
  EXPECT_FALSE(next_event<event::DestinationSource>()) << "once";
  publish(0x1'0000);
  say(command::AskReport{1, socket});
  breathe();
  const auto report = next_event<event::SessionReport>();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->stats.ssrc, ssrc);
  EXPECT_EQ(report->stats.rollovers, 1u);
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

// No transport stream: 7 TS packets leave room for any tag, and 8 come in no datagram.
TEST_F(RelaySrtpOutTest, WhatATagDoesNotFitBehindIsNotSent) {
  Stream media(256, kSessions, {.latency_max = seconds(2), .payload = {.is_transport_stream = false}});
  const Endpoint feed{IpAddress::v4(192, 0, 2, 1), 5'004};
  say(command::AddStream{StreamIndex{1}, &media});
  say(command::OpenFeed{.request = RequestId{600},
                        .stream = StreamIndex{1},
                        .terms = {.local = feed, .payload_type = 96},
                        .doors = {},
                        .latency = millis(120)});
  say(command::OpenDestination{.request = RequestId{601},
                               .stream = StreamIndex{1},
                               .terms = {.remote = at(5'004)},
                               .path = {.remote = at(5'004), .local = {IpAddress::v4(192, 0, 2, 1), 9000}},
                               .srtp = &key});
  breathe();
  const auto sent = [&](std::uint16_t seq, std::size_t datagram_bytes) {
    Bytes bytes(datagram_bytes);
    wire::write_rtp_header(std::span(bytes).first<12>(), {.payload_type = 96, .seq = seq, .ssrc = 1});
    hear(kPublisher, bytes);
    burst.back().path.local = feed;
    return rtp_to(5'004, breathe(millis(1))).size();
  };
  EXPECT_EQ(sent(1, kDatagramBytesMax), 0u);
  EXPECT_EQ(count(Counter::kPayloadTooLarge), 1u);
  EXPECT_EQ(sent(2, 1'000), 1u);
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

}  // namespace
}  // namespace fanlight
