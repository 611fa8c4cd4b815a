#include "net/memberships.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/checksum.h"
#include "net/igmp.h"
#include "net/ip_header.h"
#include "net/test_frames.h"
#include "net/test_group_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

constexpr Instant kStart{1'000'000'000};
constexpr IpAddress kGroupV4 = IpAddress::v4(239, 1, 2, 3);
constexpr IpAddress kOtherV4 = IpAddress::v4(239, 1, 2, 4);
const IpAddress kGroupV6 = *IpAddress::parse("ff15::7:1");

Interface only_v4() {
  Interface interface = our_interface();
  interface.ipv6 = {};
  return interface;
}

class MembershipsTest : public testing::Test {
 protected:
  explicit MembershipsTest(const Interface& interface = only_v4()) : interface_(interface), us_(interface, 7) {}

  // Said now.
  std::vector<Bytes> say() {
    std::vector<Bytes> said;
    for (;;) {
      Bytes out(kFrameBytesMax);
      out.resize(us_.poll_report(now_, out));
      if (out.empty()) break;
      said.push_back(std::move(out));
    }
    EXPECT_GT(us_.next_report_at(), now_);
    return said;
  }
  // Said within that span, with the moments.
  std::vector<std::pair<Micros, Bytes>> say_within(Micros span) {
    std::vector<std::pair<Micros, Bytes>> said;
    const Instant begin = now_;
    while (us_.next_report_at() <= begin + span) {
      now_ = std::max(now_, us_.next_report_at());
      for (Bytes& frame : say()) said.emplace_back(now_ - begin, std::move(frame));
    }
    now_ = begin + span;
    return said;
  }
  void join(const IpAddress& group, std::optional<IpAddress> source = std::nullopt) {
    ASSERT_TRUE(us_.join(group, source));
    ASSERT_TRUE(interface_.join(group));
  }
  void settle() {
    us_.start(now_);
    (void)say_within(seconds(5));
  }
  void hear(const Bytes& frame) { us_.handle_frame(now_, frame, judge_frame(interface_, frame)); }
  void hear(std::string_view hex) { hear(from_hex(hex)); }

  // A question of version 1 or 2, by code and group.
  static Bytes old_query(std::uint8_t code, const IpAddress& group = IpAddress::v4(0, 0, 0, 0)) {
    Bytes frame = from_hex(kIgmpQuery);
    frame.resize(38 + kIgmpBytesMin);
    store_be16(frame.data() + 16, 24 + kIgmpBytesMin);
    store_be16(frame.data() + 24, 0);
    store_be16(frame.data() + 24, checksum_of(sum_of(ByteSpan{frame}.subspan(14, 24))));
    frame[39] = std::byte{code};
    std::memcpy(frame.data() + 42, group.bytes.data() + 12, 4);
    store_be16(frame.data() + 40, 0);
    store_be16(frame.data() + 40, checksum_of(sum_of(ByteSpan{frame}.subspan(38))));
    return frame;
  }

  Instant now_ = kStart;
  Interface interface_;
  Memberships us_;
};

TEST_F(MembershipsTest, WithoutGroupsThereIsNothingToSay) {
  us_.start(now_);
  hear(kIgmpQuery);
  EXPECT_EQ(us_.next_report_at(), Instant::never());
  us_.leave(now_);
  EXPECT_EQ(us_.next_report_at(), Instant::never());
}

TEST_F(MembershipsTest, AJoinIsSaidAtOnceAndAgainWithinASecond) {
  join(kGroupV4);
  us_.start(now_);
  EXPECT_EQ(say(), std::vector<Bytes>{from_hex(kIgmpJoin)});
  const auto again = say_within(seconds(60));
  ASSERT_EQ(again.size(), 1u) << "robustness is 2";
  EXPECT_EQ(again[0].second, from_hex(kIgmpJoin));
  EXPECT_LE(again[0].first, seconds(1));
}

TEST_F(MembershipsTest, ASourceIsNamedAndSeveralAreOneRecord) {
  join(kOtherV4, kPeerV4);
  us_.start(now_);
  EXPECT_EQ(say(), std::vector<Bytes>{from_hex(kIgmpJoinSource)});
  Memberships two(interface_, 1);
  ASSERT_TRUE(two.join(kOtherV4, kPeerV4));
  ASSERT_TRUE(two.join(kOtherV4, kPeerV4));
  ASSERT_TRUE(two.join(kOtherV4, IpAddress::v4(192, 0, 2, 21)));
  two.start(now_);
  Bytes out(kFrameBytesMax);
  out.resize(two.poll_report(now_, out));
  ASSERT_EQ(out.size(), from_hex(kIgmpJoinSource).size() + 4);
  EXPECT_EQ(out[38 + 11], std::byte{2}) << "sources";
}

// RFC 3376 §3.2: whoever wants a group from anybody wants it from everybody.
TEST_F(MembershipsTest, FromAnybodyCoversSources) {
  join(kGroupV4, kPeerV4);
  join(kGroupV4);
  us_.start(now_);
  EXPECT_EQ(say(), std::vector<Bytes>{from_hex(kIgmpJoin)});
}

TEST_F(MembershipsTest, AGeneralQuestionIsAnsweredAfterARandomSpan) {
  join(kOtherV4, kPeerV4);
  join(kGroupV4);
  settle();
  std::vector<Micros> spans;
  for (int i = 0; i < 20; ++i) {
    hear(kIgmpQuery);
    const auto answers = say_within(seconds(30));
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].second, from_hex(kIgmpState));
    EXPECT_LE(answers[0].first, seconds(1)) << "what the question allows";
    spans.push_back(answers[0].first);
  }
  EXPECT_LT(*std::ranges::min_element(spans), millis(300));
  EXPECT_GT(*std::ranges::max_element(spans), millis(700));
}

TEST_F(MembershipsTest, AQuestionAboutAGroupIsAnsweredForItAlone) {
  join(kOtherV4, kPeerV4);
  join(kGroupV4);
  settle();
  hear(kIgmpQueryGroup);
  const auto answers = say_within(seconds(30));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].second.size(), from_hex(kIgmpJoin).size());
  EXPECT_EQ(answers[0].second[38 + 8], std::byte{2}) << "MODE_IS_EXCLUDE";
  EXPECT_EQ(net::load_ipv4(answers[0].second.data() + 38 + 12), kGroupV4);
}

TEST_F(MembershipsTest, AQuestionAboutSourcesIsAnsweredWithThoseThatWeWant) {
  join(kOtherV4, IpAddress::v4(192, 0, 2, 33));
  join(kOtherV4, kPeerV4);
  settle();
  hear(kIgmpQuerySource);
  const auto answers = say_within(seconds(30));
  ASSERT_EQ(answers.size(), 1u);
  Bytes expected = from_hex(kIgmpJoinSource);
  expected[38 + 8] = std::byte{1};  // MODE_IS_INCLUDE
  store_be16(expected.data() + 40, 0);
  store_be16(expected.data() + 40, checksum_of(sum_of(ByteSpan{expected}.subspan(38))));
  EXPECT_EQ(answers[0].second, expected);
}

TEST_F(MembershipsTest, SourcesThatWeDoNotWantGetNoAnswer) {
  join(kOtherV4, IpAddress::v4(192, 0, 2, 33));
  settle();
  hear(kIgmpQuerySource);
  EXPECT_TRUE(say_within(seconds(30)).empty());
}

TEST_F(MembershipsTest, TwoQuestionsAtOnceGetOneAnswer) {
  join(kGroupV4);
  settle();
  for (int i = 0; i < 5; ++i) hear(kIgmpQuery);
  for (int i = 0; i < 5; ++i) hear(kIgmpQueryGroup);
  EXPECT_LE(say_within(seconds(30)).size(), 2u) << "the group's may be due before the general one";
}

TEST_F(MembershipsTest, QuestionsWithoutEndGetFewAnswers) {
  join(kGroupV4);
  settle();
  Bytes frame = from_hex(kIgmpQuery);
  frame[39] = std::byte{0};
  store_be16(frame.data() + 40, 0);
  store_be16(frame.data() + 40, checksum_of(sum_of(ByteSpan{frame}.subspan(38))));
  std::size_t answers = 0;
  for (int i = 0; i < 10'000; ++i) {
    hear(frame);
    answers += say_within(micros(100)).size();
  }
  EXPECT_GT(answers, 50u);
  EXPECT_LT(answers, 1'000u) << "in a second";
}

// Made for one host: to load it, or to make it say what it hears.
TEST_F(MembershipsTest, AGeneralQuestionToOneHostIsNotAnswered) {
  join(kGroupV4);
  settle();
  Bytes frame = from_hex(kIgmpQuery);
  std::memcpy(frame.data(), kOurMac.data(), kOurMac.size());
  std::memcpy(frame.data() + 30, kOurV4.bytes.data() + 12, 4);
  store_be16(frame.data() + 24, 0);
  store_be16(frame.data() + 24, checksum_of(sum_of(ByteSpan{frame}.subspan(14, 24))));
  ASSERT_EQ(judge_frame(interface_, frame).verdict, Verdict::kIgmp);
  hear(frame);
  EXPECT_TRUE(say_within(seconds(30)).empty());
}

TEST_F(MembershipsTest, WhenTheLinkComesBackAllIsSaidAgain) {
  join(kGroupV4);
  settle();
  us_.start(now_);
  EXPECT_EQ(say(), std::vector<Bytes>{from_hex(kIgmpJoin)});
}

TEST_F(MembershipsTest, ARouterSaysHowOftenThingsAreSaid) {
  join(kGroupV4);
  settle();
  Bytes frame = from_hex(kIgmpQuery);
  frame[38 + 8] = std::byte{4};
  store_be16(frame.data() + 40, 0);
  store_be16(frame.data() + 40, checksum_of(sum_of(ByteSpan{frame}.subspan(38))));
  hear(frame);
  (void)say_within(seconds(5));
  us_.start(now_);
  EXPECT_EQ(say_within(seconds(10)).size(), 4u);
}

TEST_F(MembershipsTest, LeavingIsSaidAtOnceAndThenNothing) {
  join(kGroupV4);
  join(kOtherV4, kPeerV4);
  settle();
  hear(kIgmpQuery);
  us_.leave(now_);
  EXPECT_EQ(say(), (std::vector<Bytes>{from_hex(kIgmpLeave), from_hex(kIgmpLeave)}));
  hear(kIgmpQuery);
  EXPECT_EQ(us_.next_report_at(), Instant::never());
}

TEST_F(MembershipsTest, AnOlderRouterIsSpokenToInItsWords) {
  join(kGroupV4);
  join(kOtherV4, kPeerV4);
  settle();
  hear(old_query(10));
  const auto answers = say_within(seconds(5));
  ASSERT_EQ(answers.size(), 2u) << "one for each group";
  EXPECT_EQ(answers[0].second, from_hex(kIgmpJoinV2));
  hear(old_query(10, kGroupV4));
  EXPECT_EQ(say_within(seconds(5)).size(), 1u);
  us_.leave(now_);
  const std::vector<Bytes> leaves = say();
  ASSERT_EQ(leaves.size(), 4u);
  EXPECT_EQ(leaves[0], from_hex(kIgmpLeaveV2));
}

// RFC 3376 §4.1.6: a querier whose own is above 7 says 0, and hosts use the default then, not what another said before.
TEST_F(MembershipsTest, ARouterThatSaysNoRobustnessMeansTheDefault) {
  const auto query_with = [](std::uint8_t robustness) {
    Bytes frame = from_hex(kIgmpQuery);
    frame[46] = std::byte{robustness};
    store_be16(frame.data() + 40, 0);
    store_be16(frame.data() + 40, checksum_of(sum_of(ByteSpan{frame}.subspan(38))));
    return frame;
  };
  join(kGroupV4);
  settle();
  hear(query_with(5));
  us_.start(now_);
  EXPECT_EQ(say_within(seconds(60)).size(), 6u) << "five times, and the answer";
  hear(query_with(0));
  us_.start(now_);
  EXPECT_EQ(say_within(seconds(60)).size(), 3u);
}

// RFC 3376 §8.12: robustness times the query interval, and ten seconds.
TEST_F(MembershipsTest, AnOlderRouterIsForgottenInTime) {
  join(kGroupV4);
  settle();
  hear(old_query(10));
  (void)say_within(seconds(250));
  hear(kIgmpQuery);
  EXPECT_EQ(say_within(seconds(5)).at(0).second, from_hex(kIgmpJoinV2)) << "still";
  (void)say_within(seconds(6));
  hear(kIgmpQuery);
  EXPECT_EQ(say_within(seconds(5)).at(0).second[38], std::byte{0x22});
}

// Anybody may send us one from elsewhere; routers that know sources would not hear what is said in older words.
TEST_F(MembershipsTest, AnOldQuestionAboutAGroupMakesNoRouterOld) {
  join(kGroupV4);
  settle();
  hear(old_query(10, kGroupV4));
  EXPECT_EQ(say_within(seconds(5)).at(0).second[38], std::byte{0x22});
}

TEST_F(MembershipsTest, EachOlderVersionIsForgottenInItsTime) {
  join(kGroupV4);
  settle();
  hear(old_query(0));
  (void)say_within(seconds(200));
  hear(old_query(10));
  (void)say_within(seconds(70));  // 270 s after the first, 70 after the second.
  hear(kIgmpQuery);
  EXPECT_EQ(say_within(seconds(5)).at(0).second, from_hex(kIgmpJoinV2));
}

TEST_F(MembershipsTest, TheOldestRouterHearsNoLeave) {
  join(kGroupV4);
  settle();
  hear(old_query(0));
  const auto answers = say_within(seconds(11));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].second[38], std::byte{0x12});
  us_.leave(now_);
  EXPECT_TRUE(say().empty());
}

TEST_F(MembershipsTest, ManyGroupsTakeSeveralFrames) {
  for (std::uint8_t i = 0; i < 120; ++i)
    join(IpAddress::v4(239, 7, 0, i), i % 2 == 0 ? std::optional(kPeerV4) : std::nullopt);
  us_.start(now_);
  std::size_t records = 0;
  for (const Bytes& frame : say()) {
    EXPECT_TRUE(is_intact(sum_of(ByteSpan{frame}.subspan(38))));
    records += load_be16(frame.data() + 38 + 6);
  }
  EXPECT_EQ(records, 120u);
}

TEST_F(MembershipsTest, AFamilyThatIsNotSpokenJoinsNothing) {
  EXPECT_FALSE(us_.join(kGroupV6, std::nullopt));
  for (std::uint8_t i = 0; i < Memberships::kSourcesMax; ++i)
    EXPECT_TRUE(us_.join(kGroupV4, IpAddress::v4(192, 0, 2, i)));
  EXPECT_FALSE(us_.join(kGroupV4, IpAddress::v4(192, 0, 3, 1))) << "no room for one more source";
}

class MembershipsV6Test : public MembershipsTest {
 protected:
  MembershipsV6Test() : MembershipsTest(our_interface()) {}
};

TEST_F(MembershipsV6Test, OurOwnAddressesGroupsAreSaidWithoutBeingJoined) {
  us_.start(now_);
  EXPECT_EQ(say(), std::vector<Bytes>{from_hex(kMldSolicited)});
}

TEST_F(MembershipsV6Test, AnOlderRouterIsSpokenToInItsWords) {
  join(kGroupV6);
  settle();
  Bytes query = from_hex(kMldQuery);
  query.resize(query.size() - 4);
  store_be16(query.data() + 18, 8 + 24);
  store_be16(query.data() + 64, 0);
  const ByteSpan mld = ByteSpan{query}.subspan(62);
  store_be16(query.data() + 64,
             checksum_of(pseudo_sum(load_ipv6(query.data() + 22), kAllNodes, 58) + sum_of_field(24) + sum_of(mld)));
  hear(query);
  const auto answers = say_within(seconds(5));
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[2].second, from_hex(kMldJoinV1));
  us_.leave(now_);
  EXPECT_EQ(say().at(2), from_hex(kMldDoneV1));
}

TEST_F(MembershipsV6Test, AGeneralQuestionIsAnsweredInItsFamilyAlone) {
  join(kGroupV4);
  join(kGroupV6);
  settle();
  hear(kMldQuery);
  const auto answers = say_within(seconds(5));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].second[12], std::byte{0x86});
}

}  // namespace
}  // namespace fanlight::net
