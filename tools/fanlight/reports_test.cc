#include "fanlight/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fanlight/commands.h"

namespace fanlight::cli {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

json session(const char* role, json stats) {
  return {{"id", 17u}, {"role", role}, {"stream", "live/main"}, {"age_s", 4.0}, {"stats", std::move(stats)}};
}

TEST(SessionReportTest, AViewersMeanRateIsItsPayloadBitsBySecondsOfAge) {
  EXPECT_THAT(session_report(session("viewer", {{"bytes_sent", 2'500'000u}})),
              ContainsRegex("mean rate +5.0 Mb/s of payload since the session opened, repeats included"));
}

TEST(SessionReportTest, APublishersRateIsToldRightNowAndInTheMean) {
  const std::string report =
      session_report(session("publisher", {{"bytes_received", 1'000'000u}, {"receive_rate_bytes_per_s", 500'000u}}));
  EXPECT_THAT(report, HasSubstr("4.0 Mb/s right now"));
  EXPECT_THAT(report, ContainsRegex("mean rate +2.0 Mb/s"));
}

TEST(SessionReportTest, RepairsThatCameTooLateToBePlayedAreTold) {
  json stats{{"packets_repaired", 73u}, {"packets_repaired_late", 0u}};
  EXPECT_THAT(session_report(session("publisher", stats)), ContainsRegex("73 packets came again in time\n"));
  stats["packets_repaired_late"] = 1u;
  EXPECT_THAT(session_report(session("publisher", stats)), HasSubstr("73 packets came again in time, but 1 too late"));
}

TEST(SessionReportTest, ASessionWithoutAgeHasNoMeanRate) {
  json young = session("viewer", {{"bytes_sent", 100u}});
  young["age_s"] = 0.0;
  EXPECT_THAT(session_report(young), ContainsRegex("mean rate +not known yet"));
}

TEST(SessionReportTest, LinkCapacityIsInMegabitsOfFullPackets) {
  EXPECT_THAT(session_report(session("publisher", {{"link_capacity_packets_per_s", 1000u}, {"mss_bytes", 1500u}})),
              HasSubstr("12.0 Mb/s in packets of full size"));
}

TEST(SessionReportTest, OfADestinationNothingIsSaidInSrtsWords) {
  json of_rtp = session("viewer", {{"rtt_ms", 12.0}, {"jitter_ms", 1.5}, {"naks_received", 3u}});
  of_rtp["agent"] = "RTP";
  for (const char* role : {"viewer", "publisher"}) {
    of_rtp["role"] = role;
    for (const char* word : {"SRT", "ACKs", "in flight", "MSS", "link capacity"})
      EXPECT_THAT(session_report(of_rtp), Not(HasSubstr(word)));
    EXPECT_THAT(session_report(of_rtp), ContainsRegex("peer +RTP\n"));
    EXPECT_THAT(session_report(of_rtp), ContainsRegex("jitter +1.5 ms"));
    EXPECT_THAT(session_report(of_rtp), ContainsRegex("encryption +none\n"));
  }
  of_rtp["role"] = "viewer";
  EXPECT_THAT(session_report(of_rtp), ContainsRegex("round trip +12.0 ms\n"));
  EXPECT_THAT(session_report(of_rtp), ContainsRegex("3 received"));
  of_rtp["state"] = "paused";
  EXPECT_THAT(session_report(of_rtp), ContainsRegex("state +paused, open for 4 s\n")) << "not paused for 4 s";
  of_rtp["encrypted"] = true;
  EXPECT_THAT(session_report(of_rtp), ContainsRegex("encryption +SRTP\n"));
  of_rtp["stats"]["ssrc"] = 77u;
  of_rtp["stats"]["srtp_rollovers"] = 2u;
  EXPECT_THAT(session_report(of_rtp), ContainsRegex("source .SSRC. +77, .*ROC. 2\n"));
  of_rtp["encrypted"] = false;
  EXPECT_THAT(session_report(of_rtp), ContainsRegex("source .SSRC. +77\n"));
}

TEST(StatusReportTest, TheLimitIsToldWhereThereIsOne) {
  EXPECT_THAT(status_report({{"admission", {{"limit_mbps", 0.0}, {"egress_mbps", 40.0}}}}), Not(HasSubstr("egress")));
  const std::string report =
      status_report({{"admission", {{"limit_mbps", 6660.0}, {"egress_mbps", 6400.5}, {"refused", 1200u}}}});
  EXPECT_THAT(report, ContainsRegex("egress +6400.5 of 6660.0 Mb/s"));
  EXPECT_THAT(report, ContainsRegex("turned away +1,200 viewers"));
}

TEST(StatusReportTest, SeveralWorkersAreShownBesideEachOther) {
  const json first = {{"sessions_opened", 40u}, {"sessions_closed", 7u}, {"fresh_sent", 1'000u}};
  const json second = {{"sessions_opened", 31u}, {"fresh_sent", 2'000u}, {"strays_taken", 5u}};
  EXPECT_THAT(status_report({{"workers", {first}}}), Not(HasSubstr("WORKER")));
  const std::string report = status_report({{"workers", {first, second}}});
  EXPECT_THAT(report, HasSubstr("all workers, since they started"));
  EXPECT_THAT(report, ContainsRegex("\n +0 +33 +0 +0 +1,000 +0 +0 +0\n"));
  EXPECT_THAT(report, ContainsRegex("\n +1 +31 +0 +0 +2,000 +5 +0 +0\n"));
}

json a_call(const char* role, const char* state) {
  return {{"id", 3u},           {"role", role},   {"stream", "live/main"},
          {"url", "srt://a:1"}, {"state", state}, {"attempts", 4u}};
}

TEST(CallsReportTest, OneRoleIsShownWithItsLastFailure) {
  json waiting = a_call("viewer", "waiting");
  waiting["retry_in_s"] = 12.0;
  waiting["session"] = nullptr;
  waiting["failure"] = "no answer within 3 s";
  const std::string report = called_viewers_report({{"calls", {waiting, a_call("publisher", "connected")}}});
  EXPECT_THAT(report, ContainsRegex("3 +live/main +srt://a:1 +waiting .* 12 s .* 4 .*no answer within 3 s"));
  EXPECT_THAT(report, Not(HasSubstr("connected")));
}

TEST(CallsReportTest, AConnectedCallNamesItsSession) {
  json connected = a_call("publisher", "connected");
  connected["session"] = 4242u;
  connected["retry_in_s"] = nullptr;
  EXPECT_THAT(called_publishers_report({{"calls", {connected}}}), ContainsRegex("connected .* 4242 "));
  EXPECT_EQ(called_viewers_report({{"calls", {connected}}}), "the relay calls no viewers\n");
}

TEST(FeedsReportTest, LossAndJitterAreShownWhereTheyAreKnown) {
  json feed{{"id", 1u},        {"stream", "live/main"}, {"url", "rtp://0.0.0.0:5004"}, {"payload", "MP2T/90000"},
            {"state", "live"}, {"state_s", 2.0},        {"sender", "192.0.2.7:40000"}, {"packets_lost", 1'234u},
            {"jitter_ms", 1.5}};
  EXPECT_THAT(feeds_report({{"feeds", {feed}}}), ContainsRegex("192.0.2.7:40000 +1,234 +1.5 ms"));
  feed["packets_lost"] = feed["jitter_ms"] = nullptr;
  EXPECT_THAT(feeds_report({{"feeds", {feed}}}), ContainsRegex("192.0.2.7:40000 +- +-"));
}

TEST(HidePassphraseTest, OnlyThePassphraseOfAnSrtUrlIsOverwritten) {
  std::string url = "srt://a:1?passphrase=hush-hush&latency=20";
  hide_passphrase(url.data());
  EXPECT_EQ(url, "srt://a:1?passphrase=*********&latency=20");
  std::string last = "srt://a:1?streamid=x&passphrase=hush-hush";
  hide_passphrase(last.data());
  EXPECT_EQ(last, "srt://a:1?streamid=x&passphrase=*********");
  std::string capitals = "SRT://a:1?passphrase=hush-hush";
  hide_passphrase(capitals.data());
  EXPECT_EQ(capitals, "SRT://a:1?passphrase=*********");
  std::string other = "passphrase=file";
  hide_passphrase(other.data());
  EXPECT_EQ(other, "passphrase=file");
}

TEST(VersionTest, OursIsToldWithoutARelay) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(show_version({.api = "/nonexistent/api.sock"}), 1);
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              ContainsRegex("^fanlight [0-9.]+\nrelay: none answers at /nonexistent/api.sock\n$"));
  testing::internal::CaptureStdout();
  EXPECT_EQ(show_version({.api = "/nonexistent/api.sock", .is_json = true}), 1);
  const json both = json::parse(testing::internal::GetCapturedStdout());
  EXPECT_TRUE(both["fanlight"].is_string());
  EXPECT_TRUE(both["fanlightd"].is_null());
}

TEST(EventReportTest, OneLineSaysWhenWhatWhoAndWhy) {
  const json rejected{
      {"event", "rejected"},   {"at", "2026-11-26T04:05:16.123Z"}, {"role", "viewer"}, {"stream", "live/main"},
      {"user", "b\x1B[31mob"}, {"address", "192.0.2.9:5000"},      {"code", 2403},     {"reason", "policy 2"}};
  EXPECT_EQ(event_report(rejected),
            "04:05:16.123 rejected      viewer    live/main b?[31mob 192.0.2.9:5000 2403 policy 2\n");
}

TEST(EventReportTest, AnEndComesWithWhatWasCarried) {
  const json left{{"event", "disconnect"}, {"role", "publisher"}, {"session", 17},
                  {"age_s", 61.5},         {"reason", "kicked"},  {"stats", {{"bytes_received", 2'097'152u}}}};
  EXPECT_THAT(event_report(left), HasSubstr("session 17 kicked after 61 s, 2.00 MiB received"));
  EXPECT_THAT(event_report(json::object()), HasSubstr("\n"));
}

}  // namespace
}  // namespace fanlight::cli
