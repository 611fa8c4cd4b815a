#include "service/front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "service/answers.h"
#include "service/metrics.h"

namespace fanlight::packager {
namespace {

using testing::HasSubstr;

class Replies final : public HttpReplies {
 public:
  void respond(HttpRequestId, HttpResponse&& response) override { last = std::move(response); }
  void begin(HttpRequestId, HttpResponse&& head) override { last = std::move(head); }
  void append(HttpRequestId, SharedBytes) override {}
  void end(HttpRequestId) override {}
  void wake() override {}
  std::optional<HttpResponse> last;
};

class FrontTest : public testing::Test {
 protected:
  FrontTest() {
    board_.set({{.name = "live/main",
                 .source = "srt://relay:9000?streamid=live/main",
                 .state = StreamState::kLive,
                 .bytes = 1316,
                 .evicted = 17,
                 .publish_delay_sum = seconds(2),
                 .publish_delays = {6, 2, 0, 1},
                 .hold_back = millis(600),
                 .part_target = millis(200),
                 .part_shortest = millis(166),
                 .part_longest = millis(200),
                 .gop = millis(1'500),
                 .drift_ppm = -12.5,
                 .codecs = {"avc1.64001f"},
                 .picture = PictureFormat{.width = 1280, .height = 720, .rate = FrameRate{30'000, 1'001}},
                 .has_dash = false}},
               Instant{});
  }
  // The answer's status and body.
  std::pair<int, std::string> get(std::string_view path, Instant now = {}) {
    replies_.last.reset();
    front_.handle({1, 1}, {.path = path, .arrived = now});
    if (!replies_.last) return {0, "nothing"};
    std::string body;
    for (const SharedBytes& piece : replies_.last->body.pieces)
      body.append(reinterpret_cast<const char*>(piece.span().data()), piece.size());
    return {replies_.last->status, body};
  }

  Replies replies_;
  StreamBoard board_{Instant{}};
  Published published_;
  Origin origin_{OriginConfig{.allow_origin = "https://player.example"}, published_, replies_};
  ServerCounts counts_, others_;
  HttpTallies tallies_{{&counts_, &others_}, {&origin_.counters()}};
  Assets page_;
  ToldTexts texts_{board_, tallies_};
  Front front_{origin_, {}, texts_, replies_, board_, page_};
};

TEST_F(FrontTest, ListsTheStreams) {
  const auto [status, body] = get("/api/streams.json");
  EXPECT_EQ(status, 200);
  for (const char* part : {R"("name": "live/main")", R"("state": "live")", R"("hls": "/live/live/main/index.m3u8")",
                           R"("dash": null)", R"("latency_target_s": 0.6)", R"("width": 1280)", R"("fps": 29.97)"})
    EXPECT_THAT(body, HasSubstr(part));
  EXPECT_THAT(body, testing::Not(HasSubstr("relay:9000"))) << "where it comes from is not everybody's to know";
}

TEST_F(FrontTest, CountsInPrometheusForm) {
  counts_.requests.add(4);
  others_.requests.add(3);
  const auto [status, body] = get("/metrics");
  EXPECT_EQ(status, 200);
  EXPECT_THAT(body, HasSubstr("fanlight_packager_stream_live{stream=\"live/main\"} 1\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_source_bytes_total{stream=\"live/main\"} 1316\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_part_target_seconds{stream=\"live/main\"} 0.2\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_gop_seconds{stream=\"live/main\"} 1.5\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_part_shortest_seconds{stream=\"live/main\"} 0.166\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_part_longest_seconds{stream=\"live/main\"} 0.2\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_source_drift_ppm{stream=\"live/main\"} -12.5\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_segments_evicted_total{stream=\"live/main\"} 17\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_http_requests_total 7\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_release_seconds_bucket{le=\"+Inf\"} 0\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_publish_delay_seconds_bucket{stream=\"live/main\",le=\"0.002\"} 8\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_publish_delay_seconds_sum{stream=\"live/main\"} 2\n"));
}

// One for each kind, whether it ever happened or not: labels do not come from what is sent.
TEST_F(FrontTest, CountsWhatIsWrongByKind) {
  StreamStanding one{.name = "live/main"}, group{.name = "live/all", .is_group = true};
  one.faults[static_cast<std::size_t>(InputFault::kLostPackets)] = {7, "of anybody's choosing"};
  board_.set({one, group}, Instant{});
  const std::string body = get("/metrics").second;
  EXPECT_THAT(body, HasSubstr("fanlight_packager_input_faults_total{stream=\"live/main\",kind=\"lost_packets\"} 7\n"));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_input_faults_total{stream=\"live/main\",kind=\"time_jump\"} 0\n"));
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = body.find("fanlight_packager_input_faults_total{", at)) != std::string::npos; ++at)
    ++lines;
  EXPECT_EQ(lines, kInputFaults);
  EXPECT_THAT(body, testing::Not(HasSubstr("choosing")));
  EXPECT_THAT(body, HasSubstr("fanlight_packager_discontinuities_total{stream=\"live/main\"} 0\n"));
  EXPECT_THAT(body, testing::Not(HasSubstr("stream=\"live/all\"")));  // Its streams have them.
}

TEST_F(FrontTest, ItsOwnAnswersAreForPagesOfOneOriginAsTheOriginsAre) {  // H-74
  for (const char* path :
       {"/metrics", "/api/streams.json", "/", "/assets/app.js", "/healthz", "/live/unknown/index.m3u8"}) {
    get(path);
    ASSERT_TRUE(replies_.last) << path;
    EXPECT_THAT(replies_.last->fields,
                testing::Contains(testing::Pair("access-control-allow-origin", "https://player.example")))
        << path;
  }
}

TEST_F(FrontTest, SaysThatThereIsNoPage) {
  const auto [status, body] = get("/");
  EXPECT_EQ(status, 200);
  EXPECT_THAT(body, HasSubstr("scripts/page.sh"));
  EXPECT_EQ(get("/assets/app.js").first, 404);
}

TEST_F(FrontTest, MetricsMayBeShownElsewhere) {
  Front front(origin_, {.metrics = false}, texts_, replies_, board_, page_);
  for (const auto& [path, status] : {std::pair{"/metrics", 404}, {"/healthz", 200}, {"/api/streams.json", 200}}) {
    replies_.last.reset();
    front.handle({1, 1}, {.path = path});
    ASSERT_TRUE(replies_.last) << path;
    EXPECT_EQ(replies_.last->status, status) << path;
  }
}

TEST_F(FrontTest, HealthIsOfThePackagingAsWell) {
  EXPECT_EQ(get("/healthz", Instant{} + seconds(3)), (std::pair{200, std::string{"ok\n"}}));
  EXPECT_EQ(get("/healthz", Instant{} + seconds(7)),
            (std::pair{503, std::string{"packaging stands: no news of the streams for 7 s\n"}}));
  board_.set({}, Instant{} + seconds(7));
  EXPECT_EQ(get("/healthz", Instant{} + seconds(8)).first, 200);
}

TEST_F(FrontTest, TheRestIsTheOrigins) {
  EXPECT_EQ(get("/healthz").first, 200);
  EXPECT_EQ(get("/live/unknown/index.m3u8").first, 404);
  EXPECT_EQ(get("/etc/passwd").first, 404);
}

}  // namespace
}  // namespace fanlight::packager
