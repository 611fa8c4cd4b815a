// SRTCP of destinations: reports of a source that many hear, and what their receivers say.
#include "worker/srtp_out_fixture.h"

namespace fanlight {
namespace {

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

// A report does for all for a second: what receivers name is in it, not in those that were not sent.
TEST_F(RelaySrtpOutTest, EachMembersRoundTripIsMeasured) {
  constexpr std::uint16_t kMembers = 12;
  std::vector<SocketId> sockets;
  for (std::uint16_t i = 0; i < kMembers; ++i)
    sockets.push_back(open_destination(static_cast<std::uint16_t>(5'004 + 2 * i)));
  const std::uint32_t ssrc = ssrc_to(5'004);
  std::map<std::uint16_t, std::uint32_t> heard;  // What the last report to each says.
  std::set<Bytes> reports;
  for (int i = 0; i < 1'200 && heard.size() < kMembers; ++i) {
    std::vector<Said> said = publish(1);
    for (Said& one : run_for(millis(8))) said.push_back(std::move(one));
    for (std::uint16_t where = 5'004; where < 5'004 + 2 * kMembers; where += 2)
      for (const Said& one : to(said, rtcp_of(where))) {
        reports.insert(one.bytes);
        const Bytes clear = receiver.open_control(one.bytes);
        heard.insert_or_assign(where, wire::parse_sender_report(*wire::RtcpReader(clear).next())->time.middle());
      }
  }
  ASSERT_EQ(heard.size(), kMembers);
  ASSERT_LT(reports.size(), kMembers) << "some were sent the same";
  std::uint32_t index = 0;
  for (const auto& [where, middle] : heard) {
    Bytes answer(64);
    answer.resize(wire::write_receiver_report(answer, kReceiver + where, {.ssrc = ssrc, .last_report = middle}));
    EXPECT_EQ(judged(rtcp_of(where), receiver.protect_control(answer, index++)), Verdict::kControl);
    say(command::AskReport{1, sockets[(where - 5'004) / 2]});
    breathe();
    const auto told = next_event<event::SessionReport>();
    ASSERT_TRUE(told);
    EXPECT_GT(told->stats.rtt, Micros{}) << where;
  }
}

// At a stream's end, and the relay's, the source ends for all.
TEST_F(RelaySrtpOutTest, AtAStreamsEndAllHearBye) {
  open_destination(5'004);
  open_destination(5'006);
  publish(1);
  say(command::RemoveStream{kStream});
  const std::vector<Said> said = run_for(millis(200));
  for (const std::uint16_t where : {std::uint16_t{5'004}, std::uint16_t{5'006}}) {
    ASSERT_EQ(to(said, rtcp_of(where)).size(), 1u);
    EXPECT_TRUE(wire::is_well_formed_rtcp(receiver.open_control(to(said, rtcp_of(where))[0].bytes)));
  }
}

TEST_F(RelaySrtpOutTest, AtTheRelaysEndAllHearBye) {
  open_destination(5'004);
  open_destination(5'006);
  publish(1);
  say(command::Stop{});
  const std::vector<Said> said = run_for(millis(200));
  for (const std::uint16_t where : {std::uint16_t{5'004}, std::uint16_t{5'006}}) {
    ASSERT_EQ(to(said, rtcp_of(where)).size(), 1u);
    EXPECT_TRUE(wire::is_well_formed_rtcp(receiver.open_control(to(said, rtcp_of(where))[0].bytes)));
  }
}

// Recorded, it would end the source for the others.
TEST_F(RelaySrtpOutTest, NobodyHearsByeOfASourceThatOthersHear) {
  const SocketId socket = open_destination(5'004);
  open_destination(5'006);
  publish(1);
  say(command::CloseSession{socket});
  const std::vector<Said> said = run_for(millis(30));
  EXPECT_EQ(to(said, rtcp_of(5'004)).size() + to(said, rtcp_of(5'006)).size(), 0u);
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
  EXPECT_EQ(judged(rtcp_of(5'004), report(ssrc, true)), Verdict::kUnauthentic);
  EXPECT_EQ(judged({IpAddress::v4(203, 0, 113, 1), 9}, report(socket.raw(), true)), Verdict::kUnencrypted);
  Bytes forged = bye;
  forged.back() ^= std::byte{1};
  EXPECT_EQ(judged(rtcp_of(5'004), forged), Verdict::kUnauthentic);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 6)), Verdict::kControl);
  EXPECT_EQ(judged(rtcp_of(5'004), bye), Verdict::kReplayed) << "recorded before";
  EXPECT_EQ(rtp_to(5'004, 1).size(), 1u);
}

TEST_F(RelaySrtpOutTest, SilenceAndNobodyThereArePausesAsElsewhere) {
  open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 0)), Verdict::kControl);
  publish(120);  // 25 kB with their headers.
  run_for(seconds(31));
  const auto news = next_event<event::DestinationNews>();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->pause, DestinationPause::kSilent);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u);
}

// All that have the key are authentic to each other: one receiver's word is not another's.
TEST_F(RelaySrtpOutTest, WhatOneReceiverSaidSaysNothingAboutAnotherDestination) {
  open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t ssrc = ssrc_to(5'004);
  const Bytes bye = receiver.protect_control(report(ssrc, true), 5);
  EXPECT_EQ(judged(rtcp_of(5'004), bye), Verdict::kControl);
  EXPECT_EQ(judged(rtcp_of(5'006), bye), Verdict::kReplayed);
  const std::vector<Said> said = publish(1);
  EXPECT_EQ(rtp_to(5'004, said).size(), 0u);
  EXPECT_EQ(rtp_to(5'006, said).size(), 1u);
}

// Recorded, an empty report would take its source away from a receiver that never reports.
TEST_F(RelaySrtpOutTest, AnotherReceiversEmptyReportBeginsNothingAnew) {
  open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t ssrc = ssrc_to(5'006);
  const Bytes empty = receiver.protect_control(from_hex("80c90001 9abcdef0"), 5);
  EXPECT_EQ(judged(rtcp_of(5'004), empty), Verdict::kForeignSource);
  publish(0x1'0000);
  EXPECT_EQ(judged(rtcp_of(5'006), empty), Verdict::kReplayed);
  EXPECT_EQ(ssrc_to(5'006), ssrc);
}

TEST_F(RelaySrtpOutTest, FromAnotherPortItIsNobodysAndNotMalformed) {
  const SocketId socket = open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  const Bytes said = receiver.protect_control(report(ssrc, true), 5);
  EXPECT_EQ(judged(at(40'000), said), Verdict::kForeignSource);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 1u);
  say(command::CloseSession{socket});
  run_for(millis(30));
  EXPECT_EQ(judged(at(40'000), said), Verdict::kMalformed) << "nobody has SRTP";
}

// Its way back may be broken, and nothing else: it reads on. One that was restarted says that it reads nothing.
TEST_F(RelaySrtpOutTest, WhoFellSilentGoesOnInItsSourceUntilAnotherReportsNoneOfIt) {
  open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  publish_past_the_wrap(5'004, receiver);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 0)), Verdict::kControl);
  publish(120);  // 25 kB with their headers.
  pass(31);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u) << "silent";
  pass(30);
  const std::vector<Bytes> packets = rtp_to(5'004, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(receiver.open(packets[0]), payload(published - 1));
  EXPECT_EQ(receiver.sources(), 1u);
  const Bytes restarted = from_hex("80c90001 11223344");
  for (std::uint32_t second = 0; second < 20; ++second) {
    publish(2);
    run_for(seconds(1));
    if (second % 5 == 0) hear(rtcp_of(5'004), receiver.protect_control(restarted, second));
  }
  Receiver late{master};
  const Bytes packet = rtp_to(5'004, 1).at(0);
  EXPECT_EQ(late.open(packet), payload(published - 1));
}

Bytes empty_report() { return from_hex("80c90001 9abcdef0"); }

// Its tags are right, and it reports nothing about a source that it cannot read.
TEST_F(RelaySrtpOutTest, AReceiverThatBeganTooLateIsHeardAndBegunAnew) {
  open_destination(5'004);
  open_destination(5'006);
  const std::uint32_t first = ssrc_to(5'004);
  publish(0x1'0000);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(empty_report(), 0)), Verdict::kForeignSource);
  Receiver late{master};
  const std::vector<Said> said = publish(1);
  EXPECT_EQ(late.open(rtp_to(5'004, said).at(0)), payload(published - 1));
  EXPECT_EQ(wire::parse_rtp(rtp_to(5'006, said).at(0))->header.ssrc, first);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(empty_report(), 1)), Verdict::kForeignSource);
  const std::uint32_t second = ssrc_to(5'004);
  EXPECT_EQ(ssrc_to(5'004), second) << "not again";
  EXPECT_EQ(judged(rtcp_of(5'006), receiver.protect_control(report(first), 2)), Verdict::kControl);
  EXPECT_EQ(judged(rtcp_of(5'006), receiver.protect_control(empty_report(), 3)), Verdict::kForeignSource);
  EXPECT_EQ(ssrc_to(5'006), first) << "who reported lately reads it";
}

// Authentic, since we made it, and about nobody's packets.
TEST_F(RelaySrtpOutTest, OurOwnReportSentBackBeginsNothingAnew) {
  open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  publish(SrtpGroup::kJoinEnd);
  std::vector<Said> said;
  while (said.empty()) {
    publish(1);
    said = to(run_for(seconds(1)), rtcp_of(5'004));
  }
  EXPECT_EQ(judged(rtcp_of(5'004), said[0].bytes), Verdict::kForeignSource);
  EXPECT_EQ(ssrc_to(5'004), ssrc);
}

TEST_F(RelaySrtpOutTest, IcmpDoesNotContradictWhoReports) {
  open_destination(5'004);
  const std::uint32_t ssrc = ssrc_to(5'004);
  EXPECT_EQ(judged(rtcp_of(5'004), receiver.protect_control(report(ssrc), 0)), Verdict::kControl);
  hear_that_nobody_is_at(5'004);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 1u);
  run_for(seconds(21));
  hear_that_nobody_is_at(5'004);
  EXPECT_EQ(rtp_to(5'004, 1).size(), 0u);
}

// Each worker hears its own destinations, and what was said to one was said to all.
TEST(RelaySrtpWorkersTest, ARecordingIsOneOnAllWorkers) {
  constexpr std::size_t kWorkers = 3;
  Mesh mesh(kWorkers);
  std::vector<std::unique_ptr<RelayFixture>> hosts;
  for (std::size_t i = 0; i < kWorkers; ++i)
    hosts.push_back(std::make_unique<RelayFixture>(256, static_cast<std::uint8_t>(i), &mesh));
  crypto::SrtpSendingKey key{master_of(kAeadAes128Gcm)};
  const Endpoint first{IpAddress::v4(198, 51, 100, 1), 5'004};
  Endpoint second = first;
  while (srtp_worker_of(second, kWorkers) == srtp_worker_of(first, kWorkers)) second.port += 2;
  Bytes bytes(128);
  bytes.resize(key.keys().protect_control(bytes, wire::write_receiver_report(bytes, kReceiver, {.ssrc = 1}), 4));
  for (const Endpoint& to : {first, second}) {
    RelayFixture& home = *hosts[srtp_worker_of(to, kWorkers)];
    home.say(command::OpenDestination{.request = RequestId{1},
                                      .stream = RelayFixture::kStream,
                                      .terms = {.remote = to},
                                      .path = {.remote = to, .local = {}},
                                      .srtp = &key});
    home.breathe();
    home.hear({to.ip, static_cast<std::uint16_t>(to.port + 1)}, bytes);
    home.breathe();
    const Verdict expected = to == first ? Verdict::kForeignSource : Verdict::kReplayed;
    EXPECT_EQ(home.mailbox.counters.read(expected), 1u);
  }
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
