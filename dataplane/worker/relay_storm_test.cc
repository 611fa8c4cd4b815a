// Everybody asks at once: a loss that each viewer of a crowd reports in the same moment.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

constexpr std::uint32_t kViewers = 2000;
constexpr std::uint32_t kHeld = 40;  // Packets that everybody has been sent.
const Endpoint kPublisherAt = RelayFixture::caller(5000);

class RelayStormTest : public ::testing::Test {
 protected:
  RelayStormTest() {
    say(command::AddStream{RelayFixture::kStream, &stream});
    publisher = open(Role::kPublisher, kPublisherAt, 1);
    for (std::uint32_t i = 0; i < kViewers; ++i) viewers.push_back(open(Role::kViewer, at(i), i + 2));
    for (std::uint32_t i = 0; i < kViewers; ++i)
      inbox.emplace_back(at(i), RelayFixture::bare(viewers[i], wire::ControlType::kKeepAlive));
    while (!inbox.empty()) breathe();
    now = now + millis(10);
    breathe();
    for (std::uint32_t n = 0; n < kHeld; ++n) publish();
    while (relay.queue().room() < kTransmitQueue || counters().read(Counter::kFreshSent) < kHeld * kViewers) breathe();
    now = now + millis(200);
  }
  static Endpoint at(std::uint32_t viewer) { return RelayFixture::caller(static_cast<std::uint16_t>(10'000 + viewer)); }
  template <class C>
  void say(C&& one) {
    Command command{std::forward<C>(one)};
    ASSERT_TRUE(mailbox.commands.try_push(std::move(command)));
  }
  SocketId open(Role role, const Endpoint& from, std::uint32_t peer) {
    say(RelayFixture::opening(role, from, SocketId{peer}));
    breathe();
    Event event;
    SocketId socket;
    while (mailbox.events.try_pop(event))
      if (const auto* opened = std::get_if<event::SessionOpened>(&event)) socket = opened->socket;
    return socket;
  }
  void publish() {
    inbox.emplace_back(kPublisherAt, RelayFixture::data(publisher, {RelayFixture::kIsn.raw + published++}));
  }
  // Each viewer's report of the same packets.
  void all_report(std::uint32_t first, std::uint32_t last, std::uint32_t count = kViewers) {
    for (std::uint32_t i = 0; i < count; ++i)
      inbox.emplace_back(
          at(i), RelayFixture::nak(viewers[i], {{{RelayFixture::kIsn.raw + first}, {RelayFixture::kIsn.raw + last}}}));
  }
  // As the worker breathes, with what has come meanwhile, and no more than it takes. Answers what left.
  std::vector<Said> breathe() {
    std::vector<io::Arrival> burst;
    for (; !inbox.empty() && burst.size() < kReceiveBurst * kReceiveBurstsPerBreath; inbox.pop_front()) {
      const auto& [from, bytes] = inbox.front();
      PacketRef packet = received.take();
      EXPECT_TRUE(packet && packet.resize(bytes.size()));
      std::copy(bytes.begin(), bytes.end(), packet.bytes().begin());
      burst.push_back({std::move(packet), {.remote = from, .local = {IpAddress::v4(192, 0, 2, 1), 9000}}});
    }
    relay.take_commands(now);
    relay.admit(now, burst);
    relay.fire_due_timers(now);
    relay.service_touched(now);
    relay.fan_out(now);
    relay.queue().flush(port);
    now = now + micros(100);
    return std::exchange(port.said, {});
  }
  [[nodiscard]] const WorkerCounters& counters() const { return mailbox.counters; }

  PacketPool headers{4096, kHeaderRoomBytes};
  PacketPool copies{64, kCopyRoomBytes};
  PacketPool received{1024, kCopyRoomBytes};
  Stream stream{256, kViewers, {.latency_max = seconds(2)}};
  Mailbox mailbox;
  KeepingPort port;
  Relay relay{{.worker = 1, .sessions_max = kViewers + 1, .publishers_max = 1, .key = {7, 8}},
              {headers, copies},
              mailbox,
              io::AnyPort::of(port)};
  Instant now{1'000'000'000};
  SocketId publisher;
  std::vector<SocketId> viewers;
  std::uint32_t published = 0;
  std::deque<std::pair<Endpoint, std::vector<std::byte>>> inbox;
};

TEST_F(RelayStormTest, EachIsRepairedOnceWhileFreshPacketsKeepFlowing) {
  all_report(10, 17);
  std::map<Endpoint, std::map<std::uint32_t, int>> repairs;
  const std::uint64_t fresh_before = counters().read(Counter::kFreshSent);
  int breaths = 0;
  for (; counters().read(Counter::kRepairsSent) < 8 * kViewers && breaths < 1000; ++breaths) {
    if (breaths % 20 == 0) publish();
    const std::uint64_t repaired = counters().read(Counter::kRepairsSent);
    const std::uint64_t fresh = counters().read(Counter::kFreshSent);
    for (const Said& one : breathe())
      if (one.data() && one.data()->retransmitted) ++repairs[one.to][one.data()->seq.raw];
    EXPECT_LE(counters().read(Counter::kRepairsSent) - repaired, 256u);
    EXPECT_LE(counters().read(Counter::kFreshSent) - fresh, kFreshPerBreath);
  }
  EXPECT_LT(breaths, 300) << "within 30 ms";
  EXPECT_EQ(repairs.size(), kViewers);
  for (const auto& [viewer, numbers] : repairs) {
    EXPECT_EQ(numbers.size(), 8u);
    for (const auto& [number, times] : numbers) EXPECT_EQ(times, 1) << number;
  }
  // One each 20 breaths, each of which has 256 for the live set: all but the last have gone round.
  EXPECT_GE(counters().read(Counter::kFreshSent) - fresh_before, (published - kHeld - 1) * std::uint64_t{kViewers});
}

// A report that is said again before the repair can have arrived buys next to nothing, and one said later the same as
// the first: also when the whole crowd does so.
TEST_F(RelayStormTest, ReportsSaidAgainAreServedOncePerGuardTime) {
  const Micros guard = millis(5);
  for (std::uint64_t times = 1; times <= 3; ++times) {
    const std::uint64_t sent = counters().read(Counter::kRepairsSent);
    all_report(10, 10);
    while (!inbox.empty()) breathe();
    EXPECT_EQ(counters().read(Counter::kRepairsSent), sent + kViewers) << "what is due is served";
    all_report(10, 10);
    while (!inbox.empty()) breathe();
    EXPECT_LE(counters().read(Counter::kRepairsSent), sent + kViewers + kViewers / 20) << "but for whom was no place";
    EXPECT_EQ(counters().read(Counter::kRepairsSent) + counters().read(Counter::kNakRepeated), times * 2 * kViewers);
    now = now + 2 * guard;
  }
  EXPECT_EQ(counters().read(Counter::kRepairsLimited), 0u);
}

// What the publisher's network lost goes round once when it comes; nobody is repaired alone, however often all ask.
TEST_F(RelayStormTest, ALossOfThePublishersIsServedByItsArrival) {
  const std::uint32_t lost = published++;
  publish();
  for (int i = 0; i < 10; ++i) breathe();
  for (int times = 0; times < 3; ++times) {
    all_report(lost, lost);
    while (!inbox.empty()) breathe();
    now = now + millis(20);
  }
  EXPECT_EQ(counters().read(Counter::kNakNotHeld), 3 * kViewers);
  inbox.emplace_back(kPublisherAt, RelayFixture::data(publisher, {RelayFixture::kIsn.raw + lost}));
  std::map<Endpoint, int> got;
  for (int i = 0; i < 20; ++i)
    for (const Said& one : breathe())
      if (one.data() && one.data()->seq.raw == RelayFixture::kIsn.raw + lost) ++got[one.to];
  EXPECT_EQ(got.size(), kViewers);
  for (const auto& [viewer, times] : got) EXPECT_EQ(times, 1);
  EXPECT_EQ(counters().read(Counter::kRepairsSent), 0u);
}

// Sessions that wait for their turn are not looked through in each breath.
TEST_F(RelayStormTest, TheTimersOfACrowdAreSpreadOverBreaths) {
  now = now + seconds(2);  // Everybody is due a KEEPALIVE.
  std::size_t told = 0;
  int breaths = 0;
  for (; told < kViewers && breaths < 1000; ++breaths) {
    const std::size_t in_breath = RelayFixture::count(breathe(), wire::ControlType::kKeepAlive);
    EXPECT_LE(in_breath, kFreshPerBreath);
    told += in_breath;
  }
  EXPECT_EQ(breaths, (kViewers + kFreshPerBreath - 1) / kFreshPerBreath);
}

}  // namespace
}  // namespace fanlight
