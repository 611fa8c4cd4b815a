// Whom an operator shut out: told to every worker, and nobody of them stays or comes in.
#include <algorithm>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

IpPrefix prefix(std::string_view text) { return *IpPrefix::parse(text); }

class BanDeskTest : public DeskTest {
 protected:
  BanDeskTest() { begin({rule("live/main")}); }

  std::size_t ban(std::string_view text, std::optional<Micros> span = std::nullopt) {
    const auto closed = desk().ban(now_, {.prefix = prefix(text), .span = span, .reason = "test"});
    EXPECT_TRUE(closed) << closed.error().what;
    return closed ? *closed : 0;
  }
  template <class What>
  static std::size_t count(const std::vector<Command>& commands) {
    return static_cast<std::size_t>(
        std::ranges::count_if(commands, [](const Command& one) { return std::holds_alternative<What>(one); }));
  }
};

TEST_F(BanDeskTest, EveryWorkerIsToldOnce) {
  begin({rule("live/main")}, 3);
  ban("203.0.113.0/24");
  EXPECT_EQ(count<command::Ban>(take_commands()), 3u);
  ban("203.0.113.0/24", seconds(5));
  EXPECT_EQ(count<command::Ban>(take_commands()), 0u) << "a new end of the same ban is control's alone";
  ASSERT_EQ(desk().bans(now_).size(), 1u);
  EXPECT_EQ(desk().bans(now_)[0].left, seconds(5));
  ASSERT_TRUE(desk().unban(prefix("203.0.113.0/24")));
  EXPECT_EQ(count<command::Unban>(take_commands()), 3u);
}

TEST_F(BanDeskTest, SessionsFromThereEndWithThatReasonAndOthersStay) {
  const auto banned = let_in(publisher("live/main"));
  opened(banned, 17);
  Caller other = viewer("live/main", 99);
  other.address = IpAddress::v4(198, 51, 100, 1);
  opened(let_in(other), 18);
  EXPECT_EQ(ban("192.0.2.0/24"), 1u);
  std::vector<Command> commands = take_commands();
  const auto* close = find<command::CloseSession>(commands);
  ASSERT_NE(close, nullptr);
  EXPECT_EQ(close->socket, SocketId{17});
  EXPECT_EQ(close->reason, CloseReason::kBanned);
  EXPECT_EQ(count<command::CloseSession>(commands), 1u);
  other.stream_id = "#!::r=live/main,m=publish";
  other.socket = 100;
  EXPECT_EQ(rejection_of(other), 0) << "the banned publisher's place is free";
}

TEST_F(BanDeskTest, WhoIsBannedWhileTheWorkerOpensItIsClosedThen) {
  const auto opening = let_in(viewer("live/main"));
  EXPECT_EQ(ban("192.0.2.9"), 0u);
  take_commands();
  opened(opening, 17);
  EXPECT_TRUE(take<command::CloseSession>());
}

TEST_F(BanDeskTest, AConclusionThatWasUnderWayIsDroppedWithoutAWord) {
  ban("192.0.2.9");
  take_commands();
  EXPECT_EQ(rejection_of(viewer("live/main")), -1);
}

TEST_F(BanDeskTest, ABanEndsWithItsTime) {
  ban("192.0.2.0/24", seconds(10));
  ban("198.51.100.0/24");
  take_commands();
  EXPECT_LE(desk().next_deadline(), now_ + seconds(10));
  wait(seconds(9));
  EXPECT_EQ(desk().bans(now_).size(), 2u);
  EXPECT_EQ(desk().bans(now_)[0].left, seconds(1));
  EXPECT_EQ(desk().bans(now_)[0].age, seconds(9));
  take_commands();
  wait(seconds(1));
  EXPECT_TRUE(take<command::Unban>());
  ASSERT_EQ(desk().bans(now_).size(), 1u);
  EXPECT_EQ(desk().bans(now_)[0].prefix, prefix("198.51.100.0/24"));
  EXPECT_EQ(rejection_of(viewer("live/main")), 0);
}

TEST_F(BanDeskTest, WhatMakesNoSenseIsRefusedWithASentence) {
  EXPECT_EQ(desk().ban(now_, {.prefix = prefix("10.0.0.0/8"), .span = millis(10)}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(desk().ban(now_, {.prefix = prefix("10.0.0.0/8"), .reason = std::string(201, 'x')}).error().code,
            ErrorCode::kInvalid);
  ban("10.0.0.0/8");
  const auto lifted = desk().unban(prefix("10.1.0.0/16"));
  ASSERT_FALSE(lifted);
  EXPECT_EQ(lifted.error().what, "there is no ban of 10.1.0.0/16, but one of 10.0.0.0/8");
}

TEST_F(BanDeskTest, ThereAreSoManyAtMost) {
  for (int i = 0; i < static_cast<int>(kBansMax); ++i)
    ban(IpAddress::v4(10, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 0).text());
  EXPECT_EQ(desk().ban(now_, {.prefix = prefix("192.0.2.0/24")}).error().code, ErrorCode::kNoMemory);
  ban("10.0.1.0");
  EXPECT_EQ(count<command::Ban>(take_commands()), kBansMax) << "what workers were told fits into theirs";
}

TEST_F(BanDeskTest, NobodyBannedIsCalled) {
  ban("203.0.113.7");
  const SrtUrl url{.host = "203.0.113.7", .port = 7000};
  ASSERT_TRUE(desk().add_call(now_, {.role = Role::kPublisher, .stream = "live/main", .url = url}));
  take_commands();
  desk().handle_timeout(now_);
  EXPECT_EQ(count<command::OpenCall>(take_commands()), 0u);
  EXPECT_EQ(desk().calls(now_).at(0).failure, "203.0.113.7 is banned");
}

}  // namespace
}  // namespace fanlight::control
