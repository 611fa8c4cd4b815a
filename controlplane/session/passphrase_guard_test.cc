#include "session/passphrase_guard.h"

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

constexpr Instant kStart{5'000'000};

PassphraseGuard::Attempt at(const char* from, std::uint64_t passphrase = 1) {
  return {*IpAddress::parse(from), passphrase};
}

class PassphraseGuardTest : public ::testing::Test {
 protected:
  // Tries every 10 ms as long as it may; answers how many were looked at.
  int guesses(Micros span, const PassphraseGuard::Attempt& attempt, bool is_known = false) {
    int tried = 0;
    for (const Instant end = now_ + span; now_ < end; now_ = now_ + millis(10)) {
      if (guard_.is_paused(now_, attempt)) continue;
      guard_.note_failure(now_, attempt, is_known);
      ++tried;
    }
    return tried;
  }
  PassphraseGuard guard_;
  Instant now_ = kStart;
};

TEST_F(PassphraseGuardTest, GuessesAreMadeToWaitLongerEachTimeUpToABound) {
  EXPECT_EQ(guesses(millis(40), at("192.0.2.9")), 4);
  EXPECT_EQ(guesses(seconds(15), at("192.0.2.9")), 4) << "after 0, 1, 2 and 4 s";
  EXPECT_EQ(guesses(seconds(80), at("192.0.2.9")), 10) << "each 8 s from then on";
  EXPECT_GT(guard_.refused(), 8'000u);
}

TEST_F(PassphraseGuardTest, OnlyThatAddressAndThatPassphraseWait) {
  guesses(seconds(1), at("192.0.2.9"));
  ASSERT_TRUE(guard_.is_paused(now_ - millis(500), at("192.0.2.9")));
  const Instant then = now_ - millis(500);
  EXPECT_FALSE(guard_.is_paused(then, at("192.0.2.10")));
  EXPECT_FALSE(guard_.is_paused(then, at("192.0.2.9", 2)));
}

TEST_F(PassphraseGuardTest, AnIpv6HostIsOneWhateverAddressOfItsNetItTakes) {
  for (int i = 0; i < 5; ++i) guard_.note_failure(now_, at(("2001:db8::" + std::to_string(i)).c_str()), false);
  EXPECT_TRUE(guard_.is_paused(now_, at("2001:db8::77")));
  EXPECT_FALSE(guard_.is_paused(now_, at("2001:db8:0:1::77")));
}

// Behind a NAT: somebody watches, and another one's receiver has a wrong passphrase and asks each 10 ms.
TEST_F(PassphraseGuardTest, WhereSomebodyIsInThePauseStaysShort) {
  EXPECT_GE(guesses(seconds(60), at("192.0.2.9"), true), 5 * 55) << "five, then a second";
  EXPECT_FALSE(guard_.is_paused(now_ + seconds(1), at("192.0.2.9")));
}

TEST_F(PassphraseGuardTest, ARightPassphraseOrAMinuteOfPeaceEndsIt) {
  for (int i = 0; i < 8; ++i) guard_.note_failure(now_, at("192.0.2.9"), false);
  guard_.note_success(at("192.0.2.9"));
  EXPECT_EQ(guesses(millis(40), at("192.0.2.9")), 4) << "it begins again";
  now_ = now_ + seconds(61);
  EXPECT_EQ(guesses(millis(40), at("192.0.2.9")), 4);
}

TEST_F(PassphraseGuardTest, WhoeverFailedLongestAgoIsForgottenFirst) {
  for (int i = 0; i < 5; ++i) guard_.note_failure(now_, at("192.0.2.9"), false);
  for (int i = 0; i < static_cast<int>(PassphraseGuard::kPlaces) - 1; ++i)
    guard_.note_failure(now_ + micros(i + 1),
                        {IpAddress::v4(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)), 7},
                        false);
  EXPECT_TRUE(guard_.is_paused(now_, at("192.0.2.9")));
  guard_.note_failure(now_ + seconds(1), at("203.0.113.1"), false);
  EXPECT_FALSE(guard_.is_paused(now_, at("192.0.2.9")));
}

// --- at the desk

class GuardedDeskTest : public DeskTest {
 protected:
  GuardedDeskTest() { begin({secret_rule("live/main")}); }
  // Another attempt each time, under one salt, so that nothing but the guard stands in its way.
  std::int32_t attempt(const char* passphrase, const IpAddress& from = IpAddress::v4(192, 0, 2, 9)) {
    return attempt_at("live/main", passphrase, from);
  }
  std::int32_t attempt_at(std::string stream_id, const char* passphrase,
                          const IpAddress& from = IpAddress::v4(192, 0, 2, 9)) {
    Caller caller = viewer(std::move(stream_id), ++socket_);
    caller.address = from;
    caller.key_message = KeyMaterial{.passphrase = passphrase}.bytes();
    caller.extension |= wire::kExtKmReq;
    return rejection_of(caller);
  }
  static constexpr auto kBadSecret = static_cast<std::int32_t>(wire::Reject::kBadSecret);
  static constexpr auto kOverload = static_cast<std::int32_t>(wire::Reject::kOverload);
  std::uint32_t socket_ = 100;
};

TEST_F(GuardedDeskTest, AfterFiveWrongPassphrasesEvenTheRightOneWaitsASecondAndHearsOverload) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt("a wrong passphrase"), kBadSecret);
  const std::uint64_t derived = desk().key_derivations();
  EXPECT_EQ(attempt("a wrong passphrase"), kOverload);
  EXPECT_EQ(attempt(kPassphrase), kOverload);
  EXPECT_EQ(desk().key_derivations(), derived);
  EXPECT_EQ(attempt(kPassphrase, IpAddress::v4(192, 0, 2, 10)), 0) << "a neighbour";
  wait(seconds(1));
  EXPECT_EQ(attempt(kPassphrase), 0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(attempt("a wrong passphrase"), kBadSecret) << "it began again";
}

TEST_F(GuardedDeskTest, BehindOneAddressAWrongReceiverDelaysTheOthersByASecond) {
  call([&] {
    Caller caller = viewer("live/main", 7);
    caller.key_message = KeyMaterial{}.bytes();
    caller.extension |= wire::kExtKmReq;
    return caller;
  }());
  std::vector<Command> commands = take_commands();
  auto* opening = find<command::OpenSession>(commands);
  ASSERT_NE(opening, nullptr);
  opened(*opening, 17);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt("a wrong passphrase"), kBadSecret);
    EXPECT_EQ(attempt("a wrong passphrase"), kOverload);
    wait(seconds(1));
  }
  EXPECT_EQ(attempt(kPassphrase), 0);
}

TEST_F(GuardedDeskTest, NamesUnderAPatternAreNoWayRoundThePause) {
  begin({secret_rule("pat/*")});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt_at("pat/x" + std::to_string(i), "a wrong passphrase"), kBadSecret);
  EXPECT_EQ(attempt_at("pat/x5", "a wrong passphrase"), kOverload);
}

TEST_F(GuardedDeskTest, AKeyOfOnesOwnIsNoWayRoundThePause) {
  const KeyPlace bob{.stream = "live/main", .role = Role::kViewer, .user = "bob"};
  const KeyPlace mallory{.stream = "live/main", .role = Role::kViewer, .user = "mallory"};
  desk().reload_keys(
      {{.place = bob, .passphrase = "bob's passphrase"}, {.place = mallory, .passphrase = "mallory's one"}});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(attempt_at("#!::r=live/main,u=bob", "a wrong passphrase"), kBadSecret);
    EXPECT_EQ(attempt_at("#!::r=live/main,u=mallory", "mallory's one"), 0);
  }
  EXPECT_EQ(attempt_at("#!::r=live/main,u=bob", "a wrong passphrase"), kOverload);
}

// --- rejected a moment ago

TEST_F(GuardedDeskTest, ALateCopyOfWhatWasRejectedIsNotLetIn) {
  begin({rule("live/*")});
  const Caller early = viewer("live/main", 7);
  call(early);
  auto rejected = take<command::SendReply>();
  ASSERT_TRUE(rejected);
  const std::int32_t reason = read_answer(*rejected).handshake.request;
  EXPECT_EQ(reason, static_cast<std::int32_t>(wire::Reject::kNotFound));
  opened(let_in(publisher("live/main")), 18);
  take_notices();
  wait(millis(999));
  call(early);
  rejected = take<command::SendReply>();
  ASSERT_TRUE(rejected) << "the same again";
  EXPECT_EQ(read_answer(*rejected).handshake.request, reason);
  EXPECT_TRUE(take_notices().empty()) << "and no news";
  EXPECT_EQ(rejection_of(viewer("live/main", 8)), 0) << "one that asks anew";
  wait(millis(1));
  call(early);
  EXPECT_TRUE(take<command::OpenSession>()) << "it goes on asking: it is there";
}

TEST_F(GuardedDeskTest, WhatTheWorkerRefusedIsRejectedAgainAsWell) {
  begin({rule("live/main")});
  const Caller caller = viewer("live/main", 7);
  refused(let_in(caller), wire::Reject::kBacklog);
  call(caller);
  const auto rejected = take<command::SendReply>();
  ASSERT_TRUE(rejected);
  EXPECT_EQ(read_answer(*rejected).handshake.request, static_cast<std::int32_t>(wire::Reject::kBacklog));
}

}  // namespace
}  // namespace fanlight::control
