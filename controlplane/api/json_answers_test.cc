#include "api/json_answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::control {
namespace {

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

}  // namespace
}  // namespace fanlight::control
