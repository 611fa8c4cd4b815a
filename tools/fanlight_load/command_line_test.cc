#include "fanlight_load/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace fanlight::load {
namespace {

using testing::HasSubstr;

using Words = std::vector<std::string>;

// As a shell splits them, as far as our examples need one: single quotes, and a comment at the end.
Words words_of(const std::string& line) {
  Words words;
  bool is_quoted = false;
  bool is_inside = false;
  for (const char letter : line) {
    if (letter == '#' && !is_inside) break;
    const bool ends = letter == ' ' && !is_quoted;
    if (letter == '\'') is_quoted = !is_quoted;
    if (!ends && !is_inside) words.emplace_back();
    is_inside = !ends;
    if (!ends && letter != '\'') words.back() += letter;
  }
  return words;
}

// Lines that call the program, each joined with those that a backslash at its end continues it by.
std::vector<std::string> calls_in(std::istream& text) {
  std::vector<std::string> calls;
  bool goes_on = false;
  for (std::string line; std::getline(text, line);) {
    line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
    const bool is_call = line.starts_with("fanlight-load ");
    if (goes_on) calls.back() += " " + line;
    if (!goes_on && is_call) calls.push_back(line);
    if (!goes_on && !is_call) continue;
    goes_on = line.ends_with('\\');
    if (goes_on) calls.back().pop_back();
  }
  return calls;
}

struct Parsed {
  std::variant<Settings, FloodSettings, RtpSettings, HlsSettings, int> outcome;
  std::string said;
};

Parsed parse(Words words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto outcome = parse_command_line(static_cast<int>(argv.size()), argv.data());
  std::string said = testing::internal::GetCapturedStdout();
  said += testing::internal::GetCapturedStderr();
  return {std::move(outcome), std::move(said)};
}

// Either it only prints something, or it would run, and against a relay that may be loaded.
void expect_runnable(const std::string& call) {
  const Parsed parsed = parse(words_of(call));
  if (const int* status = std::get_if<int>(&parsed.outcome)) {
    EXPECT_EQ(*status, 0) << call << "\n" << parsed.said;
  } else if (const auto* settings = std::get_if<Settings>(&parsed.outcome)) {
    EXPECT_TRUE(judge_destination(*settings)) << call;
  }
}

TEST(LoadCommandLineTest, AFloodHasItsOwnWords) {
  const Parsed parsed = parse({"fanlight-load", "flood", "--relay", "127.0.0.1:9000", "--rate", "100", "--bogus", "50",
                               "--addresses", "3", "--hosts", "40", "--duration", "2s", "--sealed", "live/x"});
  const auto* flood = std::get_if<FloodSettings>(&parsed.outcome);
  ASSERT_NE(flood, nullptr) << parsed.said;
  EXPECT_EQ(flood->per_second, 100);
  EXPECT_EQ(flood->bogus, 0.5);
  EXPECT_EQ(flood->addresses, 3u);
  EXPECT_EQ(flood->hosts, 40u);
  EXPECT_EQ(flood->duration, seconds(2));
  EXPECT_EQ(flood->sealed, "live/x");
}

TEST(LoadCommandLineTest, NobodyElseIsFloodedByAccident) {
  const Parsed refused = parse({"fanlight-load", "flood", "--relay", "192.0.2.1:9000"});
  EXPECT_EQ(std::get<int>(refused.outcome), 1);
  EXPECT_NE(refused.said.find("--i-own-this-network 192.0.2.1/32"), std::string::npos) << refused.said;
  const Parsed owned =
      parse({"fanlight-load", "flood", "--relay", "192.0.2.1:9000", "--i-own-this-network", "192.0.2.0/24"});
  EXPECT_TRUE(std::holds_alternative<FloodSettings>(owned.outcome)) << owned.said;
}

TEST(LoadCommandLineTest, ExamplesOfTheDocumentationAreRight) {
  std::ifstream file(FANLIGHT_SOURCE_ROOT "/docs/load.md");
  const std::vector<std::string> calls = calls_in(file);
  EXPECT_GE(calls.size(), 5u);
  for (const std::string& call : calls) expect_runnable(call);
}

TEST(LoadCommandLineTest, ExamplesOfTheHelpAreRight) {
  for (const char* command : {"both", "publish", "view", "hls"}) {
    std::istringstream help(parse({"fanlight-load", command, "--help"}).said);
    const std::vector<std::string> calls = calls_in(help);
    EXPECT_GE(calls.size(), 1u) << command;
    for (const std::string& call : calls) expect_runnable(call);
  }
}

TEST(LoadCommandLineTest, VersionIsTold) {
  const Parsed parsed = parse({"fanlight-load", "--version"});
  EXPECT_EQ(std::get<int>(parsed.outcome), 0);
  EXPECT_EQ(parsed.said, "fanlight-load " FANLIGHT_VERSION "\n");
}

TEST(LoadCommandLineTest, HlsHasItsOwnWords) {
  const std::string url = "http://127.0.0.1:8080/live/x/index.m3u8";
  const Parsed parsed = parse({"fanlight-load", "hls", url, "--viewers", "1500", "--no-audio", "--hints", "--late",
                               "100ms", "--excuse-late", "1", "--duration", "30s", "--ramp", "50"});
  const auto* hls = std::get_if<HlsSettings>(&parsed.outcome);
  ASSERT_NE(hls, nullptr) << parsed.said;
  EXPECT_EQ(hls->server.text(), "127.0.0.1:8080");
  EXPECT_EQ(hls->viewers, 1500u);
  EXPECT_EQ(hls->lines_of_viewer(), 2u);
  EXPECT_TRUE(hls->terms.takes_hints);
  EXPECT_EQ(hls->terms.late, millis(100));
  EXPECT_EQ(hls->excused_late, 0.01);
  EXPECT_EQ(hls->duration, seconds(30));
  EXPECT_EQ(hls->ramp_per_second, 50);
}

TEST(LoadCommandLineTest, HlsIsLoadedWhereOneMay) {
  const auto status = [](const char* url) {
    const Parsed parsed = parse({"fanlight-load", "hls", url});
    return std::holds_alternative<int>(parsed.outcome) ? std::get<int>(parsed.outcome) : 0;
  };
  EXPECT_EQ(status("http://192.0.2.1/x.m3u8"), 1);
  EXPECT_EQ(status("https://127.0.0.1/x.m3u8"), 2);
  EXPECT_EQ(status("http://[::1]:8080/x.m3u8"), 0);
}

TEST(LoadCommandLineTest, NegativeTimesAreWrongUsage) {
  for (const char* option :
       {"--duration", "--latency", "--gop", "--misbehave-after", "--delay", "--up-jitter", "--down-reorder-hold"}) {
    const auto with = [&](const char* time) {
      return parse({"fanlight-load", "both", "--relay", "127.0.0.1:9000", "--viewers", "1", option, time});
    };
    EXPECT_TRUE(std::holds_alternative<Settings>(with("5ms").outcome)) << option;
    const Parsed wrong = with("-5ms");
    ASSERT_TRUE(std::holds_alternative<int>(wrong.outcome)) << option;
    EXPECT_EQ(std::get<int>(wrong.outcome), 2);
    EXPECT_THAT(wrong.said, HasSubstr("a time is not negative"));
  }
}

TEST(LoadCommandLineTest, RtpHasAPortForEachSenderAndAPlaceForEachDestination) {
  EXPECT_THAT(parse({"fanlight-load", "rtp", "--feed", "127.0.0.1:65530", "--senders", "4"}).said,
              HasSubstr("the last one's would be 65537"));
  EXPECT_TRUE(std::holds_alternative<RtpSettings>(
      parse({"fanlight-load", "rtp", "--feed", "127.0.0.1:65530", "--senders", "3"}).outcome));
  EXPECT_THAT(parse({"fanlight-load", "rtp", "--feed", "192.0.2.1:5004", "--destinations", "1"}).said,
              HasSubstr("on sockets destinations receive on 127.0.0.0/8"));
  EXPECT_THAT(parse({"fanlight-load", "rtp", "--destinations", "5000", "--port", "ethernet", "--device", "net_vhost0",
                     "--ip", "10.77.0.2/24"})
                  .said,
              HasSubstr("--udp-ports 5000 or more"));
  EXPECT_THAT(parse({"fanlight-load", "rtp", "--destinations", "3", "--configured"}).said,
              HasSubstr("want --own-port"));
}

}  // namespace
}  // namespace fanlight::load
