// What is said of destinations, and those that lead to the relay itself, or come to: the desk against a worker played
// by the test.
#include "session/destination_fixture.h"

namespace fanlight::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// RFC 8866 §5.2: who has read it sees by its version that it says something else now.
TEST_F(DestinationDeskTest, ItsDescriptionHasAVersionThatRisesWithWhatItSays) {
  std::int64_t wall_s = 1'795'000'000;
  desk().set_wall_clock([&] { return WallTime{wall_s}; });
  desk().set_destination_ways([](const DestinationRule&) -> Result<Path> {
    return Error{ErrorCode::kUnavailable, "no route leads to 198.51.100.1"};
  });
  const std::uint32_t id = add(to());
  const auto said = [&] {
    const std::string sdp = view().sdp;
    return sdp.substr(5, sdp.find(" IN IP4") - 5);
  };
  const std::string session = "o=- " + std::to_string(wall_s * 1'000'000 + id);
  EXPECT_EQ(said(), session + " 1795000000") << "it waits";
  wall_s += 10;
  EXPECT_EQ(said(), session + " 1795000000");
  desk().set_destination_ways(
      [](const DestinationRule& rule) { return Path{.remote = rule.terms.remote, .local = {}}; });
  wait(seconds(1));
  const command::OpenDestination one = opens();
  say_name("000000010000000200000003");
  EXPECT_EQ(said(), session + " 1795000010") << "its source is described";
  ends(one, CloseReason::kKicked);
  EXPECT_EQ(said(), session + " 1795000011") << "and no more";
}

// What no frame holds, and nobody would be told of but by a counter.
TEST_F(DestinationDeskTest, ADoubtIsToldWhenItIsAdded) {
  desk().set_destination_doubts([](const DestinationRule&, const MediaFormat&) { return "a frame is too small"; });
  add(to());
  EXPECT_THAT(take_notices(), Contains(HasSubstr("rtp://198.51.100.1:5004 of live/main: a frame is too small")));
}

class OwnDestinationTest : public DestinationDeskTest {
 protected:
  void SetUp() override {
    desk_.emplace(
        Rules{rule("live/main")}, streams_, 1, [](const Endpoint& to) { return Path{.remote = to, .local = {}}; },
        [this](const Endpoint& to) { return own_.contains(to); });
    take_commands();
  }
  std::set<Endpoint> own_;
};

// A virtual address moves between relays: the stream would go round.
TEST_F(OwnDestinationTest, WhoseAddressComesToThisHostIsEndedAndWaitsUntilItGoes) {
  add(to("rtp://198.51.100.1:5004?source=192.0.2.1"));
  const command::OpenDestination one = opens();
  own_.insert(*Endpoint::parse("198.51.100.1:5004"));
  (void)take_notices();
  desk().note_own_addresses(now_, {IpAddress::v4(198, 51, 100, 2)});
  EXPECT_TRUE(closings().empty()) << "another address came";
  desk().note_own_addresses(now_, {IpAddress::v4(198, 51, 100, 1)});
  EXPECT_EQ(closings(), std::vector{SocketId{4'242}});
  EXPECT_THAT(take_notices(), Contains(HasSubstr("ends: 198.51.100.1:5004 is this relay itself")));
  ends(one, CloseReason::kKicked);
  EXPECT_EQ(view().state, "waiting");
  EXPECT_EQ(view().failure, "198.51.100.1:5004 is this relay itself");
  wait(seconds(1));
  EXPECT_FALSE(take_opening());
  EXPECT_EQ(view().failure, "198.51.100.1:5004 is this relay itself");
  own_.clear();
  wait(seconds(1));
  EXPECT_TRUE(take_opening());
}

// Of a group it is the feed's source that came: a feed of it takes then what we send.
TEST_F(OwnDestinationTest, GroupsAreLookedAtWhateverAddressComes) {
  add(to("rtp://239.1.2.3:5004?fec=1"));
  (void)opens_with_fec();
  own_.insert(*Endpoint::parse("239.1.2.3:5004"));
  desk().note_own_addresses(now_, {IpAddress::v4(192, 0, 2, 7)});
  EXPECT_EQ(closings(), std::vector{SocketId{4'242}}) << "its FEC ends behind it";
}

TEST_F(OwnDestinationTest, OneThatWaitsIsNotOpenedThere) {
  desk().set_destination_ways([](const DestinationRule&) -> Result<Path> {
    return Error{ErrorCode::kUnavailable, "no route leads to 198.51.100.1"};
  });
  add(to());
  own_.insert(*Endpoint::parse("198.51.100.1:5004"));
  desk().note_own_addresses(now_, {IpAddress::v4(198, 51, 100, 1)});
  desk().set_destination_ways(
      [](const DestinationRule& rule) { return Path{.remote = rule.terms.remote, .local = {}}; });
  wait(seconds(1));
  EXPECT_FALSE(take_opening());
  EXPECT_EQ(view().failure, "198.51.100.1:5004 is this relay itself");
}

}  // namespace
}  // namespace fanlight::control
