#include "api/json_answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

using nlohmann::json;

SessionView session(const char* agent, Role role, bool is_live) {
  SessionView view;
  view.agent = agent;
  view.report.role = role;
  view.report.is_up = true;
  view.report.is_live = is_live;
  return view;
}

std::string state_of(SessionView view) {
  const Report report{{}, {std::move(view)}};
  return sessions_json(report, std::nullopt)["sessions"][0]["state"];
}

TEST(JsonAnswersTest, ADestinationThatIsNotSentToIsPaused) {
  EXPECT_EQ(state_of(session(kRtpAgent, Role::kViewer, true)), "live");
  EXPECT_EQ(state_of(session(kRtpAgent, Role::kViewer, false)), "paused");
  EXPECT_EQ(state_of(session(kRtpAgent, Role::kPublisher, false)), "up") << "a feed that is silent";
  EXPECT_EQ(state_of(session("1.5.1", Role::kViewer, false)), "up");
}

TEST(JsonAnswersTest, WhatIsOfSrtAloneNoFeedHas) {
  const json feed = session_json(session(kRtpAgent, Role::kPublisher, true))["stats"];
  const json publisher = session_json(session("1.5.1", Role::kPublisher, true))["stats"];
  for (const char* name : {"receive_rate_bytes_per_s", "link_capacity_packets_per_s", "mss_bytes", "acks_sent"}) {
    EXPECT_FALSE(feed.contains(name)) << name;
    EXPECT_TRUE(publisher.contains(name)) << name;
  }
  EXPECT_TRUE(feed.contains("jitter_ms") && feed.contains("bytes_received"));
}

}  // namespace
}  // namespace fanlight::control
