#include "session/rotation_desk.h"

#include <gmock/gmock.h>

#include <map>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using wire::KeyFlag;

// --- the desk alone

constexpr Instant kStart{9'000'000};
constexpr StreamIndex kStream{3};

RotationDesk::Viewer one(std::uint64_t number, RekeyRule rule = {}) {
  return {.request = RequestId{number},
          .stream = kStream,
          .worker = number % 2,
          .socket = SocketId{static_cast<std::uint32_t>(number)},
          .keys = {crypto::Key(std::vector<std::byte>(16, std::byte{7})), {}, KeyFlag::kEven},
          .rule = rule};
}

std::size_t drain(RotationDesk& desk, Instant now) {
  desk.handle_timeout(now);
  std::size_t orders = 0;
  while (desk.poll(now)) ++orders;
  return orders;
}

TEST(RotationDeskTest, TheNextKeyIsForTheOtherSlotUnderTheSameSalt) {
  RotationDesk desk;
  RotationDesk::Viewer viewer = one(1, {.packets = 1'000});
  viewer.keys.salt.fill(std::byte{0xAB});
  desk.add(kStart, viewer);
  std::array<std::byte, 32> keystreams[3];
  for (std::array<std::byte, 32>& keystream : keystreams) {
    const KeyFlag slot = &keystream == &keystreams[1] ? KeyFlag::kEven : KeyFlag::kOdd;
    EXPECT_TRUE(desk.ask(RequestId{1}));
    auto order = desk.poll(kStart + seconds(1));
    ASSERT_TRUE(order);
    EXPECT_EQ(order->worker, 1u);
    EXPECT_EQ(order->command.socket, SocketId{1});
    crypto::KeyAnnouncement& key = *order->command.announcement;
    EXPECT_EQ(key.slot, slot);
    EXPECT_EQ(key.rekey_packets, 1'000u);
    const auto message = wire::parse_key_message(key.content());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->keys, slot);
    EXPECT_EQ(message->salt, viewer.keys.salt);
    EXPECT_EQ(message->key_bytes, 16u);
    // The viewer finds in it what the worker encrypts with.
    const auto unwrapped = crypto::unwrap_keys(viewer.keys.kek, *message);
    ASSERT_TRUE(unwrapped);
    const std::array<std::byte, 32> zeros{};
    std::array<std::byte, 32> theirs;
    const crypto::PacketCipher cipher(slot == KeyFlag::kOdd ? *unwrapped->odd : *unwrapped->even, message->salt);
    ASSERT_TRUE(cipher.apply(SeqNo{5}, zeros, theirs));
    ASSERT_TRUE(key.cipher->apply(SeqNo{5}, zeros, keystream));
    EXPECT_EQ(theirs, keystream);
    desk.handle_announced(kStart, RequestId{1}, KeyOutcome::kTurned);
  }
  EXPECT_NE(keystreams[0], keystreams[2]) << "a key is never used again";
}

TEST(RotationDeskTest, AnAudienceTurnsWithoutABurst) {
  RotationDesk desk;
  for (std::uint64_t number = 1; number <= 5'000; ++number) desk.add(kStart, one(number));
  EXPECT_EQ(desk.ask(kStream), 5'000u);
  std::size_t done = 0;
  Instant now = kStart;
  while (true) {
    const std::size_t turn = drain(desk, now);
    EXPECT_LE(turn, std::size_t{RotationDesk::kKeysPerTurn});
    done += turn;
    if (done >= 5'000 || turn == 0) break;
    now = std::max(desk.next_deadline(), now + micros(1));
  }
  EXPECT_EQ(done, 5'000u);
  EXPECT_GE(now - kStart, millis(1'400));
  EXPECT_LE(now - kStart, seconds(2));
}

TEST(RotationDeskTest, AKeyOfAnAgeIsReplaced) {
  RotationDesk desk;
  desk.add(kStart, one(1, {.interval = seconds(30)}));
  desk.add(kStart, one(2));
  EXPECT_EQ(desk.next_deadline(), kStart + seconds(30));
  EXPECT_EQ(drain(desk, kStart + seconds(30) - micros(1)), 0u);
  EXPECT_EQ(drain(desk, kStart + seconds(30)), 1u);
  desk.handle_announced(kStart + seconds(31), RequestId{1}, KeyOutcome::kTurned);
  (void)desk.poll_tally(kStart + seconds(40));
  EXPECT_EQ(desk.next_deadline(), kStart + seconds(61));
}

TEST(RotationDeskTest, ANewRuleHoldsForThoseThatWatch) {
  RotationDesk desk;
  desk.add(kStart, one(1));
  desk.apply_rule(kStart + seconds(5), kStream, {.packets = 500, .interval = seconds(10)});
  EXPECT_EQ(drain(desk, kStart + seconds(15)), 1u);
  desk.handle_announced(kStart + seconds(15), RequestId{1}, KeyOutcome::kTurned);
  desk.apply_rule(kStart + seconds(16), kStream, {.packets = 500});
  (void)desk.poll_tally(kStart + seconds(20));
  EXPECT_EQ(desk.next_deadline(), Instant::never());
}

TEST(RotationDeskTest, WhoDoesNotAnswerIsTriedAgainWithAnotherKeyForTheSameSlot) {
  RotationDesk desk;
  desk.add(kStart, one(1));
  desk.handle_due(RequestId{1});
  desk.handle_due(RequestId{1});
  EXPECT_EQ(drain(desk, kStart), 1u) << "one key at a time";
  desk.handle_announced(kStart, RequestId{1}, KeyOutcome::kUnanswered);
  const auto tally = desk.poll_tally(kStart + seconds(1));
  ASSERT_TRUE(tally);
  EXPECT_EQ(tally->unanswered, 1u);
  EXPECT_EQ(desk.next_deadline(), kStart + RotationDesk::kRetryPause);
  desk.handle_timeout(kStart + RotationDesk::kRetryPause);
  const auto order = desk.poll(kStart + RotationDesk::kRetryPause);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->command.announcement->slot, KeyFlag::kOdd);
}

TEST(RotationDeskTest, WhoHasNoSocketYetWaitsAndWhoIsGoneIsForgotten) {
  RotationDesk desk;
  RotationDesk::Viewer early = one(1);
  early.socket = SocketId{};
  desk.add(kStart, early);
  desk.add(kStart, one(2));
  EXPECT_TRUE(desk.ask(RequestId{1}) && desk.ask(RequestId{2}));
  desk.forget(RequestId{2});
  EXPECT_EQ(drain(desk, kStart), 0u);
  desk.note_opened(RequestId{1}, SocketId{77});
  const auto order = desk.poll(kStart);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->command.socket, SocketId{77});
  EXPECT_FALSE(desk.ask(RequestId{2}));
  desk.handle_announced(kStart, RequestId{2}, KeyOutcome::kTurned);
  EXPECT_EQ(desk.next_deadline(), Instant::never());
}

// --- within the session desk

class RotationTest : public DeskTest {
 protected:
  static Caller sealed(Caller caller, std::uint32_t socket) {
    caller.socket = socket;
    caller.key_message = KeyMaterial{}.bytes();
    return caller;
  }
  command::OpenSession watch(const std::string& stream, std::uint32_t socket) {
    command::OpenSession opening = let_in(sealed(viewer(stream), socket));
    opened(opening, socket);
    return opening;
  }
  std::vector<command::AnnounceKey> take_keys() {
    std::vector<command::AnnounceKey> keys;
    for (Command& command : take_commands())
      if (auto* one = std::get_if<command::AnnounceKey>(&command)) keys.push_back(std::move(*one));
    return keys;
  }
  void answered(command::AnnounceKey key, KeyOutcome outcome) {
    desk().handle_event(now_, event::KeyAnnounced{key.request, key.socket, outcome, std::move(key.announcement)});
  }
};

TEST_F(RotationTest, AViewerTakesItsStreamsRuleAlong) {
  StreamRule once_a_minute = secret_rule("live/a");
  once_a_minute.rekey_packets = 4'096;
  once_a_minute.rekey_interval = seconds(60);
  begin({once_a_minute});
  const command::OpenSession opening = watch("live/a", 9);
  ASSERT_TRUE(opening.ciphers);
  EXPECT_EQ(opening.ciphers->rekey_packets, 4'096u);
  wait(seconds(59));
  EXPECT_TRUE(take_keys().empty());
  wait(seconds(1));
  EXPECT_EQ(take_keys().size(), 1u);
}

TEST_F(RotationTest, WhatIsDueIsAnnouncedWithoutADerivation) {
  begin({secret_rule("live/a")});
  const command::OpenSession opening = watch("live/a", 9);
  const std::uint64_t derivations = desk().key_derivations();
  desk().handle_event(now_, event::KeyDue{opening.request, SocketId{9}});
  EXPECT_LE(desk().next_deadline(), now_);
  wait(micros(1));
  std::vector<command::AnnounceKey> keys = take_keys();
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].socket, SocketId{9});
  EXPECT_EQ(desk().key_derivations(), derivations);
  take_notices();
  answered(std::move(keys[0]), KeyOutcome::kTurned);
  wait(RotationDesk::kTallySpan);
  EXPECT_THAT(take_notices(), testing::ElementsAre("viewer 192.0.2.9:5000 of live/a: key rotated"));
}

TEST_F(RotationTest, AnAudienceIsOneLineOfTheLog) {
  begin({secret_rule("live/a")});
  for (std::uint32_t socket = 1; socket <= 20; ++socket) watch("live/a", socket);
  take_notices();
  EXPECT_EQ(*desk().rotate_keys(now_, "live/a", SocketId{}), 20u);
  wait(micros(1));
  int n = 0;
  for (command::AnnounceKey& key : take_keys())
    answered(std::move(key), ++n <= 17 ? KeyOutcome::kTurned : KeyOutcome::kUnanswered);
  wait(RotationDesk::kTallySpan);
  EXPECT_THAT(take_notices(),
              testing::ElementsAre("viewers of live/a: 17 keys rotated",
                                   "viewers of live/a: 3 keys not confirmed, the one in use stays; again in 60 s"));
}

TEST_F(RotationTest, AViewerThatTurnsTwiceIsNotTwoViewers) {
  begin({secret_rule("live/a")});
  watch("live/a", 9);
  take_notices();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(*desk().rotate_keys(now_, "live/a", SocketId{}), 1u);
    wait(micros(1));
    answered(std::move(take_keys().at(0)), KeyOutcome::kTurned);
  }
  wait(RotationDesk::kTallySpan);
  EXPECT_THAT(take_notices(), testing::ElementsAre("viewers of live/a: 2 keys rotated"));
}

TEST_F(RotationTest, AnOperatorNamesAStreamAPatternOrASession) {
  begin({secret_rule("live/a"), secret_rule("live/b"), rule("clear")});
  watch("live/a", 1);
  watch("live/a", 2);
  watch("live/b", 3);
  opened(let_in(viewer("clear", 4)), 4);
  opened(let_in(sealed(publisher("live/a"), 5)), 5);
  const auto asked = [&](std::string_view stream, std::uint32_t socket) {
    const auto answer = desk().rotate_keys(now_, stream, SocketId{socket});
    return answer ? std::to_string(*answer) : answer.error().what;
  };
  EXPECT_EQ(asked("live/a", 0), "2");
  EXPECT_EQ(asked("live/*", 0), "3");
  EXPECT_EQ(asked("clear", 0), "0");
  EXPECT_EQ(asked("", 3), "1");
  EXPECT_EQ(asked("live/b", 3), "1");
  EXPECT_EQ(asked("live/c", 0), "there is no stream live/c");
  EXPECT_EQ(asked("", 99), "there is no session 99");
  EXPECT_EQ(asked("live/a", 3), "session 3 is one of live/b, not of live/a");
  EXPECT_EQ(asked("", 4), "session 4 is not encrypted");
  EXPECT_EQ(asked("", 5), "session 5 is a publisher: whoever encrypts renews the key");
  wait(micros(1));
  EXPECT_EQ(take_keys().size(), 3u) << "twice asked is asked once";
}

TEST_F(RotationTest, AReloadReachesThoseThatWatch) {
  begin({secret_rule("live/a")});
  watch("live/a", 1);
  StreamRule hourly = secret_rule("live/a");
  hourly.rekey_interval = seconds(3'600);
  desk().reload({hourly});
  wait(seconds(3'600));
  EXPECT_EQ(take_keys().size(), 1u);
}

}  // namespace
}  // namespace fanlight::control
