// A viewer's next key, from its announcement to the turn: nothing goes with a key that the viewer has not confirmed,
// and what went before the turn is repaired as it went.
#include <gtest/gtest.h>

#include "wire/srt_key_message.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

using wire::KeyFlag;

const Endpoint kPublisherAt = RelayFixture::caller(5000);
const Endpoint kViewerAt = RelayFixture::caller(6000);
constexpr std::uint32_t kFirst = 30;

crypto::PacketCipher cipher_of(int number) {
  return {crypto::Key(std::vector<std::byte>(16, std::byte(number))), wire::Salt{}};
}

class RelayKeysTest : public ::testing::Test, protected RelayFixture {
 protected:
  RelayKeysTest() {
    publisher = open(opening(Role::kPublisher, kPublisherAt, SocketId{50}));
    viewer = open_viewer(kViewerAt, SocketId{60}, 0);
    run_for(millis(6));
    hear(kViewerAt, ack(viewer, {kFirst}, 1));  // It is there.
    breathe();
    ciphers[1].emplace(cipher_of(1));
  }
  SocketId open_viewer(const Endpoint& at, SocketId peer, std::uint32_t rekey_packets) {
    auto sealed = opening(Role::kViewer, at, peer, SeqNo{kFirst});
    sealed.ciphers = std::make_unique<crypto::SessionCiphers>();
    sealed.ciphers->even.emplace(cipher_of(1));
    sealed.ciphers->rekey_packets = rekey_packets;
    return open_unheard(std::move(sealed));
  }
  // Key `number`, for its slot: the first one was even.
  static KeyFlag slot_of(int number) { return number % 2 == 1 ? KeyFlag::kEven : KeyFlag::kOdd; }
  static std::vector<std::byte> message_of(int number) { return std::vector<std::byte>(56, std::byte(number)); }
  void announce(int number, SocketId to) {
    auto key = std::make_unique<crypto::KeyAnnouncement>();
    key->slot = slot_of(number);
    key->cipher.emplace(cipher_of(number));
    key->bytes = 56;
    const std::vector<std::byte> message = message_of(number);
    std::copy(message.begin(), message.end(), key->message.begin());
    say(command::AnnounceKey{RequestId{60}, to, std::move(key)});
    ciphers[number].emplace(cipher_of(number));
  }
  static std::vector<std::byte> key_packet(SocketId to, std::uint16_t subtype, ByteSpan message) {
    std::vector<std::byte> bytes(200);
    bytes.resize(wire::write_key_packet(bytes, subtype, message, {}, to));
    return bytes;
  }
  void confirm(int number) { hear(kViewerAt, key_packet(viewer, wire::kUserKeyResponse, message_of(number))); }
  static std::vector<Said> requests(const std::vector<Said>& said) {
    std::vector<Said> theirs;
    for (const Said& one : to(said, kViewerAt))
      if (one.is(wire::ControlType::kUser) && one.control()->subtype == wire::kUserKeyRequest) theirs.push_back(one);
    return theirs;
  }
  // The publisher's next packet; what it became for the viewer.
  std::vector<Said> publish() {
    hear(kPublisherAt, data(publisher, {kIsn.raw + published++}));
    return only_data(breathe());
  }
  static std::vector<Said> only_data(const std::vector<Said>& said) {
    std::vector<Said> theirs;
    for (const Said& one : to(said, kViewerAt))
      if (one.data()) theirs.push_back(one);
    return theirs;
  }
  // Whether it is what was published, under key `number`.
  bool opens_with(int number, const Said& said) {
    const wire::DataHeader header = *said.data();
    std::vector<std::byte> clear(said.content().size());
    EXPECT_TRUE(ciphers[number]->apply(header.seq, said.content(), clear));
    return header.key == slot_of(number) && clear == ts_payload(kIsn.raw + header.seq.raw - kFirst, clear.size());
  }
  void acknowledge_all() {
    hear(kViewerAt, ack(viewer, {kFirst + published}, ++acks));
    breathe();
  }
  void turn_to(int number) {
    announce(number, viewer);
    ASSERT_EQ(requests(breathe()).size(), 1u);
    confirm(number);
    breathe();
    const auto turned = next_event<event::KeyAnnounced>();
    ASSERT_TRUE(turned && turned->outcome == KeyOutcome::kTurned);
  }

  SocketId publisher;
  SocketId viewer;
  std::uint32_t published = 0;
  std::uint32_t acks = 1;
  std::map<int, std::optional<crypto::PacketCipher>> ciphers;
};

TEST_F(RelayKeysTest, FreshPacketsGoWithTheNewKeyOnceItIsConfirmed) {
  announce(2, viewer);
  const auto said = requests(breathe());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(said[0].content(), message_of(2)));
  const auto before = publish();
  ASSERT_EQ(before.size(), 1u);
  EXPECT_TRUE(opens_with(1, before[0]));
  confirm(2);
  const auto after = publish();
  ASSERT_EQ(after.size(), 1u);
  EXPECT_TRUE(opens_with(2, after[0]));
  const auto turned = next_event<event::KeyAnnounced>();
  ASSERT_TRUE(turned);
  EXPECT_EQ(turned->outcome, KeyOutcome::kTurned);
  EXPECT_EQ(turned->request, RequestId{60});
  EXPECT_TRUE(turned->announcement);
  EXPECT_EQ(mailbox.counters.read(Counter::kKeysTurned), 1u);
}

// Somebody who knows what the relay is about to ask, from an earlier time or by chance, does not answer for the viewer.
TEST_F(RelayKeysTest, AnAnswerBeforeTheQuestionIsNone) {
  ASSERT_EQ(publish().size(), 1u);
  turn_to(2);
  ASSERT_EQ(publish().size(), 1u);
  announce(3, viewer);
  EXPECT_TRUE(requests(breathe()).empty()) << "what went with the key before is not acknowledged yet";
  confirm(3);
  breathe();
  EXPECT_EQ(mailbox.counters.read(Verdict::kWrongKeyResponse), 1u);
  EXPECT_FALSE(next_event<event::KeyAnnounced>()) << "nothing has turned";
  acknowledge_all();
  EXPECT_EQ(requests(run_for(millis(30))).size(), 1u) << "it is asked as if nothing had been said";
  confirm(3);
  breathe();
  const auto turned = next_event<event::KeyAnnounced>();
  ASSERT_TRUE(turned);
  EXPECT_EQ(turned->outcome, KeyOutcome::kTurned);
}

TEST_F(RelayKeysTest, ARepairGoesAsItWentTheFirstTime) {
  const auto old = publish();
  turn_to(2);
  const auto fresh = publish();
  hear(kViewerAt, nak(viewer, {{{kFirst}, {kFirst + 1}}}));
  const auto repairs = only_data(breathe(millis(100)));
  ASSERT_EQ(repairs.size(), 2u);
  ASSERT_TRUE(old.size() == 1 && fresh.size() == 1);
  EXPECT_EQ(repairs[0].data()->key, KeyFlag::kEven);
  EXPECT_TRUE(std::ranges::equal(repairs[0].content(), old[0].content()));
  EXPECT_EQ(repairs[1].data()->key, KeyFlag::kOdd);
  EXPECT_TRUE(std::ranges::equal(repairs[1].content(), fresh[0].content()));
}

TEST_F(RelayKeysTest, ARequestIsRepeatedTenTimesAndThenTheOldKeyStays) {
  announce(2, viewer);
  std::vector<Said> said;
  for (int i = 0; i < 200 && said.size() < 11; ++i) {
    hear(kViewerAt, bare(viewer, wire::ControlType::kKeepAlive));
    for (const Said& one : requests(breathe(millis(10)))) said.push_back(one);
  }
  EXPECT_EQ(said.size(), 10u);
  const auto end = next_event<event::KeyAnnounced>();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->outcome, KeyOutcome::kUnanswered);
  EXPECT_TRUE(end->announcement && end->announcement->cipher);
  confirm(2);  // Too late: that key is no more.
  const auto packet = publish();
  ASSERT_EQ(packet.size(), 1u);
  EXPECT_TRUE(opens_with(1, packet[0]));
  EXPECT_EQ(mailbox.counters.read(Counter::kKeysUnanswered), 1u);
  EXPECT_EQ(mailbox.counters.read(Verdict::kWrongKeyResponse), 1u);
  turn_to(2);  // Another try later finds it as it was.
}

TEST_F(RelayKeysTest, ARepeatedRequestWaitsForARoundTripAndAHalf) {
  announce(2, viewer);  // The fixture's ACK said that a round trip takes 20 ms.
  EXPECT_EQ(requests(breathe()).size(), 1u);
  EXPECT_EQ(requests(run_for(millis(28))).size(), 0u);
  EXPECT_EQ(requests(run_for(millis(4))).size(), 1u);
}

TEST_F(RelayKeysTest, OnlyTheSameBytesFromTheSamePlaceConfirm) {
  announce(2, viewer);
  breathe();
  std::vector<std::byte> other = message_of(2);
  other[40] ^= std::byte{1};
  const std::vector<std::byte> failure{std::byte{4}, std::byte{0}, std::byte{0}, std::byte{0}};
  for (const std::vector<std::byte>& message : {other, failure, message_of(1), std::vector<std::byte>{}})
    hear(kViewerAt, key_packet(viewer, wire::kUserKeyResponse, message));
  hear(caller(6001), key_packet(viewer, wire::kUserKeyResponse, message_of(2)));
  hear(kPublisherAt, key_packet(publisher, wire::kUserKeyResponse, message_of(2)));
  const auto packet = publish();
  ASSERT_EQ(packet.size(), 1u);
  EXPECT_TRUE(opens_with(1, packet[0]));
  EXPECT_EQ(mailbox.counters.read(Verdict::kWrongKeyResponse), 5u);
  EXPECT_EQ(mailbox.counters.read(Verdict::kWrongAddress), 1u);
  confirm(2);
  breathe();
  EXPECT_TRUE(next_event<event::KeyAnnounced>());
}

TEST_F(RelayKeysTest, AKeyRequestOfAViewerIsIgnored) {
  const auto message = std::vector<std::byte>(72, std::byte{0});
  hear(kViewerAt, key_packet(viewer, wire::kUserKeyRequest, message));
  breathe();
  EXPECT_FALSE(next_event<event::KeyRequestReceived>());
  EXPECT_EQ(mailbox.counters.read(Verdict::kUnknownType), 1u);
}

// The third key takes the place of the first one, at the viewer as soon as it hears of it.
TEST_F(RelayKeysTest, AKeyIsNotReplacedBeforeAllThatWentWithItIsAcknowledged) {
  const auto first = publish();
  turn_to(2);
  announce(3, viewer);
  EXPECT_EQ(requests(run_for(millis(60))).size(), 0u);
  hear(kViewerAt, nak(viewer, {{{kFirst}, {kFirst}}}));
  const auto repair = only_data(breathe(millis(100)));
  ASSERT_TRUE(first.size() == 1 && repair.size() == 1);
  EXPECT_TRUE(std::ranges::equal(repair[0].content(), first[0].content()));
  hear(kViewerAt, ack(viewer, {kFirst + published}, ++acks));
  EXPECT_EQ(requests(breathe()).size(), 1u);
}

TEST_F(RelayKeysTest, KeyAfterKeyEachRepairFindsItsOwn) {
  for (int number = 1; number <= 6; ++number) {
    if (number > 1) turn_to(number);
    for (int i = 0; i < 3; ++i) {
      const auto said = publish();
      ASSERT_EQ(said.size(), 1u);
      EXPECT_TRUE(opens_with(number, said[0])) << number;
    }
    const std::uint32_t last = kFirst + published - 1;
    hear(kViewerAt, nak(viewer, {{{last - 2}, {last}}}));
    for (const Said& repair : only_data(breathe(millis(100)))) EXPECT_TRUE(opens_with(number, repair)) << number;
    acknowledge_all();
  }
}

TEST_F(RelayKeysTest, AViewerInTheMiddleOfAPassTurnsBehindIt) {
  announce(2, viewer);
  breathe();
  port.fresh_max = 2;
  for (int i = 0; i < 4; ++i) hear(kPublisherAt, data(publisher, {kIsn.raw + published++}));
  std::vector<Said> said = only_data(breathe());
  ASSERT_EQ(said.size(), 2u);
  confirm(2);
  for (int i = 0; i < 6; ++i)
    for (const Said& one : only_data(breathe(millis(1)))) said.push_back(one);
  for (const Said& one : publish()) said.push_back(one);
  ASSERT_EQ(said.size(), 5u);
  hear(kViewerAt, nak(viewer, {{{kFirst}, {kFirst + 4}}}));
  const auto repairs = only_data(breathe(millis(100)));
  ASSERT_EQ(repairs.size(), 5u);
  EXPECT_TRUE(opens_with(1, said[3]) && opens_with(2, said[4]));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(repairs[i].data()->key, said[i].data()->key);
    EXPECT_TRUE(std::ranges::equal(repairs[i].content(), said[i].content())) << i;
  }
}

TEST_F(RelayKeysTest, ControlIsToldOnceThatAKeyIsDue) {
  const Endpoint at = caller(6001);
  const SocketId due = open_viewer(at, SocketId{61}, 5);
  run_for(millis(6));
  for (int i = 0; i < 20; ++i) {
    publish();
    hear(at, ack(due, {kFirst + published}, ++acks));
    breathe(millis(10));
  }
  const auto news = next_event<event::KeyDue>();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->socket, due);
  EXPECT_EQ(news->request, RequestId{61});
  EXPECT_FALSE(next_event<event::KeyDue>());
}

TEST_F(RelayKeysTest, WhoIsGoneHandsTheKeyBack) {
  announce(2, SocketId{0x0100'0005});
  breathe();
  const auto none = next_event<event::KeyAnnounced>();
  ASSERT_TRUE(none);
  EXPECT_EQ(none->outcome, KeyOutcome::kGone);
  announce(2, publisher);
  breathe();
  EXPECT_TRUE(next_event<event::KeyAnnounced>());
  announce(2, viewer);
  announce(2, viewer);
  breathe();
  const auto second = next_event<event::KeyAnnounced>();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->outcome, KeyOutcome::kGone);
  say(command::CloseSession{viewer});
  run_for(millis(100));
  const auto closed = next_event<event::SessionClosed>();
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->ciphers && closed->ciphers->next);
}

// Before it was heard the response may still be on its way.
TEST_F(RelayKeysTest, NobodyIsToldBeforeItWasHeard) {
  const Endpoint at = caller(6001);
  const SocketId quiet = open_viewer(at, SocketId{61}, 0);
  announce(2, quiet);
  std::size_t said = 0;
  for (const Said& one : to(run_for(millis(100)), at)) said += one.is(wire::ControlType::kUser) ? 1 : 0;
  EXPECT_EQ(said, 0u);
  hear(at, bare(quiet, wire::ControlType::kKeepAlive));
  for (const Said& one : to(breathe(), at)) said += one.is(wire::ControlType::kUser) ? 1 : 0;
  EXPECT_EQ(said, 1u);
}

}  // namespace
}  // namespace fanlight
