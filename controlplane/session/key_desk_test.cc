#include "session/key_desk.h"

#include <deque>
#include <type_traits>

#include "contract/mailbox.h"
#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using wire::KeyFlag;
using wire::Reject;

// What the cipher in a slot makes of zeros equals what a cipher made from the caller's own key does.
void expect_key(crypto::SessionCiphers& ciphers, KeyFlag slot, ByteSpan key, const wire::Salt& salt) {
  ASSERT_NE(ciphers.slot(slot), nullptr);
  const std::array<std::byte, 32> zeros{};
  std::array<std::byte, 32> ours, theirs;
  ASSERT_TRUE(ciphers.slot(slot)->apply(SeqNo{5}, zeros, ours));
  ASSERT_TRUE(crypto::PacketCipher(crypto::Key(key), salt).apply(SeqNo{5}, zeros, theirs));
  EXPECT_EQ(ours, theirs);
}

constexpr Instant kNow{5'000'000};
constexpr IpAddress kCaller = IpAddress::v4(192, 0, 2, 9);

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(SecretTest, CannotBePrinted) {
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!Printable<Secret>);
  static_assert(Printable<std::string>);
  EXPECT_TRUE(Secret::fits(""));
  EXPECT_FALSE(Secret::fits("123456789"));
  EXPECT_TRUE(Secret::fits(std::string(79, 'x')));
  EXPECT_FALSE(Secret::fits(std::string(80, 'x')));
}

TEST(SecretTest, AStringIsWipedAtTheEndOfItsUseEvenAfterAMove) {
  std::string text = "passphrase12";  // Short: its bytes stay where they were when it is moved from.
  const char* const bytes = text.data();
  {
    const WipedAtEnd wiped({&text});
    const std::string taken = std::move(text);
    EXPECT_EQ(taken, "passphrase12");
  }
  EXPECT_EQ(std::string_view(bytes, 12), std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0", 12));
}

// The heap shows what was freed to whoever takes it next; this memory is looked at while a neighbour still holds it.
TEST(SecretTest, TheObjectItselfHoldsNoByteOfIt) {
  const Secret secret("passphrase12345");
  EXPECT_EQ(secret.reveal(), "passphrase12345");
  const auto* const bytes = reinterpret_cast<const char*>(&secret);
  EXPECT_EQ(std::string_view(bytes, sizeof secret).find("passphrase"), std::string_view::npos);
}

TEST(SecretTest, EqualOnlyToItself) {
  EXPECT_EQ(Secret("passphrase12345"), Secret("passphrase12345"));
  EXPECT_FALSE(Secret("passphrase12345") == Secret("passphrase12346"));
  EXPECT_FALSE(Secret("passphrase12345") == Secret("passphrase123456"));
}

TEST(KeyDeskTest, TakesEveryKeyLengthAndSlot) {
  KeyDesk desk;
  for (const std::size_t key_bytes : {16, 24, 32}) {
    for (const KeyFlag flag : {KeyFlag::kEven, KeyFlag::kOdd, KeyFlag::kBoth}) {
      const KeyMaterial material{.key_bytes = key_bytes, .keys = flag};
      const std::vector<std::byte> plain = material.plain_keys();
      auto keys = desk.agree(kNow, kCaller, Secret(kPassphrase), material.bytes());
      ASSERT_TRUE(keys);
      EXPECT_EQ(keys->key_bytes, key_bytes);
      EXPECT_EQ(keys->ciphers->sending, flag == KeyFlag::kOdd ? KeyFlag::kOdd : KeyFlag::kEven);
      EXPECT_EQ(keys->ciphers->even.has_value(), flag != KeyFlag::kOdd);
      EXPECT_EQ(keys->ciphers->odd.has_value(), flag != KeyFlag::kEven);
      if (flag != KeyFlag::kOdd)
        expect_key(*keys->ciphers, KeyFlag::kEven, ByteSpan{plain}.first(key_bytes), material.salt_bytes());
      if (flag != KeyFlag::kEven)
        expect_key(*keys->ciphers, KeyFlag::kOdd, ByteSpan{plain}.last(key_bytes), material.salt_bytes());
    }
  }
}

TEST(KeyDeskTest, DerivesOncePerPassphraseSaltAndLength) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(desk.agree(kNow, kCaller, secret, KeyMaterial{}.bytes()));
  EXPECT_EQ(desk.derivations(), 1u);
  EXPECT_TRUE(desk.agree(kNow, kCaller, secret, KeyMaterial{.first_byte = 9}.bytes()));
  EXPECT_EQ(desk.derivations(), 1u);
  EXPECT_TRUE(desk.agree(kNow, kCaller, secret, KeyMaterial{.salt = 0xB0}.bytes()));
  EXPECT_EQ(desk.derivations(), 2u);
  EXPECT_TRUE(desk.agree(kNow, kCaller, secret, KeyMaterial{.key_bytes = 32}.bytes()));
  EXPECT_EQ(desk.derivations(), 3u);
  EXPECT_TRUE(
      desk.agree(kNow, kCaller, Secret("another passphrase"), KeyMaterial{.passphrase = "another passphrase"}.bytes()));
  EXPECT_EQ(desk.derivations(), 4u);
}

TEST(KeyDeskTest, AWrongGuessIsDerivedOnceToo) {
  KeyDesk desk;
  for (int i = 0; i < 3; ++i) {
    const auto keys =
        desk.agree(kNow, kCaller, Secret(kPassphrase), KeyMaterial{.passphrase = "another passphrase"}.bytes());
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error(), Reject::kBadSecret);
  }
  EXPECT_EQ(desk.derivations(), 1u);
}

TEST(KeyDeskTest, StrangersSaltsPushOutOnlyWhatIsUsedLeast) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  const std::vector<std::byte> used = KeyMaterial{.salt = 0xFF}.bytes();
  std::vector<std::byte> stranger = KeyMaterial{.salt = 0}.bytes();
  EXPECT_TRUE(desk.agree(kNow, kCaller, secret, used));
  for (std::size_t i = 0; i < KeyDesk::kCachedMax; ++i) {
    stranger[31] = std::byte(i + 100);  // The salt's last byte.
    const IpAddress from = IpAddress::v4(10, static_cast<std::uint8_t>(i), 0, 1);
    EXPECT_FALSE(desk.agree(kNow, from, secret, stranger));
    EXPECT_TRUE(desk.agree(kNow, kCaller, secret, used));
  }
  EXPECT_EQ(desk.derivations(), 1 + KeyDesk::kCachedMax);
  stranger[31] = std::byte{100};
  EXPECT_FALSE(desk.agree(kNow, kCaller, secret, stranger));
  EXPECT_EQ(desk.derivations(), 2 + KeyDesk::kCachedMax);
}

// Of a session that began with a key of KeyMaterial{}'s salt.
PublisherKeys publisher_keys(const KeyMaterial& material = {}) {
  const wire::Salt salt = material.salt_bytes();
  return {.session = {crypto::derive_kek(kPassphrase, salt, material.key_bytes), salt, KeyFlag::kEven}};
}

TEST(KeyDeskTest, NothingIsDerivedForWhatCannotBeTaken) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  EXPECT_EQ(desk.agree(kNow, kCaller, secret, {}).error(), Reject::kUnsecure);
  EXPECT_EQ(desk.agree(kNow, kCaller, Secret{}, KeyMaterial{}.bytes()).error(), Reject::kUnsecure);
  EXPECT_EQ(desk.agree(kNow, kCaller, secret, KeyMaterial{.cipher = wire::Cipher::kAesGcm}.bytes()).error(),
            Reject::kCrypto);
  PublisherKeys keys = publisher_keys();
  EXPECT_EQ(desk.refresh(kNow, secret, KeyMaterial{.key_bytes = 32}.bytes(), keys).error(), Reject::kCrypto);
  EXPECT_EQ(desk.refresh(kNow, Secret{}, KeyMaterial{}.bytes(), keys).error(), Reject::kUnsecure);
  EXPECT_EQ(desk.refresh(kNow, secret, {}, keys).error(), Reject::kRogue);
  EXPECT_EQ(desk.derivations(), 0u);
}

// Of a message that nobody has seen: the salt's last two bytes.
std::vector<std::byte> with_salt(std::vector<std::byte> message, std::size_t number) {
  message[30] = std::byte(number >> 8);
  message[31] = std::byte(number);
  return message;
}

TEST(KeyDeskTest, AFloodOfSaltsIsCutBeforeItCosts) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  const std::vector<std::byte> honest = KeyMaterial{}.bytes(), stranger = KeyMaterial{.salt = 0}.bytes();
  const IpAddress elsewhere = IpAddress::v4(198, 51, 100, 9);
  EXPECT_TRUE(desk.agree(kNow, elsewhere, secret, honest));
  std::size_t cut = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    cut += desk.agree(kNow, kCaller, secret, with_salt(stranger, i)).error() == Reject::kOverload ? 1 : 0;
    EXPECT_TRUE(desk.agree(kNow, elsewhere, secret, honest)) << "a known salt costs nothing where nobody failed";
  }
  EXPECT_EQ(desk.derivations(), 1u + std::uint64_t{DerivationBudget::kSiteBurst / DerivationBudget::kFailureCost});
  EXPECT_EQ(cut, 501 - desk.derivations());
  PublisherKeys keys = publisher_keys();
  EXPECT_TRUE(desk.refresh(kNow, secret, KeyMaterial{.salt = 0xC0}.bytes(), keys)) << "sessions are not held up";
  EXPECT_TRUE(desk.agree(kNow + seconds(1), kCaller, secret, KeyMaterial{.salt = 0xD0}.bytes()));
}

TEST(KeyDeskTest, AReplacedKeyDoesNotComeBack) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  PublisherKeys keys = publisher_keys();
  const auto refresh = [&](const KeyMaterial& material) { return desk.refresh(kNow, secret, material.bytes(), keys); };
  const KeyMaterial first{.first_byte = 1}, both{.keys = KeyFlag::kBoth, .first_byte = 1};
  keys.memory.take(desk.prints_of(keys.session.kek, first.bytes()));
  EXPECT_TRUE(refresh(both)) << "the key in use, and the next one beside it: as libsrt announces it";
  EXPECT_TRUE(refresh({.keys = KeyFlag::kOdd, .first_byte = 17})) << "the next one alone";
  EXPECT_TRUE(refresh({.keys = KeyFlag::kEven, .first_byte = 90}));
  EXPECT_EQ(refresh(first).error(), Reject::kConflict);
  EXPECT_EQ(refresh(both).error(), Reject::kConflict) << "one of two is enough";
  EXPECT_TRUE(refresh({.keys = KeyFlag::kEven, .first_byte = 90})) << "a copy of the last one";
  EXPECT_TRUE(refresh({.keys = KeyFlag::kOdd, .first_byte = 120}));
  EXPECT_EQ(refresh({.keys = KeyFlag::kOdd, .first_byte = 17}).error(), Reject::kConflict);
}

TEST(KeyDeskTest, OtherSaltsHaveFewTries) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  PublisherKeys keys = publisher_keys();
  const std::vector<std::byte> forged = KeyMaterial{.salt = 0}.bytes();
  for (std::size_t i = 0; i < 100; ++i) (void)desk.refresh(kNow, secret, with_salt(forged, i), keys);
  EXPECT_EQ(desk.derivations(), std::uint64_t{PublisherKeys::kOtherSaltsBurst});
  EXPECT_EQ(desk.refresh(kNow, secret, with_salt(forged, 200), keys).error(), Reject::kOverload);
  EXPECT_TRUE(desk.refresh(kNow, secret, KeyMaterial{.first_byte = 40}.bytes(), keys)) << "its own salt costs nothing";
  EXPECT_TRUE(desk.refresh(kNow + seconds(1), secret, KeyMaterial{.salt = 0xC0}.bytes(), keys));
  EXPECT_EQ(desk.derivations(), 1u + std::uint64_t{PublisherKeys::kOtherSaltsBurst});
}

class SessionKeysTest : public DeskTest {
 protected:
  void SetUp() override { begin({secret_rule("live/secret")}); }
  static Caller with_key(Caller caller, const KeyMaterial& material) {
    caller.key_message = material.bytes();
    return caller;
  }
  void ask_refresh(const command::OpenSession& opening, const std::vector<std::byte>& message) {
    event::KeyRequestReceived event{.request = opening.request, .socket = SocketId{9}};
    event.bytes = static_cast<std::uint16_t>(message.size());
    std::copy(message.begin(), message.end(), event.message.begin());
    desk().handle_event(now_, std::move(event));
  }
};

TEST_F(SessionKeysTest, TheKeyMessageIsEchoedAndBothEndsShareTheKey) {
  for (Caller caller : {publisher("live/secret"), viewer("live/secret")}) {
    for (const std::size_t key_bytes : {16, 24, 32}) {
      begin({secret_rule("live/secret")});
      const KeyMaterial material{.key_bytes = key_bytes};
      command::OpenSession opening = let_in(with_key(caller, material));
      const Answer answer = read_answer(opening);
      EXPECT_EQ(answer.key_message, material.bytes());
      EXPECT_EQ(answer.handshake.encryption, key_bytes / 8);
      EXPECT_EQ(answer.handshake.extension, wire::kExtHsReq | wire::kExtKmReq);
      ASSERT_NE(opening.ciphers, nullptr);
      EXPECT_EQ(opening.ciphers->sending, KeyFlag::kEven);
      expect_key(*opening.ciphers, KeyFlag::kEven, material.plain_keys(), material.salt_bytes());
    }
  }
}

TEST_F(SessionKeysTest, EachDirectionHasItsOwnPassphrase) {
  StreamRule half = rule("a");
  half.publish_passphrase = kPassphrase;
  begin({half});
  EXPECT_EQ(rejection_of(with_key(viewer("a"), {})), 1011);
  EXPECT_EQ(rejection_of(publisher("a")), 1011);
  EXPECT_NE(let_in(with_key(publisher("a"), {})).ciphers, nullptr);
  EXPECT_EQ(let_in(viewer("a")).ciphers, nullptr);
}

TEST_F(SessionKeysTest, AStrangerWithoutThePassphraseDoesNotLearnThatAStreamIsBusy) {
  let_in(with_key(publisher("live/secret", 1), {}));
  EXPECT_EQ(rejection_of(with_key(publisher("live/secret", 2), {.passphrase = "another passphrase"})), 1010);
  EXPECT_EQ(rejection_of(publisher("live/secret", 3)), 1011);
}

TEST_F(SessionKeysTest, AGoodRefreshInstallsOnlyItsSlotsAndEchoes) {
  const command::OpenSession opening = let_in(with_key(publisher("live/secret"), {}));
  opened(opening, 9);
  const KeyMaterial fresh{.keys = KeyFlag::kOdd, .first_byte = 50};
  ask_refresh(opening, fresh.bytes());

  auto install = take<command::InstallKeys>();
  ASSERT_TRUE(install);
  EXPECT_EQ(install->socket, SocketId{9});
  EXPECT_FALSE(install->ciphers->even);
  expect_key(*install->ciphers, KeyFlag::kOdd, fresh.plain_keys(), fresh.salt_bytes());
  const std::vector<std::byte> echo(install->response.begin(), install->response.begin() + install->response_bytes);
  EXPECT_EQ(echo, fresh.bytes());
  EXPECT_EQ(desk().key_derivations(), 1u);  // Same salt, same KEK.
}

TEST_F(SessionKeysTest, EveryCopyOfARefreshIsAnswered) {
  const command::OpenSession opening = let_in(with_key(publisher("live/secret"), {}));
  const std::vector<std::byte> both = KeyMaterial{.keys = KeyFlag::kBoth}.bytes();
  ask_refresh(opening, both);
  EXPECT_TRUE(take<command::InstallKeys>());
  ask_refresh(opening, both);
  EXPECT_TRUE(take<command::InstallKeys>());
}

// CVE-2026-55868
TEST_F(SessionKeysTest, ABadRefreshChangesNothing) {
  const command::OpenSession opening = let_in(with_key(publisher("live/secret"), {}));
  take_notices();
  std::vector<std::byte> damaged = KeyMaterial{}.bytes();
  damaged.back() ^= std::byte{1};
  const std::vector<std::byte> rows[] = {KeyMaterial{.passphrase = "another passphrase"}.bytes(),
                                         KeyMaterial{.key_bytes = 32}.bytes(),
                                         KeyMaterial{.cipher = wire::Cipher::kAesGcm}.bytes(),
                                         damaged,
                                         {},
                                         std::vector<std::byte>(104)};
  for (const auto& message : rows) {
    wait(QuietCount::kPause);  // Each has its line.
    ask_refresh(opening, message);
    EXPECT_TRUE(take_commands().empty());
    EXPECT_EQ(take_notices().size(), 1u);
  }
  ask_refresh(opening, KeyMaterial{.first_byte = 60}.bytes());
  EXPECT_TRUE(take<command::InstallKeys>());
}

TEST_F(SessionKeysTest, RefreshesAreForEncryptedPublishersOnly) {
  begin({rule("clear"), secret_rule("live/secret")});
  ask_refresh(let_in(publisher("clear")), KeyMaterial{}.bytes());
  EXPECT_TRUE(take_commands().empty());
  ask_refresh(let_in(with_key(viewer("live/secret"), {})), KeyMaterial{}.bytes());
  EXPECT_TRUE(take_commands().empty());
  command::OpenSession unknown;
  unknown.request = RequestId{999};
  ask_refresh(unknown, KeyMaterial{}.bytes());
  EXPECT_TRUE(take_commands().empty());
}

TEST_F(SessionKeysTest, ARefreshIsJudgedByThePassphraseThePublisherCameInWith) {
  const command::OpenSession opening = let_in(with_key(publisher("live/secret"), {}));
  StreamRule changed = secret_rule("live/secret");
  changed.publish_passphrase = "a new passphrase";
  desk().reload({changed});
  ask_refresh(opening, KeyMaterial{.keys = KeyFlag::kOdd}.bytes());
  EXPECT_TRUE(take<command::InstallKeys>());
}

// 2402 would be the end of its attempts; as it is, the same CONCLUSION comes again within 250 ms.
TEST_F(SessionKeysTest, WhoeverIsOverTheBudgetHearsNothingAndItsRepetitionIsJudgedAnew) {
  const std::vector<std::byte> stranger = KeyMaterial{}.bytes();
  Caller caller = viewer("live/secret");
  constexpr std::size_t kLookedAt = DerivationBudget::kSiteBurst / DerivationBudget::kFailureCost;
  for (std::size_t i = 0; i < kLookedAt; ++i) {
    caller.key_message = with_salt(stranger, i);
    caller.address = IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(i));  // One site; each fails once.
    EXPECT_EQ(rejection_of(caller), 1010);
  }
  take_notices();
  const Caller honest = with_key(viewer("live/secret", 200), {.salt = 0xC0});
  for (int i = 0; i < 50; ++i) {
    call(honest);
    const auto forget = take<command::ForgetCaller>();
    ASSERT_TRUE(forget) << "and nothing else; the worker passes the next one on";
    EXPECT_EQ(forget->peer, SocketId{honest.socket});
  }
  EXPECT_EQ(desk().armour().postponed, 50u);
  const std::vector<std::string> notices = take_notices();
  ASSERT_EQ(notices.size(), 1u) << "the log does not follow each";
  EXPECT_NE(notices[0].find("for want of a key derivation: 1, the last from 192.0.2.9:5000"), std::string::npos)
      << notices[0];
  now_ = now_ + millis(250);
  let_in(honest);
}

// What was seen before: 250 wrong passphrases from twelve sites, and everybody else heard 2402.
TEST_F(SessionKeysTest, HonestCallersComeInWhileTwelveOtherSitesTryPassphrases) {
  const std::vector<std::byte> stranger = KeyMaterial{}.bytes();
  std::uint32_t tried = 0;
  const auto try_passphrases = [&](int times) {
    for (int i = 0; i < times; ++i, ++tried) {
      Caller wrong = viewer("live/secret", 1'000 + tried);
      wrong.key_message = with_salt(stranger, tried);
      wrong.address =
          IpAddress::v4(203, 0, static_cast<std::uint8_t>(tried % 12), static_cast<std::uint8_t>(tried / 12));
      rejection_of(wrong);
    }
  };
  try_passphrases(300);
  for (std::uint8_t i = 0; i < 20; ++i) {
    now_ = now_ + millis(10);
    try_passphrases(10);
    Caller honest = with_key(viewer("live/secret", 200u + i), {.salt = i});
    honest.address = IpAddress::v4(192, 0, i, 9);
    EXPECT_EQ(rejection_of(honest), 0) << int{i};
  }
  EXPECT_GT(desk().armour().postponed, 400u);
}

// What was seen before: 2,500 guesses a second under one salt, each from a /64 of its own of one /48.
TEST_F(SessionKeysTest, GuessesUnderOneSaltAreBoundedWhereverInANetworkTheyComeFrom) {
  constexpr int kSeconds = 20;
  constexpr std::uint32_t kTries = 500 * kSeconds;
  int looked_at = 0;
  for (std::uint32_t i = 0; i < kTries; ++i) {
    Caller wrong = with_key(viewer("live/secret", 1'000 + i), {.passphrase = "another passphrase"});
    wrong.address = IpAddress::parse("2001:db8:a::1").value();
    wrong.address.bytes[6] = static_cast<std::uint8_t>(i >> 8);
    wrong.address.bytes[7] = static_cast<std::uint8_t>(i);
    looked_at += rejection_of(wrong) == 1010 ? 1 : 0;
    now_ = now_ + millis(2);
    take_notices();
  }
  constexpr std::int64_t kAtFirst = DerivationBudget::kNetworkFailuresBurst + DerivationBudget::kFailuresBurst;
  EXPECT_LE(looked_at, kAtFirst + kSeconds * (DerivationBudget::kFailuresPerSecond + 1));
  EXPECT_GE(looked_at, DerivationBudget::kFailuresPerSecond * kSeconds / 2) << "those who mistype are answered";
  EXPECT_EQ(desk().key_derivations(), 1u);
  Caller honest = with_key(viewer("live/secret", 200), {.salt = 0xC0});
  EXPECT_EQ(rejection_of(honest), 0);
}

// Callers of many sites, each with a salt of its own, 500 a second. A model of the way to the desk: the worker's ring
// of events, and a thread whose derivations take `derivation`, which a host may be slow at.
struct Rush {
  static constexpr Micros kLength = seconds(3);
  static constexpr Micros kInterval = millis(2);
  static constexpr std::size_t kCallers = 1'500;
  std::size_t let_in = 0;
  std::size_t refused = 0;
  Micros longest_wait{};
};
class RushTest : public SessionKeysTest, public testing::WithParamInterface<int> {
 protected:
  static const std::vector<std::vector<std::byte>>& key_messages() {
    static const std::vector<std::vector<std::byte>> kMessages = [] {
      std::vector<std::vector<std::byte>> messages;
      for (std::size_t n = 0; n < Rush::kCallers; ++n) messages.push_back(KeyMaterial{.number = n}.bytes());
      return messages;
    }();
    return kMessages;
  }
  Rush run(Micros derivation) {
    std::deque<std::pair<Instant, Caller>> ring;
    Rush rush;
    const Instant begun = now_;
    const auto moment_of = [begun](std::size_t n) { return begun + static_cast<std::int64_t>(n) * Rush::kInterval; };
    for (std::size_t n = 0; now_ - begun < Rush::kLength || !ring.empty();) {
      for (; moment_of(n) <= now_ && n < Rush::kCallers; ++n) {
        Caller caller = viewer("live/secret", static_cast<std::uint32_t>(100 + n));
        caller.address = IpAddress::v4(10, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n), 1);
        caller.key_message = key_messages()[n];
        if (ring.size() < Mailbox::kEvents) ring.emplace_back(moment_of(n), caller);
      }
      if (ring.empty()) {
        now_ = now_ + millis(1);
        continue;
      }
      const auto [at, caller] = ring.front();
      ring.pop_front();
      waited_ = now_ - at;
      rush.longest_wait = std::max(rush.longest_wait, waited_);
      const std::uint64_t before = desk().key_derivations();
      const std::int32_t answer = rejection_of(caller);
      ++(answer == 0 ? rush.let_in : rush.refused);
      EXPECT_TRUE(answer == 0 || answer == 2402 || answer == -1) << answer;
      now_ = now_ + static_cast<std::int64_t>(desk().key_derivations() - before) * derivation + micros(5);
      take_notices();
    }
    waited_ = {};
    return rush;
  }
};

TEST_P(RushTest, NobodyWaitsForMoreThanThreeSecondsOfWork) {
  const Micros derivation = micros(GetParam());
  const Rush rush = run(derivation);
  EXPECT_LE(rush.longest_wait, seconds(3) + derivation);
  EXPECT_GT(rush.let_in, 300u);
  EXPECT_GT(rush.refused, 0u);
  constexpr std::int64_t kRate = DerivationBudget::kPerSecond + DerivationBudget::kNewPerSecond;
  constexpr std::int64_t kBurst = DerivationBudget::kBurst + DerivationBudget::kNewBurst;
  const std::int64_t share_left = 1'000'000 - kRate * derivation.count;  // Of the thread.
  if (share_left <= 0) return;                                           // The ration alone would not hold the queue.
  EXPECT_LE(rush.longest_wait.count, kBurst * derivation.count * 1'000'000 / share_left);
}

INSTANTIATE_TEST_SUITE_P(, RushTest, testing::Values(2'000, 3'000, 12'000));

TEST_F(SessionKeysTest, WhoWaitedThreeSecondsHasGivenUpAndCostsNothing) {
  waited_ = seconds(3);
  EXPECT_EQ(rejection_of(with_key(viewer("live/secret"), {})), 2402);
  EXPECT_EQ(desk().key_derivations(), 0u);
  waited_ = seconds(3) - micros(1);
  EXPECT_EQ(rejection_of(with_key(viewer("live/secret"), {})), 0);
}

TEST_F(SessionKeysTest, NoNoticeHoldsAPassphrase) {
  StreamRule bad = rule("bad");
  bad.view_passphrase = "tooshort";
  begin({secret_rule("live/secret"), bad});
  const command::OpenSession opening = let_in(with_key(publisher("live/secret"), {}));
  opened(opening, 9);
  ask_refresh(opening, KeyMaterial{.passphrase = "another passphrase"}.bytes());
  rejection_of(with_key(viewer("live/secret"), {.passphrase = "another passphrase"}));
  closed(opening);
  const std::vector<std::string> notices = take_notices();
  EXPECT_EQ(notices.size(), 5u);
  for (const std::string& notice : notices) {
    EXPECT_EQ(notice.find(kPassphrase), std::string::npos);
    EXPECT_EQ(notice.find("another"), std::string::npos);
    EXPECT_EQ(notice.find("tooshort"), std::string::npos);
  }
}

}  // namespace
}  // namespace fanlight::control
