// What becomes of datagrams that nobody takes, and how far they go.
#include <optional>
#include <span>
#include <utility>

#include "io/socket_port_fixture.h"

namespace fanlight::io {
namespace {

// Sent to nobody, and to somebody right behind.
class UnreachableTest : public SocketPortTest,
                        public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(UnreachableTest, IsToldOnceAndHarmsNobodyElse) {
  const auto [ours, theirs] = GetParam();
  listen({endpoint(ours)});
  std::optional<Caller> gone(std::in_place, theirs);
  Caller there(theirs);
  const auto path_to = [&](Caller& caller) {
    caller.say("hello", door(endpoint(theirs).ip.text().c_str()));
    EXPECT_EQ(receive(), 1u);
    return arrivals_[0].path;
  };
  const Path nowhere = path_to(*gone);
  const Path somewhere = path_to(there);
  gone.reset();
  Envelope to_nowhere;
  to_nowhere.dress = Dress::kRtp;
  port_->address(nowhere, to_nowhere);
  Envelope to_somewhere = envelope_to(somewhere);
  for (int i = 0; i < 3; ++i) {
    depart(to_nowhere, "lost");
    ASSERT_EQ(port_->transmit(departures_), 1u);
    departures_.clear();
    depart(to_somewhere, "kept");
    ASSERT_EQ(port_->transmit(departures_), 1u);
    departures_.clear();
    EXPECT_EQ(there.hear().text, dressed("kept")) << "the other's error is not this one's";
  }
  EXPECT_EQ(port_->counters().transmit_refused, 0u);
  std::size_t told = 0;
  for (int i = 0; i < 5; ++i)
    for (const Arrival& one : std::span(arrivals_).first(receive())) {
      EXPECT_EQ(one.undelivered, Undelivered::kUnreachable);
      EXPECT_EQ(one.path.remote, nowhere.remote);
      EXPECT_EQ(text_of(one.packet).substr(0, 4), "hhhh") << "what it quotes";
      ++told;
    }
  EXPECT_EQ(told, 3u);
  there.say("after", door(endpoint(theirs).ip.text().c_str()));
  ASSERT_EQ(receive(), 1u);
  EXPECT_EQ(arrivals_[0].undelivered, Undelivered::kNo);
}

INSTANTIATE_TEST_SUITE_P(Families, UnreachableTest,
                         testing::Values(std::pair{"127.0.0.1:0", "127.0.0.1:0"}, std::pair{"[::1]:0", "[::1]:0"},
                                         std::pair{"[::]:0", "127.0.0.1:0"}));

TEST_F(SocketPortTest, WhoIsSentSrtBringsNoErrors) {
  listen({endpoint("127.0.0.1:0")});
  std::optional<Caller> gone(std::in_place);
  gone->say("hello", door("127.0.0.1"));
  ASSERT_EQ(receive(), 1u);
  const Envelope envelope = envelope_to(arrivals_[0].path);
  gone.reset();
  depart(envelope, "lost");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(port_->receive(arrivals_), 0u);
}

// The first is a broadcast address, the second leaves from an address that nobody has.
TEST_F(SocketPortTest, WhatTheHostWouldNotSendIsToldOnce) {
  listen({endpoint("127.0.0.1:0")});
  const Path broadcast{.remote = endpoint("127.255.255.255:9"), .local = port_->bound(0)};
  const Path from_nowhere{.remote = endpoint("127.0.0.1:9"), .local = endpoint("192.0.2.9:0")};
  for (const Path& path : {broadcast, from_nowhere}) {
    Envelope envelope;
    envelope.dress = Dress::kRtp;
    port_->address(path, envelope);
    for (int i = 0; i < 3; ++i) depart(envelope, "lost");
    ASSERT_EQ(port_->transmit(departures_), 3u);
    departures_.clear();
    ASSERT_EQ(port_->receive(arrivals_), 1u);
    EXPECT_EQ(arrivals_[0].undelivered, Undelivered::kUnreachable);
    EXPECT_EQ(arrivals_[0].path.remote, path.remote);
    EXPECT_EQ(arrivals_[0].packet.bytes().size(), 0u);
    EXPECT_EQ(port_->receive(arrivals_), 0u);
  }
  EXPECT_EQ(port_->counters().transmit_refused, 6u);
  const Envelope srt = envelope_to(broadcast);
  depart(srt, "lost");
  ASSERT_EQ(port_->transmit(departures_), 1u);
  EXPECT_EQ(port_->receive(arrivals_), 0u) << "a viewer of SRT is silent soon enough";
}

// A run of two, so that the sizes of segments stand beside it.
TEST_F(SocketPortTest, ATtlIsTheDatagramsOwn) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    listen({endpoint(address)});
    Caller caller(address);
    caller.ask_for_ttl();
    caller.say("hello", door(endpoint(address).ip.text().c_str()));
    ASSERT_EQ(receive(), 1u);
    Envelope envelope;
    envelope.ttl = 7;
    port_->address(arrivals_[0].path, envelope);
    depart(envelope, "one");
    depart(envelope, "two");
    ASSERT_EQ(port_->transmit(departures_), 2u);
    departures_.clear();
    EXPECT_EQ(caller.hear_ttl(), 7);
    EXPECT_EQ(caller.hear_ttl(), 7);
  }
}

}  // namespace
}  // namespace fanlight::io
