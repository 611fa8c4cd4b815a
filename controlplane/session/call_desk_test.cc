// Calls of the relay's own: the desk against a worker and a resolver played by the test.
#include <gmock/gmock.h>

#include "session/desk_fixture.h"
#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CallPauseTest, DoublesUpToACapAndIsHalfRandom) {
  EXPECT_EQ(pause_after(1, 0), millis(500));
  EXPECT_EQ(pause_after(2, 0), seconds(1));
  EXPECT_EQ(pause_after(5, 0), seconds(8));
  EXPECT_EQ(pause_after(6, 0), seconds(15));
  EXPECT_EQ(pause_after(4'000'000'000, 0), seconds(15));
  for (std::uint32_t random = 0; random < 0xFFFF'0000; random += 0xFFFF) {
    EXPECT_GE(pause_after(6, random), seconds(15));
    EXPECT_LT(pause_after(6, random), seconds(30));
  }
}

class CallDeskTest : public DeskTest {
 protected:
  void SetUp() override { begin({rule("live/main"), rule("live/*")}); }

  static CallRule call_rule(Role role, std::string stream = "live/main", std::string host = "192.0.2.50") {
    CallRule out;
    out.role = role;
    out.stream = std::move(stream);
    out.url = {.host = std::move(host), .port = 7000, .stream_id = "there"};
    return out;
  }
  std::uint32_t add(const CallRule& rule) {
    const auto id = desk().add_call(now_, rule);
    EXPECT_TRUE(id) << id.error().what;
    wait({});
    return id ? *id : 0;
  }
  command::OpenCall take_call() {
    std::vector<Command> commands = take_commands();
    auto* opening = find<command::OpenCall>(commands);
    EXPECT_NE(opening, nullptr);
    return opening == nullptr ? command::OpenCall{} : std::move(*opening);
  }
  void connected(const command::OpenCall& opening, std::uint32_t socket = 4'242) {
    event::CallConnected event;
    event.request = opening.request;
    event.socket = SocketId{socket};
    event.peer = SocketId{9};
    event.path = opening.path;
    event.srt_version = 0x0001'0501;
    event.receive_latency = opening.receive_latency;
    desk().handle_event(now_, std::move(event));
  }
  void failed(const command::OpenCall& opening, wire::Reject reason, bool is_from_peer = false) {
    event::CallFailed event;
    event.request = opening.request;
    event.reason = reason;
    event.is_from_peer = is_from_peer;
    desk().handle_event(now_, std::move(event));
  }
  void ended(const command::OpenCall& opening, CloseReason reason = CloseReason::kPeerShutdown) {
    event::SessionClosed event;
    event.request = opening.request;
    event.reason = reason;
    desk().handle_event(now_, std::move(event));
  }
  CallView view() {
    const std::vector<CallView> all = desk().calls(now_);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? CallView{} : all[0];
  }
};

TEST_F(CallDeskTest, AnAddressIsCalledAtOnce) {
  add(call_rule(Role::kViewer));
  const command::OpenCall opening = take_call();
  EXPECT_EQ(opening.path.remote, (Endpoint{IpAddress::v4(192, 0, 2, 50), 7000}));
  EXPECT_EQ(opening.role, Role::kViewer);
  EXPECT_EQ(opening.kit->stream_id, "there");
  EXPECT_EQ(opening.kit->key_message_bytes, 0);
  EXPECT_EQ(opening.send_latency, millis(120));
  EXPECT_EQ(view().state, "connecting");
  EXPECT_EQ(view().url, "srt://192.0.2.50:7000?streamid=there");
}

TEST_F(CallDeskTest, ANameIsResolvedFirst) {
  const std::uint32_t id = add(call_rule(Role::kViewer, "live/main", "cdn.example.net"));
  EXPECT_TRUE(take_commands().empty());
  const auto lookup = desk().poll_lookup();
  ASSERT_TRUE(lookup);
  EXPECT_EQ(lookup->host, "cdn.example.net");
  EXPECT_FALSE(desk().poll_lookup());
  desk().handle_lookup(now_, id, {IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2)}, "");
  const command::OpenCall opening = take_call();
  EXPECT_EQ(opening.path.remote.ip, IpAddress::v4(192, 0, 2, 1));
  failed(opening, wire::Reject::kTimeout);
  wait(seconds(1));
  ASSERT_TRUE(desk().poll_lookup());
  desk().handle_lookup(now_, id, {IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2)}, "");
  EXPECT_EQ(take_call().path.remote.ip, IpAddress::v4(192, 0, 2, 2)) << "the next address has its turn";
}

TEST_F(CallDeskTest, ANameThatDoesNotResolveIsTriedAgain) {
  const std::uint32_t id = add(call_rule(Role::kViewer, "live/main", "nowhere.invalid"));
  ASSERT_TRUE(desk().poll_lookup());
  desk().handle_lookup(now_, id, {}, "Host not found");
  EXPECT_EQ(view().state, "waiting");
  EXPECT_THAT(view().failure, HasSubstr("nowhere.invalid cannot be resolved: Host not found"));
  wait(seconds(1));
  EXPECT_TRUE(desk().poll_lookup());
}

TEST_F(CallDeskTest, AListenerThatAgreesIsASessionLikeAnyOther) {
  add(call_rule(Role::kPublisher));
  const command::OpenCall opening = take_call();
  connected(opening);
  EXPECT_EQ(view().state, "connected");
  EXPECT_EQ(view().socket, SocketId{4'242});
  EXPECT_EQ(rejection_of(publisher("live/main", 5)), 2409) << "the stream has its publisher";
  EXPECT_TRUE(desk().kick(SocketId{4'242}));
  EXPECT_TRUE(take<command::CloseSession>());
}

TEST_F(CallDeskTest, AFailureIsToldAndThePausesGrow) {
  add(call_rule(Role::kViewer));
  Micros before{};
  for (int i = 0; i < 6; ++i) {
    failed(take_call(), wire::Reject::kBadSecret, true);
    const CallView one = view();
    EXPECT_EQ(one.state, "waiting");
    EXPECT_EQ(one.failure, "the listener said: wrong passphrase (1010)");
    EXPECT_GE(one.retry_in, before / 2);
    EXPECT_GE(one.retry_in, std::min(std::int64_t{1 << i} * millis(500), seconds(15)));
    before = one.retry_in;
    wait(one.retry_in - micros(1));
    EXPECT_TRUE(take_commands().empty()) << "not before its time";
    wait(micros(1));
  }
  EXPECT_EQ(view().attempts, 7u);
}

TEST_F(CallDeskTest, AfterASteadySessionThePauseIsShortAgain) {
  add(call_rule(Role::kViewer));
  for (int i = 0; i < 6; ++i) {
    failed(take_call(), wire::Reject::kTimeout);
    wait(seconds(30));
  }
  const command::OpenCall opening = take_call();
  connected(opening);
  now_ = now_ + seconds(10);
  ended(opening);
  EXPECT_LE(view().retry_in, seconds(1));
  EXPECT_EQ(view().failure, "peer said shutdown");
}

TEST_F(CallDeskTest, EveryCallHasAKeyAndASaltOfItsOwn) {
  CallRule secret = call_rule(Role::kViewer);
  secret.url.passphrase = kPassphrase;
  secret.url.key_bytes = 32;
  add(secret);
  std::vector<std::vector<std::byte>> messages;
  for (int i = 0; i < 2; ++i) {
    const command::OpenCall opening = take_call();
    const ByteSpan bytes = std::span(opening.kit->key_message).first(opening.kit->key_message_bytes);
    const auto message = wire::parse_key_message(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->key_bytes, 32u);
    const auto keys = crypto::unwrap_keys(crypto::derive_kek(kPassphrase, message->salt, 32), *message);
    ASSERT_TRUE(keys && keys->even);
    // What the session encrypts with is what the listener unwraps.
    std::array<std::byte, 20> ours{};
    std::array<std::byte, 20> theirs{};
    EXPECT_TRUE(opening.kit->ciphers->even->apply({77}, ours, ours));
    EXPECT_TRUE(crypto::PacketCipher(*keys->even, message->salt).apply({77}, theirs, theirs));
    EXPECT_EQ(ours, theirs);
    messages.emplace_back(bytes.begin(), bytes.end());
    failed(opening, wire::Reject::kTimeout);
    wait(seconds(1));
  }
  EXPECT_NE(messages[0], messages[1]);
}

TEST_F(CallDeskTest, APassphraseIsNeverShown) {
  CallRule secret = call_rule(Role::kViewer);
  secret.url.passphrase = kPassphrase;
  add(secret);
  failed(take_call(), wire::Reject::kTimeout);
  EXPECT_TRUE(view().is_encrypted);
  EXPECT_THAT(view().url + view().failure, Not(HasSubstr(kPassphrase)));
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr(kPassphrase))));
}

TEST_F(CallDeskTest, APulledPublisherMayRefreshItsKey) {
  CallRule secret = call_rule(Role::kPublisher);
  secret.url.passphrase = kPassphrase;
  add(secret);
  connected(take_call());
  const std::vector<std::byte> message = KeyMaterial{.keys = wire::KeyFlag::kOdd}.bytes();
  event::KeyRequestReceived request;
  request.request = RequestId{1};
  request.socket = SocketId{4'242};
  request.bytes = static_cast<std::uint16_t>(message.size());
  std::copy(message.begin(), message.end(), request.message.begin());
  desk().handle_event(now_, std::move(request));
  EXPECT_TRUE(take<command::InstallKeys>());
}

TEST_F(CallDeskTest, AStreamWithAPublisherIsNotPulled) {
  const command::OpenSession source = let_in(publisher("live/main"));
  add(call_rule(Role::kPublisher));
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(view().failure, "stream live/main has a publisher already");
  closed(source);
  wait(seconds(1));
  EXPECT_EQ(take_call().role, Role::kPublisher);
}

TEST_F(CallDeskTest, WhileAPullRingsNobodyElsePublishes) {
  add(call_rule(Role::kPublisher));
  const command::OpenCall opening = take_call();
  EXPECT_EQ(rejection_of(publisher("live/main")), 2409);
  failed(opening, wire::Reject::kTimeout);
  EXPECT_EQ(rejection_of(publisher("live/main", 5)), 0);
}

TEST_F(CallDeskTest, AStreamIsNotPublishedWhileItsPullRings) {
  add(call_rule(Role::kPublisher, "live/x"));
  const command::OpenCall pull = take_call();
  const auto push = desk().add_call(now_, call_rule(Role::kViewer, "live/x", "192.0.2.51"));
  ASSERT_TRUE(push);
  wait({});
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(rejection_of(viewer("live/x", 5)), 2404);
  connected(pull);
  wait({});
  EXPECT_EQ(take_call().role, Role::kViewer);
}

// The rule says 10 Mb/s.
TEST_F(CallDeskTest, ACallThatRingsTakesNoViewersRoom) {
  desk().limit_egress(15e6);
  add(call_rule(Role::kViewer));
  const command::OpenCall opening = take_call();
  EXPECT_EQ(desk().admission().bits, 0);
  add(call_rule(Role::kViewer, "live/main", "192.0.2.51"));
  EXPECT_FALSE(take<command::OpenCall>()) << "two may not ring for the same room";
  connected(opening);
  EXPECT_NEAR(desk().admission().bits, 10e6, 1);
  EXPECT_EQ(rejection_of(viewer("live/main", 5)), 2402);
  ended(opening);
  EXPECT_EQ(desk().admission().bits, 0);
}

TEST_F(CallDeskTest, APushWaitsUntilThereIsRoom) {
  desk().limit_egress(15e6);
  const command::OpenSession one = let_in(viewer("live/main", 5));
  add(call_rule(Role::kViewer));
  EXPECT_FALSE(take<command::OpenCall>());
  EXPECT_THAT(view().failure, HasSubstr("capacity_mbps"));
  EXPECT_EQ(desk().admission().refused, 0u);
  closed(one);
  wait(seconds(1));
  failed(take_call(), wire::Reject::kTimeout);
  EXPECT_EQ(desk().admission().bits, 0);
}

TEST_F(CallDeskTest, AnUnpublishedStreamOfAPatternIsPushedOnceItIsPublished) {
  add(call_rule(Role::kViewer, "live/x"));
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(view().failure, "stream live/x is not published");
  now_ = now_ + millis(10);
  const command::OpenSession source = let_in(publisher("live/x"));
  opened(source, 77);
  EXPECT_LE(desk().next_deadline(), now_) << "no need to wait for its turn";
  wait({});
  EXPECT_EQ(take_call().stream, source.stream);
}

TEST_F(CallDeskTest, AStreamOfAPatternIsBornWithItsPullAndEndsWithIt) {
  add(call_rule(Role::kPublisher, "live/y"));
  std::vector<Command> commands = take_commands();
  ASSERT_EQ(commands.size(), 2u);
  const StreamIndex index = std::get<command::AddStream>(commands[0]).index;
  const auto& opening = std::get<command::OpenCall>(commands[1]);
  EXPECT_EQ(opening.stream, index);
  failed(opening, wire::Reject::kTimeout);
  const auto removal = take<command::RemoveStream>();
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->index, index);
}

TEST_F(CallDeskTest, AddSaysWhyNot) {
  EXPECT_EQ(desk().add_call(now_, call_rule(Role::kViewer, "other")).error().code, ErrorCode::kNotFound);
  add(call_rule(Role::kViewer));
  EXPECT_EQ(desk().add_call(now_, call_rule(Role::kViewer)).error().code, ErrorCode::kInUse);
  for (std::size_t i = 1; i < CallTable::kCallsMax; ++i) {
    CallRule one = call_rule(Role::kViewer);
    one.url.port = static_cast<std::uint16_t>(8000 + i);
    ASSERT_TRUE(desk().add_call(now_, one));
  }
  EXPECT_EQ(desk().add_call(now_, call_rule(Role::kPublisher)).error().code, ErrorCode::kNoMemory);
}

// A worker has places for 64 that wait for an answer, and fails what comes beyond.
TEST_F(CallDeskTest, WhoFindsAsManyRingingAsMayWaitsForAnAnswer) {
  for (std::size_t i = 0; i <= kCallsAtOnceMax; ++i) {
    CallRule one = call_rule(Role::kViewer);
    one.url.port = static_cast<std::uint16_t>(8000 + i);
    ASSERT_TRUE(desk().add_call(now_, one));
  }
  while (desk().next_deadline() <= now_) wait({});
  std::vector<Command> commands = take_commands();
  ASSERT_EQ(commands.size(), kCallsAtOnceMax);
  EXPECT_EQ(desk().calls(now_).back().state, "waiting");
  wait(seconds(2));
  EXPECT_TRUE(take_commands().empty());
  connected(std::get<command::OpenCall>(commands[3]));
  EXPECT_LE(desk().next_deadline(), now_);
  wait({});
  const command::OpenCall next = take_call();
  EXPECT_EQ(next.path.remote.port, 8000 + kCallsAtOnceMax);
  for (std::size_t i = 0; i < kCallsAtOnceMax; ++i)
    if (i != 3) failed(std::get<command::OpenCall>(commands[i]), wire::Reject::kTimeout);
  failed(next, wire::Reject::kTimeout);
}

class SelfCallTest : public CallDeskTest {
 protected:
  void SetUp() override {
    static const IpAddress kOwn = IpAddress::v4(192, 0, 2, 50);
    desk_.emplace(
        Rules{rule("live/main")}, streams_, 1, [](const Endpoint& to) { return Path{.remote = to, .local = {}}; },
        [](const Endpoint& to) {
          return to == Endpoint{kOwn, 7000};
        });
    take_commands();
  }
};

TEST_F(SelfCallTest, TheRelayDoesNotCallItself) {
  const auto refused = desk().add_call(now_, call_rule(Role::kPublisher));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().what, HasSubstr("192.0.2.50:7000 is this relay itself"));
  EXPECT_TRUE(desk().add_call(now_, call_rule(Role::kPublisher, "live/main", "192.0.2.51")));
}

TEST_F(SelfCallTest, NorByAName) {
  const std::uint32_t id = add(call_rule(Role::kPublisher, "live/main", "home.example.net"));
  ASSERT_TRUE(desk().poll_lookup());
  desk().handle_lookup(now_, id, {IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 50)}, "");
  EXPECT_TRUE(take_commands().empty());
  EXPECT_THAT(view().failure, HasSubstr("is this relay itself"));
}

TEST_F(CallDeskTest, RemovingEndsTheSessionAndTheCalling) {
  const std::uint32_t id = add(call_rule(Role::kViewer));
  connected(take_call());
  EXPECT_EQ(desk().remove_call(id, Role::kPublisher).error().code, ErrorCode::kNotFound) << "it is a viewer";
  EXPECT_TRUE(desk().remove_call(id, Role::kViewer));
  const auto closing = take<command::CloseSession>();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->socket, SocketId{4'242});
  EXPECT_EQ(desk().remove_call(id, Role::kViewer).error().code, ErrorCode::kNotFound);
  wait(seconds(60));
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(CallDeskTest, ACallRemovedWhileItRingsEndsWhenItIsAnswered) {
  const std::uint32_t id = add(call_rule(Role::kViewer));
  const command::OpenCall opening = take_call();
  EXPECT_TRUE(desk().remove_call(id, Role::kViewer));
  EXPECT_TRUE(desk().calls(now_).empty());
  connected(opening);
  EXPECT_TRUE(take<command::CloseSession>());
  ended(opening, CloseReason::kKicked);
  wait(seconds(60));
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(CallDeskTest, AReloadKeepsWhatStaysTheSame) {
  CallRule secret = call_rule(Role::kViewer);
  secret.url.passphrase = kPassphrase;
  desk().reload_calls(now_, {secret, call_rule(Role::kPublisher)});
  wait({});
  std::vector<Command> commands = take_commands();
  ASSERT_EQ(commands.size(), 2u);
  connected(std::get<command::OpenCall>(commands[0]), 1);
  connected(std::get<command::OpenCall>(commands[1]), 2);
  desk().reload_calls(now_, {secret});
  const auto closing = take<command::CloseSession>();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->socket, SocketId{2});
  secret.url.passphrase = "another passphrase";
  desk().reload_calls(now_, {secret});
  EXPECT_EQ(take<command::CloseSession>()->socket, SocketId{1});
  wait({});
  EXPECT_TRUE(take<command::OpenCall>());
}

TEST_F(CallDeskTest, NobodyIsCalledWhileTheRelayStops) {
  add(call_rule(Role::kViewer));
  failed(take_call(), wire::Reject::kTimeout);
  desk().stop();
  take_commands();
  EXPECT_EQ(desk().next_deadline(), Instant::never());
  wait(seconds(60));
  EXPECT_TRUE(take_commands().empty());
  EXPECT_EQ(desk().add_call(now_, call_rule(Role::kPublisher)).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace fanlight::control
