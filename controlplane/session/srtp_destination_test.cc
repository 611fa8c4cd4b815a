// Destinations with SRTP keys.
#include "config/srtp_key.h"
#include "session/destination_fixture.h"

namespace fanlight::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class SrtpDeskTest : public DestinationDeskTest {
 protected:
  static constexpr const char* kKey = "AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
  static DestinationRule secret(const char* url = "rtp://198.51.100.1:5004", const std::string& key = kKey,
                                std::string stream = "live/main") {
    DestinationRule rule = to(url, std::move(stream));
    rule.srtp = *parse_srtp_key(key);
    return rule;
  }
};

TEST_F(SrtpDeskTest, DestinationsWithAKeyAreGivenTheSame) {
  add(secret());
  const command::OpenDestination first = opens();
  ASSERT_NE(first.srtp, nullptr);
  add(secret("rtp://198.51.100.2:5004"));
  EXPECT_EQ(opens().srtp, first.srtp);
  add(secret("rtp://198.51.100.3:5004", std::string{kKey} + "|1000"));
  EXPECT_NE(opens().srtp, first.srtp) << "another lifetime";
  add(to("rtp://198.51.100.4:5004"));
  EXPECT_EQ(opens().srtp, nullptr);
}

TEST_F(SrtpDeskTest, ItsSessionIsSaidToBeEncrypted) {
  add(secret());
  const RequestId with_key = opens().request;
  add(to("rtp://198.51.100.2:5004"));
  const RequestId clear = opens().request;
  const std::uint64_t ticket = desk().ask_report(SocketId{});
  for (const RequestId request : {with_key, clear}) {
    event::SessionReport session;
    session.ticket = ticket;
    session.request = request;
    desk().handle_event(now_, std::move(session));
  }
  desk().handle_event(now_, event::ReportEnd{ticket});
  const auto report = desk().take_report(ticket);
  ASSERT_TRUE(report && report->sessions.size() == 2);
  EXPECT_TRUE(report->sessions[0].is_encrypted);
  EXPECT_FALSE(report->sessions[1].is_encrypted);
}

TEST_F(SrtpDeskTest, LifetimesOfOneMasterKeyCountTogether) {
  add(secret("rtp://198.51.100.1:5004", std::string{kKey} + "|200"));
  crypto::SrtpSendingKey* const first = opens().srtp;
  add(secret("rtp://198.51.100.2:5004", std::string{kKey} + "|300"));
  crypto::SrtpSendingKey* const longer = opens().srtp;
  add(secret("rtp://198.51.100.3:5004", "AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"));
  crypto::SrtpSendingKey* const shorter_tag = opens().srtp;
  EXPECT_TRUE(first->try_take(150));
  EXPECT_TRUE(shorter_tag->try_take(100));
  EXPECT_FALSE(first->try_take(1));
  EXPECT_TRUE(longer->try_take(49));
  EXPECT_FALSE(longer->try_take(1));
}

TEST_F(SrtpDeskTest, ItsSourceIsShownAsSoonAsItIsKnown) {
  add(secret());
  const command::OpenDestination one = opens();
  EXPECT_EQ(view().ssrc, 0u);
  desk().handle_event(now_, event::DestinationSource{one.request, 77});
  EXPECT_EQ(view().ssrc, 77u);
  EXPECT_THAT(view().sdp, Not(HasSubstr("a=ssrc:"))) << "the name of its reports is not known";
  say_name("000000010000000200000003");
  EXPECT_THAT(view().sdp, HasSubstr("a=ssrc:77 cname:000000010000000200000003\r\n"));
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("another SSRC"))));
  desk().handle_event(now_, event::DestinationSource{one.request, 78});
  EXPECT_THAT(view().sdp, HasSubstr("a=ssrc:78 cname:000000010000000200000003\r\n"));
  EXPECT_THAT(take_notices(), Contains(HasSubstr("another SSRC, 78")));
  ends(one, CloseReason::kKicked);
  EXPECT_EQ(view().ssrc, 0u);
}

TEST_F(SrtpDeskTest, ItsKeyIsShownToWhoAsksForIt) {
  add(secret());
  opens();
  EXPECT_TRUE(view().is_encrypted);
  EXPECT_EQ(view().sdp.find("inline:"), std::string::npos);
  EXPECT_EQ(view().url, "rtp://198.51.100.1:5004");
  EXPECT_THAT(desk().calls(now_, true).at(0).sdp, HasSubstr(std::string{"a=crypto:1 "} + kKey + "\r\n"));
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("inline:"))));
}

TEST_F(SrtpDeskTest, KeysAreBoundedForAStreamAndInAll) {
  const auto nth = [](std::size_t i) { return std::string{kKey} + "|" + std::to_string(1'000 + i); };
  std::size_t added = 0;
  for (std::size_t s = 0; added < kSrtpKeysMax; ++s)
    for (std::size_t i = 0; i < kSrtpKeysPerStreamMax; ++i, ++added)
      ASSERT_TRUE(
          desk().add_destination(now_, secret(("rtp://198.51.100.1:" + std::to_string(5'004 + 2 * added)).c_str(),
                                              nth(i), "live/" + std::to_string(s))));
  EXPECT_THAT(desk().add_destination(now_, secret("rtp://198.51.100.9:5004", nth(99), "live/0")).error().what,
              HasSubstr("stream live/0 has 8 SRTP keys, the most there may be"));
  EXPECT_THAT(desk().add_destination(now_, secret("rtp://198.51.100.9:5004", nth(0), "live/x")).error().what,
              HasSubstr("there are 32 SRTP keys in use"));
  EXPECT_TRUE(desk().add_destination(now_, secret("rtp://198.51.100.9:5004", nth(0), "live/0"))) << "one of them";
}

TEST_F(SrtpDeskTest, AFeedsKeyIsNoDestinations) {
  FeedPlace feed{.rule = {.stream = "live/in", .terms = {.local = *Endpoint::parse("0.0.0.0:5004")}}};
  feed.rule.srtp = *parse_srtp_key(kKey);
  desk().set_feeds(now_, {feed});
  EXPECT_THAT(desk().add_destination(now_, secret()).error().what, HasSubstr("that of stream live/in's feed"));
  EXPECT_TRUE(desk().add_destination(now_, to()));
}

TEST_F(SrtpDeskTest, AReloadThatChangesTheKeyOpensItAnewWithTheOther) {
  desk().reload_destinations(now_, {secret()});
  wait({});
  const command::OpenDestination old = opens();
  desk().reload_destinations(now_, {secret("rtp://198.51.100.1:5004", std::string{kKey} + "|1000")});
  EXPECT_EQ(closings(), std::vector{SocketId{4'242}});
  ends(old, CloseReason::kKicked);
  wait({});
  const auto changed = take_opening();
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->srtp->keys().packets_max(), 1'000u);
}

TEST_F(SrtpDeskTest, AReloadMayChangeAllKeysOfAStream) {
  const auto rules = [](std::size_t lifetime) {
    std::vector<DestinationRule> all;
    for (std::size_t i = 0; i < 2 * kSrtpKeysPerStreamMax; ++i)
      all.push_back(secret(("rtp://198.51.100.1:" + std::to_string(5'004 + 2 * i)).c_str(),
                           std::string{kKey} + "|" + std::to_string(lifetime + i / 2)));
    return all;
  };
  desk().reload_destinations(now_, rules(1'000));
  wait({});
  std::vector<command::OpenDestination> old;
  for (Command& one : take_commands())
    if (auto* opening = std::get_if<command::OpenDestination>(&one)) old.push_back(*opening);
  ASSERT_EQ(old.size(), 2 * kSrtpKeysPerStreamMax);
  for (std::size_t i = 0; i < old.size(); ++i)
    desk().handle_event(now_, event::SessionOpened{old[i].request, SocketId{100 + static_cast<std::uint32_t>(i)}});
  desk().reload_destinations(now_, rules(2'000));
  for (const command::OpenDestination& one : old) ends(one, CloseReason::kKicked);
  wait({});
  EXPECT_EQ(desk().calls(now_).size(), old.size());
  EXPECT_THAT(take_notices(), Not(Contains(HasSubstr("left out"))));
}

TEST_F(SrtpDeskTest, WhatIsWornOutIsNotOpenedAgain) {
  const std::uint32_t id = add(secret());
  ends(opens(), CloseReason::kKeyWornOut);
  EXPECT_EQ(view().state, "worn out");
  EXPECT_THAT(view().failure, HasSubstr("give it another"));
  wait(seconds(600));
  EXPECT_FALSE(take_opening());
  EXPECT_TRUE(desk().remove_destination(id));
  EXPECT_TRUE(desk().calls(now_).empty());
}

TEST_F(SrtpDeskTest, WithSeveralWorkersItIsWhereItsReportsLead) {
  begin({rule("live/main")}, 4);
  for (int i = 1; i < 9; ++i) {
    const std::string url = "rtp://198.51.100.1:" + std::to_string(5'000 + 2 * i);
    const DestinationRule one = secret(url.c_str());
    ASSERT_TRUE(desk().add_destination(now_, one));
    desk().handle_timeout(now_);
    for (std::size_t worker = 0; worker < 4; ++worker) {
      std::vector<Command> commands = take_commands_of(worker);
      EXPECT_EQ(find<command::OpenDestination>(commands) != nullptr, worker == srtp_worker_of(one.terms.remote, 4));
    }
  }
}

}  // namespace
}  // namespace fanlight::control
