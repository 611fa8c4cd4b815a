// Which passphrase lets whom in, and what becomes of it when the operator says so.
#include <gmock/gmock.h>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int32_t kBadSecret = 1010;
constexpr std::int32_t kUnsecure = 1011;
constexpr std::int32_t kLocked = 2423;

class RingDeskTest : public DeskTest {
 protected:
  static KeyRule key(KeyPlace place, const char* passphrase) {
    return {.place = std::move(place), .passphrase = passphrase};
  }
  static Caller knowing(const char* passphrase, std::string stream_id, std::uint32_t socket = 77) {
    Caller caller = viewer(std::move(stream_id), socket);
    caller.key_message = KeyMaterial{.passphrase = passphrase}.bytes();
    caller.extension |= wire::kExtKmReq;
    return caller;
  }
  const KeyView* find_key(const KeyPlace& place) {
    views_ = desk().keys();
    const auto found = std::ranges::find(views_, place, &KeyView::place);
    return found == views_.end() ? nullptr : &*found;
  }
  std::set<std::uint32_t> closed_sockets() {
    std::set<std::uint32_t> sockets;
    for (const Command& command : take_commands())
      if (const auto* closing = std::get_if<command::CloseSession>(&command)) sockets.insert(closing->socket.raw());
    return sockets;
  }
  std::vector<KeyView> views_;
};

const KeyPlace kBob{.stream = "live/main", .role = Role::kViewer, .user = "bob"};
const KeyPlace kOwn{.stream = "live/main", .role = Role::kViewer};

TEST_F(RingDeskTest, AUserNeedsItsOwnPassphraseAndAnUnknownOneTheStreams) {
  begin({secret_rule("live/main")});
  desk().reload_keys({key(kBob, "bob's passphrase")});
  EXPECT_EQ(rejection_of(knowing("bob's passphrase", "#!::r=live/main,u=bob", 1)), 0);
  EXPECT_EQ(rejection_of(knowing(kPassphrase, "#!::r=live/main,u=bob", 2)), kBadSecret);
  EXPECT_EQ(rejection_of(knowing(kPassphrase, "#!::r=live/main,u=eve", 3)), 0);
  EXPECT_EQ(rejection_of(knowing("bob's passphrase", "#!::r=live/main,u=eve", 4)), kBadSecret);
  EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=bob", 5)), kUnsecure);
}

TEST_F(RingDeskTest, APolicysGroupChoosesTheKeyAndAWebhooksPassphraseComesFirst) {
  begin({rule("live/main")});
  desk().reload_keys({key({.stream = "live/main", .role = Role::kViewer, .group = "gold"}, "the gold group's")});
  PolicyRule gold;
  gold.users = {"bob"};
  gold.group = "gold";
  PolicyRule asks;
  asks.then = PolicyRule::Then::kAsk;
  asks.webhook = "door";
  asks.group = "gold";
  desk().set_policies(PolicyTable({gold, asks}));
  EXPECT_EQ(rejection_of(knowing("the gold group's", "#!::r=live/main,u=bob", 1)), 0);
  EXPECT_EQ(rejection_of(viewer("#!::r=live/main,u=bob", 2)), kUnsecure);

  Grant grant;
  grant.group = "gold";
  grant.passphrase = Secret("of the webhook");
  call(knowing("of the webhook", "#!::r=live/main,u=eve", 3));
  desk().handle_answer(now_, desk().poll_inquiry()->id, grant);
  EXPECT_TRUE(take<command::OpenSession>());
}

TEST_F(RingDeskTest, AnExpiredKeyShutsItsPlaceWithoutADerivation) {
  begin({secret_rule("live/main")});
  desk().reload_keys({key(kBob, "bob's passphrase")});
  ASSERT_TRUE(desk().expire_keys(now_, kBob, 60, false));
  EXPECT_EQ(rejection_of(knowing("bob's passphrase", "#!::r=live/main,u=bob", 1)), 0);
  wait(seconds(60));
  const std::uint64_t derivations = desk().key_derivations();
  take_notices();
  EXPECT_EQ(rejection_of(knowing("bob's passphrase", "#!::r=live/main,u=bob", 2)), kLocked);
  EXPECT_THAT(take_notices().back(), HasSubstr("the key for view of live/main, user bob has expired"));
  EXPECT_EQ(desk().key_derivations(), derivations);
  EXPECT_EQ(rejection_of(knowing(kPassphrase, "#!::r=live/main,u=eve", 3)), 0) << "others are not concerned";
  EXPECT_TRUE(desk().set_key(key(kBob, "bob's new passphrase")));
  EXPECT_EQ(rejection_of(knowing("bob's new passphrase", "#!::r=live/main,u=bob", 4)), 0);
}

TEST_F(RingDeskTest, AStreamsOwnPassphraseExpiresToo) {
  begin({secret_rule("live/main")});
  ASSERT_TRUE(desk().expire_keys(now_, kOwn, 0, false));
  EXPECT_EQ(rejection_of(knowing(kPassphrase, "live/main", 1)), kLocked);
  EXPECT_EQ(rejection_of(knowing(kPassphrase, "publish:live/main", 2)), 0) << "the other direction";
  desk().reload({secret_rule("live/main")});
  desk().reload_keys({});
  EXPECT_EQ(rejection_of(knowing(kPassphrase, "live/main", 3)), kLocked) << "the file says the same";
  StreamRule changed = secret_rule("live/main");
  changed.view_passphrase = "another one";
  desk().reload({changed});
  desk().reload_keys({});
  EXPECT_EQ(rejection_of(knowing("another one", "live/main", 4)), 0);
}

TEST_F(RingDeskTest, OnlyWhoCameInWithAKeyIsEndedWithIt) {
  begin({secret_rule("live/main")});
  desk().reload_keys({key(kBob, "bob's passphrase")});
  const auto bob = let_in(knowing("bob's passphrase", "#!::r=live/main,u=bob", 1));
  const auto eve = let_in(knowing(kPassphrase, "#!::r=live/main,u=eve", 2));
  opened(bob, 11);
  opened(eve, 12);
  const auto expired = desk().expire_keys(now_, kBob, 60, true);
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->keys, 1u);
  EXPECT_EQ(expired->sessions, 1u);
  EXPECT_EQ(desk().next_deadline(), now_ + seconds(60));
  EXPECT_FALSE(take<command::CloseSession>());
  wait(seconds(60));
  auto closing = take<command::CloseSession>();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->socket, SocketId{11});
  ASSERT_TRUE(desk().expire_keys(now_, kOwn, 0, true));
  closing = take<command::CloseSession>();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->socket, SocketId{12});
}

TEST_F(RingDeskTest, ALaterExpiryReplacesTheKickOfTheEarlierOne) {
  begin({rule("live/main")});
  desk().reload_keys({key(kBob, "bob's passphrase")});
  opened(let_in(knowing("bob's passphrase", "#!::r=live/main,u=bob", 1)), 11);
  take_commands();
  ASSERT_TRUE(desk().expire_keys(now_, kBob, 4, true));
  ASSERT_TRUE(desk().expire_keys(now_, kBob, 60, true));
  wait(seconds(59));
  EXPECT_TRUE(take_commands().empty()) << "it was put off";
  ASSERT_TRUE(desk().expire_keys(now_, kBob, 4, false));
  wait(seconds(5));
  EXPECT_TRUE(take_commands().empty()) << "and then it was to kick nobody";
  ASSERT_TRUE(desk().expire_keys(now_, kBob, 0, true));
  EXPECT_TRUE(take<command::CloseSession>());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(desk().expire_keys(now_, kBob, 3600 + i, true));
  EXPECT_EQ(desk().next_deadline(), now_ + seconds(3600 + 99)) << "one kick is left, the last";
}

TEST_F(RingDeskTest, WhoCameInWithAWebhooksPassphraseIsNotEndedWithTheStreams) {
  begin({secret_rule("live/main")});
  PolicyRule asks;
  asks.then = PolicyRule::Then::kAsk;
  asks.webhook = "door";
  desk().set_policies(PolicyTable({asks}));
  call(knowing("of the webhook", "live/main", 1));
  Grant grant;
  grant.passphrase = Secret("of the webhook");
  desk().handle_answer(now_, desk().poll_inquiry()->id, grant);
  std::vector<Command> commands = take_commands();
  auto* opening = find<command::OpenSession>(commands);
  ASSERT_NE(opening, nullptr);
  opened(*opening, 11);
  EXPECT_EQ(find_key(kOwn)->sessions, 0u);
  const auto expired = desk().expire_keys(now_, kOwn, 0, true);
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->sessions, 0u);
  EXPECT_FALSE(take<command::CloseSession>());
}

// How a passphrase that leaked is replaced at once, in whichever order the operator thinks of it.
TEST_F(RingDeskTest, WhoCameInWithAReplacedPassphraseIsListedAndEndedAndTheNewOneStays) {
  begin({secret_rule("live/main")});
  opened(let_in(knowing(kPassphrase, "live/main", 1)), 11);
  ASSERT_TRUE(desk().set_key(key(kOwn, "the second one")));
  opened(let_in(knowing("the second one", "live/main", 2)), 12);
  ASSERT_TRUE(desk().set_key(key(kOwn, "the third one")));
  opened(let_in(knowing("the third one", "live/main", 3)), 13);
  opened(let_in(knowing(kPassphrase, "publish:live/main", 4)), 14);
  EXPECT_EQ(find_key(kOwn)->source, KeySource::kApi);
  EXPECT_EQ(find_key(kOwn)->sessions, 1u);
  EXPECT_EQ(find_key(kOwn)->earlier, 2u);
  const auto kicked = desk().kick_earlier(kOwn);
  ASSERT_TRUE(kicked);
  EXPECT_EQ(*kicked, 2u);
  EXPECT_EQ(closed_sockets(), (std::set<std::uint32_t>{11, 12}));
  EXPECT_EQ(rejection_of(knowing("the third one", "live/main", 5)), 0);
}

TEST_F(RingDeskTest, WhomTheWorkerHasNotOpenedYetIsEndedWhenItHas) {
  begin({secret_rule("live/main")});
  const auto early = let_in(knowing(kPassphrase, "live/main", 1));
  ASSERT_TRUE(desk().set_key(key(kOwn, "the second one")));
  const auto kicked = desk().kick_earlier(kOwn);
  ASSERT_TRUE(kicked);
  EXPECT_EQ(*kicked, 1u);
  const auto late = let_in(knowing("the second one", "live/main", 2));
  const auto expired = desk().expire_keys(now_, kOwn, 0, true);
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->sessions, 2u);
  EXPECT_EQ(closed_sockets(), std::set<std::uint32_t>{});
  opened(early, 11);
  opened(late, 12);
  EXPECT_EQ(closed_sockets(), (std::set<std::uint32_t>{11, 12}));
}

TEST_F(RingDeskTest, AnExpiryWithAKickTakesThoseOfEarlierPassphrasesAlong) {
  begin({secret_rule("live/main")});
  opened(let_in(knowing(kPassphrase, "live/main", 1)), 11);
  ASSERT_TRUE(desk().set_key(key(kOwn, "the second one")));
  opened(let_in(knowing("the second one", "live/main", 2)), 12);
  ASSERT_TRUE(desk().set_key(key(kBob, "bob's passphrase")));
  const auto expired = desk().expire_keys(now_, kOwn, 4, true);
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->sessions, 2u);
  ASSERT_TRUE(desk().set_key(key(kOwn, "the third one")));
  opened(let_in(knowing("the third one", "live/main", 3)), 13);
  EXPECT_EQ(closed_sockets(), std::set<std::uint32_t>{});
  wait(seconds(4));
  EXPECT_EQ(closed_sockets(), (std::set<std::uint32_t>{11, 12}));
}

TEST_F(RingDeskTest, WhatTheFileReplacedIsEarlierToo) {
  begin({secret_rule("live/main"), secret_rule("live/*")});
  desk().reload_keys({key(kBob, "bob's passphrase")});
  opened(let_in(knowing(kPassphrase, "live/main", 1)), 11);
  opened(let_in(knowing("bob's passphrase", "#!::r=live/main,u=bob", 2)), 12);
  opened(let_in(knowing(kPassphrase, "publish:live/x", 3)), 13);
  StreamRule changed = secret_rule("live/main");
  changed.view_passphrase = "another passphrase";
  StreamRule pattern = secret_rule("live/*");
  pattern.publish_passphrase = "another passphrase";
  desk().reload({changed, pattern});
  desk().reload_keys({key(kBob, "bob's other one")});
  EXPECT_EQ(find_key(kOwn)->earlier, 1u);
  EXPECT_EQ(find_key(kBob)->earlier, 1u);
  const KeyPlace of_pattern{.stream = "live/*", .role = Role::kPublisher};
  EXPECT_EQ(find_key(of_pattern)->earlier, 1u);
  EXPECT_EQ(*desk().kick_earlier(kOwn), 1u);
  EXPECT_EQ(closed_sockets(), std::set<std::uint32_t>{11}) << "of that place alone";
  EXPECT_EQ(*desk().kick_earlier({.stream = "live/*"}), 1u);
  EXPECT_EQ(closed_sockets(), std::set<std::uint32_t>{13});
}

// Its user has a key now, and came in with everybody's; another came in clear before there was a passphrase.
TEST_F(RingDeskTest, WhoNeedsAKeyNowAndCameInWithoutItIsEarlierButNotWhoAWebhookLetIn) {
  begin({rule("live/main")});
  opened(let_in(viewer("#!::r=live/main,u=bob", 1)), 11);
  opened(let_in(viewer("#!::r=live/main,u=eve", 2)), 12);
  PolicyRule asks;
  asks.then = PolicyRule::Then::kAsk;
  asks.webhook = "door";
  desk().set_policies(PolicyTable({asks}));
  call(knowing("of the webhook", "#!::r=live/main,u=bob", 3));
  Grant grant;
  grant.passphrase = Secret("of the webhook");
  desk().handle_answer(now_, desk().poll_inquiry()->id, grant);
  std::vector<Command> commands = take_commands();
  ASSERT_NE(find<command::OpenSession>(commands), nullptr);
  opened(*find<command::OpenSession>(commands), 13);
  ASSERT_TRUE(desk().set_key(key(kBob, "bob's passphrase")));
  EXPECT_EQ(*desk().kick_earlier(kBob), 1u);
  EXPECT_EQ(closed_sockets(), std::set<std::uint32_t>{11});
}

TEST_F(RingDeskTest, NobodyIsEndedForAKeyThatIsNotThere) {
  begin({rule("live/main")});
  const auto kicked = desk().kick_earlier(kBob);
  ASSERT_FALSE(kicked);
  EXPECT_EQ(kicked.error().code, ErrorCode::kNotFound);
}

// How a passphrase that leaked is replaced gently.
TEST_F(RingDeskTest, AKickThatWasSaidOfTheOldPassphraseSparesWhoeverKnowsTheNewOne) {
  begin({secret_rule("live/main")});
  const auto old = let_in(knowing(kPassphrase, "live/main", 1));
  opened(old, 11);
  ASSERT_TRUE(desk().expire_keys(now_, kOwn, 4, true));
  StreamRule changed = secret_rule("live/main");
  changed.view_passphrase = "another passphrase";
  desk().reload({changed});
  desk().reload_keys({});
  opened(let_in(knowing("another passphrase", "live/main", 2)), 12);
  EXPECT_EQ(find_key(kOwn)->sessions, 1u);
  wait(seconds(4));
  std::vector<Command> commands = take_commands();
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(std::get<command::CloseSession>(commands[0]).socket, SocketId{11});
}

TEST_F(RingDeskTest, AChangeIsForNewSessionsAndAPublishersRefreshIsJudgedByWhatItCameInWith) {
  begin({secret_rule("live/main")});
  const KeyPlace place{.stream = "live/main", .role = Role::kPublisher, .user = "ann"};
  EXPECT_TRUE(desk().set_key(key(place, "ann's passphrase")));
  const auto opening = let_in(knowing("ann's passphrase", "#!::r=live/main,m=publish,u=ann", 88));
  opened(opening, 9);
  EXPECT_TRUE(desk().set_key(key(place, "ann's other one")));
  event::KeyRequestReceived request{.request = opening.request, .socket = SocketId{9}};
  const auto bytes =
      KeyMaterial{.passphrase = "ann's passphrase", .keys = wire::KeyFlag::kOdd, .first_byte = 9}.bytes();
  request.bytes = static_cast<std::uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), request.message.begin());
  desk().handle_event(now_, std::move(request));
  EXPECT_TRUE(take<command::InstallKeys>());
}

TEST_F(RingDeskTest, AListSaysWhereAKeyIsFromAndWhoIsInWithItButNotWhatItIs) {
  begin({secret_rule("live/main"), secret_rule("live/*")});
  desk().reload_keys({key(kBob, "bob's passphrase")});
  let_in(knowing("bob's passphrase", "#!::r=live/main,u=bob", 1));
  let_in(knowing(kPassphrase, "live/main", 2));
  let_in(knowing(kPassphrase, "live/main", 3));
  let_in(knowing(kPassphrase, "publish:live/x", 4));
  EXPECT_EQ(find_key(kBob)->sessions, 1u);
  EXPECT_EQ(find_key(kBob)->source, KeySource::kConfig);
  EXPECT_EQ(find_key(kOwn)->sessions, 2u);
  EXPECT_EQ(find_key(kOwn)->source, KeySource::kStream);
  EXPECT_EQ(find_key({.stream = "live/*", .role = Role::kPublisher})->sessions, 1u);
  EXPECT_EQ(desk().keys().size(), 5u);
  EXPECT_TRUE(desk().set_key(key(kBob, "bob's new passphrase")));
  EXPECT_EQ(desk().keys().size(), 6u);
  for (const std::string& notice : take_notices()) EXPECT_THAT(notice, Not(HasSubstr("passphrase")));
}

TEST_F(RingDeskTest, WhatIsNotThereCannotExpire) {
  begin({rule("live/main")});
  const auto expired = desk().expire_keys(now_, kOwn, 0, false);
  ASSERT_FALSE(expired);
  EXPECT_THAT(expired.error().what, HasSubstr("no key for view of live/main"));
}

TEST_F(RingDeskTest, ACallerWithoutAStreamIdAsksForTheDefault) {
  begin({rule("live/main")});
  Caller mute = viewer("", 1);
  EXPECT_EQ(rejection_of(mute), 2400);
  desk().set_default_stream_ids([](const Path&) { return "publish:live/main"; });
  const command::OpenSession opening = let_in(mute);
  EXPECT_EQ(opening.role, Role::kPublisher);
}

TEST_F(RingDeskTest, SoManyKeysAreSetWhileTheRelayRunsAndAnotherPassphraseForOneOfThemStill) {
  begin({rule("live/main")});
  const auto of_user = [](std::size_t i) {
    return KeyPlace{.stream = "live/main", .role = Role::kViewer, .user = "user" + std::to_string(i)};
  };
  for (std::size_t i = 0; i < KeyRing::kSetMax; ++i) ASSERT_TRUE(desk().set_key(key(of_user(i), "a passphrase")));
  const Result<Done> beyond = desk().set_key(key(of_user(KeyRing::kSetMax), "a passphrase"));
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kNoMemory);
  EXPECT_THAT(beyond.error().what, HasSubstr("there are 4096 keys"));
  EXPECT_TRUE(desk().set_key(key(of_user(7), "another passphrase")));
  desk().reload_keys({key({.stream = "live/*"}, "of the file's own")});
  EXPECT_EQ(rejection_of(knowing("another passphrase", "#!::r=live/main,u=user7", 1)), 0);
}

TEST_F(RingDeskTest, OneDirectionOfAKeyForBothCannotExpireAndTheErrorSaysSo) {
  begin({rule("live/main")});
  desk().reload_keys({key({.stream = "live/main", .user = "bob"}, "bob's passphrase")});
  const auto one = desk().expire_keys(now_, kBob, 0, false);
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(one.error().what, HasSubstr("one for both directions"));
  const auto nobody = desk().expire_keys(now_, {.stream = "live/main", .role = Role::kViewer, .user = "eve"}, 0, false);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(desk().expire_keys(now_, {.stream = "live/main", .user = "bob"}, 0, false));
}

}  // namespace
}  // namespace fanlight::control
