// The feeds of the configuration, each with where it stands. A feed has its stream's publisher's place from the moment
// it is open, whether anything comes or not: nobody else publishes a stream that a feed names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/feed_rule.h"
#include "contract/commands.h"

namespace fanlight::control {

// A rule, the doors of the port that are its own, and whose it is.
struct FeedPlace {
  FeedRule rule;
  FeedDoors doors{};
  std::size_t worker = 0;
};

enum class FeedState : std::uint8_t {
  kWaiting,  // For its stream, or to be opened again.
  kOpening,
  kSilent,  // Open; nothing came, or not for 5 s.
  kLive,
};

// What this machine does not have that a feed needs to be heard.
struct FeedObstacle {
  std::string what;
  bool is_of_one_leg = false;  // The other one can be heard.
};

struct FeedEntry {
  std::uint32_t id = 0;  // From 1, in the order of the file.
  FeedPlace place;
  FeedState state = FeedState::kWaiting;
  Instant since{};  // In that state.
  Instant retry_at{};
  RequestId request{};
  SocketId socket{};             // 0: not open.
  std::uint64_t srtp_taken = 0;  // Of its key's lifetime, by earlier sessions.
  Endpoint sender{};             // The last one.
  std::string failure{};         // Waiting: for what. Silent: why what comes is not taken.
  std::string clock{};           // Live: why it is timed by arrival; empty: it is not.
  bool is_clock_noted = false;   // In the log.
  std::string leg_fault{};       // Of either of two legs, when it was last looked at; empty: both can be heard.
  Instant look_at{};             // At its legs; of one leg never.
  std::optional<Instant> refusal_noted{};
  std::optional<FeedReception> reception{};  // Live, and RTP.
};

// A feed as the API shows it.
struct FeedView {
  std::uint32_t id = 0;
  std::string stream{};
  std::string url{};
  std::string second{};     // Its second leg's; empty: none.
  std::string payload{};    // "MP2T/90000"
  std::string_view srtp{};  // The crypto suite; empty: in clear.
  std::string_view state{};
  Micros age{};          // In that state.
  std::string sender{};  // Empty: nobody was heard yet.
  std::string failure{};
  SocketId socket{};
  std::optional<FeedReception> reception{};  // As of the last 5 s. Empty: it is not live, or has no numbers.
};

constexpr std::string_view name_of(FeedState state) {
  switch (state) {
    case FeedState::kWaiting:
      return "waiting";
    case FeedState::kOpening:
      return "opening";
    case FeedState::kSilent:
      return "silent";
    case FeedState::kLive:
      return "live";
  }
  return "unknown";
}

}  // namespace fanlight::control
