// What the desk tells about its sessions, and that nobody can make it tell without end.
#include "session/event_feed.h"

#include <gmock/gmock.h>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using Kind = SessionEvent::Kind;
using testing::ElementsAre;

TEST(EventFeedTest, TheOldestGoesAndTheGapShows) {
  EventFeed feed;
  const Instant now{5'000'000};
  for (std::size_t i = 0; i < EventFeed::kHeldMax + 3; ++i) feed.add(now, {.kind = Kind::kConnect});
  EXPECT_EQ(feed.dropped(), 3u);
  EXPECT_EQ(feed.poll()->number, 4u);
  std::size_t left = 0;
  while (feed.poll()) ++left;
  EXPECT_EQ(left, EventFeed::kHeldMax - 1);
}

TEST(EventFeedTest, AFloodOfRejectionsLeavesRoomForWhatMatters) {
  EventFeed feed;
  const Instant now{5'000'000};
  const std::uint64_t flood = 5'000;
  for (std::uint64_t i = 0; i < flood; ++i) feed.add(now, {.kind = Kind::kRejected});
  feed.add(now, {.kind = Kind::kConnect});
  feed.add(now + seconds(1), {.kind = Kind::kRejected});
  EXPECT_EQ(feed.dropped(), flood - EventFeed::kRejectionsPerSecond);
  std::vector<SessionEvent> seen;
  while (auto event = feed.poll()) seen.push_back(*std::move(event));
  ASSERT_EQ(seen.size(), EventFeed::kRejectionsPerSecond + 2u);
  EXPECT_EQ(seen[seen.size() - 2].kind, Kind::kConnect);
  EXPECT_EQ(seen.back().number, flood + 2);
}

TEST(EventQueueTest, APublishersWordsOutlastAFloodOfViewersThatComeAndGo) {
  EventFeed feed;
  const Instant now{5'000'000};
  const IpAddress studio = IpAddress::v4(203, 0, 113, 7);
  feed.add(now, {.kind = Kind::kPublishStart, .role = Role::kPublisher, .caller = studio});
  feed.add(now, {.kind = Kind::kKeyRotated, .role = Role::kPublisher, .caller = studio});
  feed.add(now, {.kind = Kind::kBan});
  for (std::size_t i = 0; i < 3 * EventFeed::kHeldMax; ++i)
    feed.add(now, {.kind = Kind::kConnect,
                   .role = Role::kViewer,
                   .caller = IpAddress::v4(10, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1)});
  EXPECT_EQ(feed.poll()->kind, Kind::kPublishStart);
  EXPECT_EQ(feed.poll()->kind, Kind::kKeyRotated);
  EXPECT_EQ(feed.poll()->kind, Kind::kBan);
  EXPECT_EQ(feed.dropped(), 2 * EventFeed::kHeldMax + 3);
}

TEST(EventQueueTest, OneSitesCrowdGivesWayToItselfAndTheRestKeepsItsOrder) {
  EventQueue<int> queue{8};
  const EventRank crowd{EventWorth::kViewer, IpAddress::v4(198, 51, 100, 0)};
  const EventRank other{EventWorth::kViewer, IpAddress::v4(192, 0, 2, 0)};
  EXPECT_FALSE(queue.add(1, other));
  for (int i = 2; i <= 5; ++i) EXPECT_FALSE(queue.add(i, crowd));
  EXPECT_FALSE(queue.add(6, other));
  EXPECT_FALSE(queue.add(7, {EventWorth::kRejection, other.site}));
  EXPECT_FALSE(queue.add(8, crowd));
  EXPECT_TRUE(queue.add(9, crowd)) << "a rejection goes first";
  EXPECT_TRUE(queue.add(10, other));
  EXPECT_TRUE(queue.add(11, {EventWorth::kPublisher, crowd.site}));
  std::vector<int> left;
  while (!queue.is_empty()) left.push_back(queue.take());
  EXPECT_THAT(left, ElementsAre(1, 4, 5, 6, 8, 9, 10, 11));
}

class DeskEventsTest : public DeskTest {
 protected:
  std::vector<SessionEvent> take_events() {
    std::vector<SessionEvent> out;
    while (auto event = desk().poll_session_event()) out.push_back(*std::move(event));
    return out;
  }
  static std::vector<std::string> names(const std::vector<SessionEvent>& events) {
    std::vector<std::string> out;
    for (const SessionEvent& event : events) out.emplace_back(name_of(event.kind));
    return out;
  }
};

TEST_F(DeskEventsTest, APublishersLifeIsTold) {
  begin({rule("live/main")});
  const command::OpenSession opening = let_in(publisher("live/main"));
  EXPECT_TRUE(take_events().empty()) << "the worker has not opened it yet";
  opened(opening, 17);
  std::vector<SessionEvent> events = take_events();
  EXPECT_THAT(names(events), ElementsAre("connect", "publish_start"));
  EXPECT_EQ(events[0].session, SocketId{17});
  EXPECT_EQ(events[0].role, Role::kPublisher);
  EXPECT_EQ(events[0].stream, "live/main");
  EXPECT_EQ(events[0].user, "ann");
  EXPECT_EQ(events[0].address, "192.0.2.9:5000");
  EXPECT_EQ(events[0].srt_version, 0x0001'0501u);
  EXPECT_EQ(events[1].number, 2u);
  EXPECT_EQ(rank_of(events[1]).worth, EventWorth::kPublisher);
  EXPECT_EQ(rank_of(events[1]).site, IpAddress::v4(192, 0, 2, 0));

  now_ = now_ + seconds(3);
  event::SessionClosed end;
  end.request = opening.request;
  end.reason = CloseReason::kKicked;
  end.stats.packets_received = 4'711;
  desk().handle_event(now_, std::move(end));
  events = take_events();
  EXPECT_THAT(names(events), ElementsAre("publish_stop", "disconnect"));
  EXPECT_EQ(events[1].reason, "kicked");
  EXPECT_EQ(events[1].age, seconds(3));
  ASSERT_TRUE(events[1].stats);
  EXPECT_EQ(events[1].stats->packets_received, 4'711u);
}

TEST_F(DeskEventsTest, AViewerPublishesNothing) {
  begin({rule("live/main")});
  const command::OpenSession opening = let_in(viewer("live/main"));
  opened(opening, 18);
  closed(opening);
  EXPECT_THAT(names(take_events()), ElementsAre("connect", "disconnect"));
}

TEST_F(DeskEventsTest, ARejectionIsToldWithItsCodeWhoeverMadeIt) {
  begin({rule("live/main")});
  EXPECT_EQ(rejection_of(viewer("live/none")), 2404);
  refused(let_in(viewer("live/main")));
  const std::vector<SessionEvent> events = take_events();
  ASSERT_THAT(names(events), ElementsAre("rejected", "rejected"));
  EXPECT_EQ(events[0].code, 2404);
  EXPECT_EQ(events[0].stream, "live/none");
  EXPECT_EQ(events[0].reason, "stream not found");
  EXPECT_EQ(events[0].address, "192.0.2.9:5000");
  EXPECT_EQ(events[1].code, 1003);
}

TEST_F(DeskEventsTest, APublishersNewKeyIsTold) {
  begin({secret_rule("live/main")});
  Caller caller = publisher("live/main");
  caller.key_message = KeyMaterial{}.bytes();
  caller.extension |= wire::kExtKmReq;
  const command::OpenSession opening = let_in(caller);
  opened(opening, 17);
  (void)take_events();
  const std::vector<std::byte> message = KeyMaterial{.keys = wire::KeyFlag::kOdd, .first_byte = 40}.bytes();
  event::KeyRequestReceived refresh{.request = opening.request, .socket = SocketId{17}};
  refresh.bytes = static_cast<std::uint16_t>(message.size());
  std::copy(message.begin(), message.end(), refresh.message.begin());
  desk().handle_event(now_, std::move(refresh));
  take_commands();
  EXPECT_THAT(names(take_events()), ElementsAre("key_rotated"));
}

TEST_F(DeskEventsTest, ABanIsToldAndItsEnd) {
  begin({rule("live/main")});
  const IpPrefix prefix = *IpPrefix::read("192.0.2.0/24");
  ASSERT_TRUE(desk().ban(now_, {.prefix = prefix, .span = seconds(60), .reason = "guesses"}));
  std::vector<SessionEvent> events = take_events();
  ASSERT_THAT(names(events), ElementsAre("ban"));
  EXPECT_EQ(events[0].address, "192.0.2.0/24");
  EXPECT_EQ(events[0].reason, "guesses");
  wait(seconds(60));
  events = take_events();
  ASSERT_THAT(names(events), ElementsAre("unban"));
  EXPECT_EQ(events[0].reason, "over");
}

}  // namespace
}  // namespace fanlight::control
