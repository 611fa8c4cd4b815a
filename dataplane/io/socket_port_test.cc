#include "io/socket_port.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "io/clock.h"
#include "io/memory_plan.h"
#include "io/socket_port_fixture.h"
#include "io/test_network.h"
#include "io/test_seals.h"

namespace fanlight::io {
namespace {

TEST_F(SocketPortTest, CarriesIPv4BothWays) {
  listen({endpoint("127.0.0.1:0")});
  Caller caller;
  caller_gets_an_answer_from_where_it_called(caller, door("127.0.0.1"));
}

TEST_F(SocketPortTest, CarriesIPv6BothWays) {
  listen({endpoint("[::1]:0")});
  Caller caller("[::1]:0");
  caller_gets_an_answer_from_where_it_called(caller, door("::1"));
}

TEST_F(SocketPortTest, AnswersLeaveFromTheAddressThatWasCalled) {
  listen({endpoint("0.0.0.0:0")});
  Caller caller("127.0.0.3:0");
  caller_gets_an_answer_from_where_it_called(caller, door("127.0.0.2"));
}

TEST_F(SocketPortTest, DualStackAnswersIPv4CallersFromTheAddressTheyCalled) {
  listen({endpoint("[::]:0")});
  Caller six("[::1]:0");
  caller_gets_an_answer_from_where_it_called(six, door("::1"));
  Caller four("127.0.0.3:0");
  caller_gets_an_answer_from_where_it_called(four, door("127.0.0.2"));
}

TEST_F(SocketPortTest, BothWildcardsMayShareAPort) {
  listen({endpoint("0.0.0.0:0")});
  const std::uint16_t port = port_->bound(0).port;
  port_.reset();
  listen({{*IpAddress::parse("::"), port}, {*IpAddress::parse("0.0.0.0"), port}});
  Caller four;
  caller_gets_an_answer_from_where_it_called(four, door("127.0.0.1"));
  EXPECT_EQ(arrivals_[0].path.door, 1);
}

// What this host's other programs have joined is theirs. IPv6's groups want another option, and a route.
TEST_F(SocketPortTest, WildcardHearsNoGroupThatSomebodyElseJoined) {
  const Endpoint group = endpoint("239.77.0.2:0");
  const int member = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ip_mreqn membership{.imr_multiaddr = {}, .imr_address = {htonl(INADDR_LOOPBACK)}, .imr_ifindex = 0};
  std::memcpy(&membership.imr_multiaddr, &group.ip.bytes[12], sizeof membership.imr_multiaddr);
  ASSERT_EQ(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership), 0);
  for (const char* wildcard : {"0.0.0.0:0", "[::]:0"}) {
    listen({endpoint(wildcard)});
    Caller caller;
    caller.say("to the group", {group.ip, port_->bound(0).port});
    caller.say("to us", door("127.0.0.1"));
    ASSERT_EQ(receive(), 1u) << wildcard;
    EXPECT_EQ(text_of(arrivals_[0].packet), "to us");
    arrivals_[0].packet.reset();
    port_.reset();
  }
  close(member);
}

TEST(UdpSocketTest, WildcardHearsNoGroupOfIPv6EitherThatSomebodyElseJoined) {
  std::vector<std::string> notes;
  const Result<UdpSocket> six = UdpSocket::open({.listen = endpoint("[::]:0"), .only_v6 = true}, notes);
  ASSERT_TRUE(six.has_value());
  constexpr int kMulticastAll = 29;  // IPV6_MULTICAST_ALL
  int hears_all = -1;
  socklen_t size = sizeof hears_all;
  ASSERT_EQ(getsockopt(six->fd(), IPPROTO_IPV6, kMulticastAll, &hears_all, &size), 0);
  EXPECT_EQ(hears_all, 0);
}

TEST_F(SocketPortTest, RunToOneViewerIsSegmentedAndArrivesAsSeparateDatagrams) {
  listen({endpoint("127.0.0.1:0")});
  Caller caller;
  caller.say("hello", door("127.0.0.1"));
  ASSERT_EQ(receive(), 1u);
  const Envelope envelope = envelope_to(arrivals_[0].path);
  for (char c = 'a'; c < 'e'; ++c) depart(envelope, std::string(200, c));
  depart(envelope, "short");
  depart(envelope, "another run");

  ASSERT_EQ(port_->transmit(departures_), 6u);

  for (char c = 'a'; c < 'e'; ++c) EXPECT_EQ(caller.hear().text, dressed(std::string(200, c)));
  EXPECT_EQ(caller.hear().text, dressed("short"));
  EXPECT_EQ(caller.hear().text, dressed("another run"));
  EXPECT_EQ(port_->counters().transmit_segmented, 5u);
  EXPECT_EQ(port_->counters().transmit_calls, 1u);
  EXPECT_EQ(port_->counters().transmitted, 6u);
  EXPECT_EQ(port_->counters().transmitted_bytes, 4 * 216u + 21 + 27);
}

TEST_F(SocketPortTest, RunsStopAtSixtyFourSegments) {
  listen({endpoint("[::]:0")}, 4 << 20);
  Caller caller("127.0.0.1:0");
  caller.say("hello", door("127.0.0.1"));
  ASSERT_EQ(receive(), 1u);
  const Envelope envelope = envelope_to(arrivals_[0].path);
  for (int i = 0; i < 150; ++i) depart(envelope, std::to_string(1000 + i));

  ASSERT_EQ(port_->transmit(departures_), 150u);

  for (int i = 0; i < 150; ++i) EXPECT_EQ(caller.hear().text, dressed(std::to_string(1000 + i)));
  EXPECT_EQ(port_->counters().transmit_segmented, 150u);
}

TEST_F(SocketPortTest, UnsendableAddressInTheMiddleDoesNotStopTheOthers) {
  listen({endpoint("127.0.0.1:0")});
  Caller caller;
  caller.say("hello", door("127.0.0.1"));
  ASSERT_EQ(receive(), 1u);
  const Envelope good = envelope_to(arrivals_[0].path);
  Path nowhere = arrivals_[0].path;
  nowhere.remote = endpoint("255.255.255.255:9");
  const Envelope bad = envelope_to(nowhere);
  depart(good, "one");
  depart(bad, "lost");
  depart(bad, "lost");
  depart(good, "two");
  depart(bad, "lost");

  EXPECT_EQ(port_->transmit(departures_), 5u);

  EXPECT_EQ(caller.hear().text, dressed("one"));
  EXPECT_EQ(caller.hear().text, dressed("two"));
  EXPECT_EQ(port_->counters().transmitted, 2u);
  EXPECT_EQ(port_->counters().transmit_refused, 3u);
}

TEST_F(SocketPortTest, RunLargerThanThePathsMtuGoesPacketByPacket) {
  listen({endpoint("127.0.0.1:0")});
  Caller caller;
  caller.say("hello", door("127.0.0.1"));
  ASSERT_EQ(receive(), 1u);
  Envelope envelope = envelope_to(arrivals_[0].path);
  // A source that is not ours: the run is refused, and so is each of its packets.
  Path foreign = arrivals_[0].path;
  foreign.local.ip = *IpAddress::parse("192.0.2.77");
  const Envelope refused = envelope_to(foreign);
  depart(refused, "1");
  depart(refused, "2");
  depart(envelope, "3");
  depart(envelope, "4");

  EXPECT_EQ(port_->transmit(departures_), 4u);

  EXPECT_EQ(caller.hear().text, dressed("3"));
  EXPECT_EQ(caller.hear().text, dressed("4"));
  EXPECT_EQ(port_->counters().transmit_refused, 2u);
  EXPECT_EQ(port_->counters().transmit_segmented, 2u);
}

TEST_F(SocketPortTest, FreshRunIsStampedOrSealedForEachViewer) {
  listen({endpoint("127.0.0.1:0")});
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<Envelope> envelopes;
  for (std::uint32_t i = 0; i < 100; ++i) {
    callers.push_back(std::make_unique<Caller>());
    callers.back()->say("hello", port_->bound(0));
    ASSERT_EQ(receive(), 1u);
    envelopes.push_back(envelope_to(arrivals_[0].path));
    envelopes.back().peer = SocketId{i + 1};
    arrivals_[0].packet.reset();
  }
  std::vector<FreshPacket> packets;
  for (const std::size_t bytes : {1316, 1316, 700}) {
    FreshPacket& packet = packets.emplace_back();
    packet.payload = pool_->take();
    packet.pos = {static_cast<std::int64_t>(packets.size())};
    ASSERT_TRUE(packet.payload.resize(bytes));
    std::memset(packet.payload.bytes().data(), static_cast<int>('a' + packets.size()), bytes);
  }
  std::vector<const Envelope*> viewers;
  for (const Envelope& envelope : envelopes) viewers.push_back(&envelope);

  ASSERT_EQ(port_->transmit_fresh({packets, viewers, 1}), 299u);

  for (std::size_t i = 0; i < callers.size(); ++i) {
    for (std::size_t k = i == 0 ? 1 : 0; k < packets.size(); ++k) {
      std::string expected(kFreshHeaderBytes, 0);
      stamp_fresh(reinterpret_cast<std::byte*>(expected.data()), envelopes[i], packets[k]);
      EXPECT_EQ(callers[i]->hear().text, expected + text_of(packets[k].payload)) << i << ' ' << k;
    }
    EXPECT_EQ(callers[i]->hear().text, "");
  }
  EXPECT_EQ(port_->counters().transmitted, 299u);
  EXPECT_EQ(port_->counters().transmit_segmented, 299u);

  const TestSeals keys(viewers.size());
  ASSERT_EQ(port_->transmit_fresh({packets, viewers, 1, keys.seals()}), 299u);
  for (std::size_t i = 0; i < callers.size(); ++i) {
    for (std::size_t k = i == 0 ? 1 : 0; k < packets.size(); ++k) {
      const std::vector<std::byte> expected = keys.sealed(i, envelopes[i], packets[k]);
      EXPECT_EQ(callers[i]->hear().text, std::string(reinterpret_cast<const char*>(expected.data()), expected.size()));
    }
    EXPECT_EQ(callers[i]->hear().text, "");
  }
  EXPECT_EQ(port_->counters().transmitted, 2 * 299u);
}

TEST_F(SocketPortTest, FullSendBufferStopsAndNothingIsLost) {
  listen({endpoint("127.0.0.1:0")}, 4096);
  Caller caller;
  caller.say("hello", door("127.0.0.1"));
  ASSERT_EQ(receive(), 1u);
  const Envelope envelope = envelope_to(arrivals_[0].path);
  for (int i = 0; i < 200; ++i) depart(envelope, std::string(static_cast<std::size_t>(1 + i % 7), 'x'));

  std::span<Departure> rest = departures_;
  std::size_t heard = 0;
  for (int attempt = 0; attempt < 2000 && !rest.empty(); ++attempt) {
    rest = rest.subspan(port_->transmit(rest));
    while (!caller.hear().text.empty()) ++heard;
  }
  while (!caller.hear().text.empty()) ++heard;
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(heard, 200u);
}

TEST_F(SocketPortTest, GlobalCallerOfOurLinkLocalAddressIsAnsweredFromIt) {
  TestNetwork network;
  if (!network.is_away()) GTEST_SKIP() << "no rights to make a network namespace";
  ASSERT_TRUE(network.add_loopback("fe80::1"));
  listen({endpoint("[::]:0")});
  Caller caller("[::1]:0");
  caller_gets_an_answer_from_where_it_called(caller, door("fe80::1"), if_nametoindex("lo"));
  EXPECT_EQ(port_->counters().transmit_refused, 0u);
}

// Feeds of a group, with and without a source filter and an interface's name, while the interface comes and goes.
class LaterFeedTest : public SocketPortTest {
 protected:
  void open(std::vector<FeedDoor> feeds) {
    auto port = SocketPort::open({.listen = {endpoint("127.0.0.1:0")},
                                  .receive_pool = pool_.get(),
                                  .doorbell = doorbell_,
                                  .feeds = std::move(feeds)});
    ASSERT_TRUE(port.has_value()) << port.error().what;
    port_ = *std::move(port);
  }
  // Whether what this host says to the group comes back by the link.
  bool hears_itself() {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const ip_mreqn by{
        .imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = static_cast<int>(if_nametoindex(TestNetwork::kTap))};
    EXPECT_EQ(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by), 0);
    SocketAddress to = SocketAddress::of(kGroup, false, 0);
    EXPECT_EQ(sendto(fd, "media", 5, 0, to.raw(), to.size), 5);
    close(fd);
    const std::size_t heard = receive();
    for (std::size_t i = 0; i < heard; ++i) arrivals_[i].packet.reset();
    return heard > 0;
  }

  static inline const Endpoint kGroup = endpoint("239.1.2.3:5004");
  static constexpr const char* kOurs = "198.51.100.1";
};

TEST_F(LaterFeedTest, ItsInterfaceMayComeLaterAndBeMadeAnew) {
  for (const std::optional<IpAddress>& source : {std::optional<IpAddress>{}, IpAddress::parse(kOurs)}) {
    TestNetwork network;
    if (!network.is_away()) GTEST_SKIP() << "no rights to make a network namespace";
    ASSERT_TRUE(network.add_loopback("fe80::1"));
    open({{kGroup, {{.source = source, .interface = TestNetwork::kTap}}}});
    port_->rejoin_groups();
    for (int life = 0; life < 30; ++life) {  // More often than a socket may have memberships.
      if (!network.add_silent_link(kOurs)) GTEST_SKIP() << "no TAP device";
      if (life == 0) {
        EXPECT_FALSE(hears_itself()) << "it has not joined";
      }
      port_->rejoin_groups();
      port_->rejoin_groups();
      EXPECT_TRUE(hears_itself()) << life;
      network.remove_silent_link();
    }
    port_.reset();
  }
}

TEST_F(LaterFeedTest, WithoutANameItJoinsWhereTheRoutesLead) {
  TestNetwork network;
  if (!network.is_away()) GTEST_SKIP() << "no rights to make a network namespace";
  ASSERT_TRUE(network.add_loopback("fe80::1"));
  open({{kGroup, {{}}}});
  for (int life = 0; life < 3; ++life) {
    if (!network.add_silent_link(kOurs) || !network.route_groups()) GTEST_SKIP() << "no TAP device";
    port_->rejoin_groups();
    EXPECT_TRUE(hears_itself()) << life;
    network.remove_silent_link();
  }
}

TEST_F(LaterFeedTest, ItsAddressMayComeLater) {
  TestNetwork network;
  if (!network.is_away()) GTEST_SKIP() << "no rights to make a network namespace";
  ASSERT_TRUE(network.add_loopback("fe80::1"));
  open({{{*IpAddress::parse(kOurs), 5004}, {}}});
  if (!network.add_silent_link(kOurs)) GTEST_SKIP() << "no TAP device";
  Caller caller("198.51.100.1:0");
  caller.say("media", {*IpAddress::parse(kOurs), 5004});
  EXPECT_EQ(receive(), 1u);
}

TEST_F(SocketPortTest, WaitEndsWhenABlockedSocketHasRoomAgain) {
  TestNetwork network;
  if (!network.is_away()) GTEST_SKIP() << "no rights to make a network namespace";
  if (!network.add_silent_link("198.51.100.1")) GTEST_SKIP() << "no TAP device";
  listen({endpoint("198.51.100.1:0")}, 4096);
  const Envelope envelope = envelope_to({.remote = endpoint("198.51.100.2:9"), .local = door("198.51.100.1")});
  for (int i = 0; i < 100; ++i) depart(envelope, std::string(static_cast<std::size_t>(100 + i), 'x'));
  const std::size_t gone = port_->transmit(departures_);
  ASSERT_LT(gone, 100u);
  ASSERT_EQ(port_->transmit(std::span(departures_).subspan(gone)), 0u);

  Instant before = MonotonicClock::now();
  port_->wait(millis(30));
  EXPECT_GE(MonotonicClock::now() - before, millis(30)) << "full: nothing to wake for";

  std::thread link([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_TRUE(network.resolve("198.51.100.2"));
  });
  before = MonotonicClock::now();
  port_->wait(millis(900));
  EXPECT_LT(MonotonicClock::now() - before, millis(600));
  link.join();

  before = MonotonicClock::now();
  port_->wait(millis(30));
  EXPECT_GE(MonotonicClock::now() - before, millis(30)) << "one room, one waking";
  EXPECT_GT(port_->transmit(std::span(departures_).subspan(gone)), 0u);
}

TEST(PathTest, LinkLocalPeersOnTwoLinksAreTwo) {
  const Path here{.remote = endpoint("[fe80::2]:9000"), .local = endpoint("[fe80::1]:9000"), .interface_index = 2};
  Path there = here;
  EXPECT_TRUE(here.is_same_peer(there));
  there.local = endpoint("[2001:db8::1]:9000");
  EXPECT_TRUE(here.is_same_peer(there)) << "it may call another address of ours";
  there.interface_index = 3;
  EXPECT_FALSE(here.is_same_peer(there)) << "another kernel interface";
  there = here;
  there.door = 1;
  EXPECT_FALSE(here.is_same_peer(there)) << "another Ethernet device";
}

TEST(PathTest, GlobalPeerIsTheSameOnEveryLink) {
  const Path here{.remote = endpoint("[2001:db8::2]:9000"), .local = endpoint("[fe80::1]:9000"), .interface_index = 2};
  Path there = here;
  there.interface_index = 0;
  there.door = 1;
  EXPECT_TRUE(here.is_same_peer(there));
  there.remote.port = 9001;
  EXPECT_FALSE(here.is_same_peer(there));
}

TEST_F(SocketPortTest, NoSocketStarvesAnother) {
  listen({endpoint("127.0.0.1:0"), endpoint("127.0.0.1:0")});
  Caller loud;
  Caller quiet;
  for (int i = 0; i < 150; ++i) loud.say("noise", door("127.0.0.1", 0));
  quiet.say("signal", door("127.0.0.1", 1));
  bool heard = false;
  for (int call = 0; call < 2; ++call) {
    const std::size_t got = port_->receive(arrivals_);
    for (std::size_t i = 0; i < got; ++i) heard |= text_of(arrivals_[i].packet) == "signal";
  }
  EXPECT_TRUE(heard);
}

TEST_F(SocketPortTest, OversizedDatagramArrivesLongerThanAnyOfOurs) {
  listen({endpoint("127.0.0.1:0")});
  Caller caller;
  caller.say(std::string(1473, 'x'), door("127.0.0.1"));
  caller.say(std::string(9000, 'x'), door("127.0.0.1"));
  caller.say("", door("127.0.0.1"));
  ASSERT_EQ(receive(), 3u);
  EXPECT_EQ(arrivals_[0].packet.bytes().size(), 1473u);
  EXPECT_EQ(arrivals_[1].packet.bytes().size(), kReceiveRoomBytes);
  EXPECT_EQ(arrivals_[2].packet.bytes().size(), 0u);
}

TEST_F(SocketPortTest, DryPoolIsCountedAndTheDatagramWaits) {
  listen({endpoint("127.0.0.1:0")});
  Caller caller;
  std::vector<PacketRef> hoard;
  while (PacketRef packet = pool_->take()) hoard.push_back(std::move(packet));
  caller.say("hello", door("127.0.0.1"));
  EXPECT_EQ(receive(), 0u);
  EXPECT_EQ(port_->counters().receive_pool_dry, 1u);
  const Instant before = MonotonicClock::now();
  port_->wait(millis(500));
  EXPECT_LT(MonotonicClock::now() - before, millis(100));
  hoard.clear();
  EXPECT_EQ(receive(), 1u);
}

TEST_F(SocketPortTest, DoorbellEndsTheWaitOnce) {
  doorbell_ = eventfd(0, EFD_NONBLOCK);
  listen({endpoint("127.0.0.1:0")});
  eventfd_write(doorbell_, 1);
  const Instant before = MonotonicClock::now();
  port_->wait(seconds(5));
  EXPECT_LT(MonotonicClock::now() - before, seconds(1));
  const Instant again = MonotonicClock::now();
  port_->wait(millis(20));
  EXPECT_GE(MonotonicClock::now() - again, millis(20));
  close(doorbell_);
}

TEST_F(SocketPortTest, PortInUseIsOneSentence) {
  listen({endpoint("127.0.0.1:0")});
  const Endpoint taken = door("127.0.0.1");
  const auto second = SocketPort::open({.listen = {taken}, .receive_pool = pool_.get()});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kInUse);
  EXPECT_NE(second.error().what.find("Cannot listen on " + taken.text()), std::string::npos);
  const auto foreign = SocketPort::open({.listen = {endpoint("192.0.2.77:9000")}, .receive_pool = pool_.get()});
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().code, ErrorCode::kNotFound);
}

TEST_F(SocketPortTest, SmallReceiveBufferIsNotedWithItsSysctl) {
  const auto port = SocketPort::open(
      {.listen = {endpoint("127.0.0.1:0")}, .receive_pool = pool_.get(), .receive_buffer_bytes = 1 << 30});
  ASSERT_TRUE(port.has_value());
  ASSERT_EQ((*port)->notes().size(), 2u);
  EXPECT_NE((*port)->notes()[0].find("receive buffer of"), std::string::npos);
}

}  // namespace
}  // namespace fanlight::io
