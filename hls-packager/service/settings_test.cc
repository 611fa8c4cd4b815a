#include "service/settings.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

std::string first_error(std::string_view toml) {
  const auto settings = parse_settings(toml, "p.toml");
  return settings ? "" : settings.error().lines.front();
}

TEST(SettingsTest, AFileSaysWhatIsPackagedAndWhere) {
  const auto settings = parse_settings(R"(
[http]
listen = ["0.0.0.0:8080", "[::1]:8081"]
tls_listen = ["0.0.0.0:8443"]
certificate = "c.pem"
key = "k.pem"
threads = 4
poller = "epoll"
allow_origin = "https://player.example"

[[stream]]
name = "live/main"
source = "srt://127.0.0.1:9000?streamid=live/main&latency=20"
passphrase = "0123456789"
part_ms = 250
segment_ms = 2000
window_s = 60
grace_s = 5
bitrate_max_mbps = 50
program = 2

[[stream]]
name = "radio"
source = "rtp://239.1.2.3:5004"
)",
                                       "p.toml");
  ASSERT_TRUE(settings) << settings.error().lines.front();
  EXPECT_EQ(settings->http.listen.size(), 2u);
  EXPECT_EQ(settings->http.tls_listen.front().text(), "0.0.0.0:8443");
  EXPECT_EQ(settings->http.threads, 4u);
  EXPECT_EQ(settings->http.poller, PollerChoice::kEpoll);
  EXPECT_EQ(settings->http.allow_origin, "https://player.example");
  ASSERT_EQ(settings->streams.size(), 2u);
  const StreamSettings& main = settings->streams[0];
  EXPECT_EQ(main.name, "live/main");
  EXPECT_EQ(std::get<SrtUrl>(main.source).passphrase, "0123456789");
  EXPECT_EQ(main.part, millis(250));
  EXPECT_EQ(main.segment, seconds(2));
  EXPECT_EQ(main.window, seconds(60));
  EXPECT_EQ(main.grace, seconds(5));
  EXPECT_EQ(main.program, 2);
  EXPECT_EQ(main.bitrate_max_mbps, 50u);
  EXPECT_EQ(settings->streams[1].part, millis(200));
  EXPECT_EQ(settings->streams[1].bitrate_max_mbps, 20u);
}

TEST(SettingsTest, AGroupIsOfStreamsThatAreCutAlike) {  // H-63
  const std::string high = "[[stream]]\nname = \"high\"\nsource = \"udp://127.0.0.1:5000\"\n";
  const std::string low = "[[stream]]\nname = \"low\"\nsource = \"udp://127.0.0.1:5002\"\n";
  const auto group = [](const std::string& name, const std::string& streams) {
    return "[[group]]\nname = \"" + name + "\"\nstreams = [" + streams + "]\n";
  };
  const std::string both = "\"high\", \"low\"";
  const auto settings = parse_settings(group("main", both) + high + low, "p.toml");
  ASSERT_TRUE(settings) << settings.error().lines.front();
  ASSERT_EQ(settings->groups.size(), 1u);
  EXPECT_EQ(settings->groups[0].name, "main");
  EXPECT_EQ(settings->groups[0].streams, (std::vector<std::string>{"high", "low"}));
  for (const auto& [toml, said] : std::vector<std::pair<std::string, std::string>>{
           {high + low + group("high", both), "group.name"},
           {high + low + group("a b", both), "group.name"},
           {high + low + group("main", "\"high\""), "2 to 8 names"},
           {high + low + group("main", "\"high\", \"high\""), "each in one group and once"},
           {high + low + group("main", "\"high\", \"none\""), "names of [[stream]]s"},
           {high + low + group("main", both) + group("other", both), "each in one group and once"},
           {high + low + "segment_ms = 500\n" + group("main", both),
            "the same part_ms, segment_ms, window_s and keys"}})
    EXPECT_NE(first_error(toml).find(said), std::string::npos) << first_error(toml);
}

TEST(SettingsTest, WithoutAWordOfHttpItIsThisHostAlone) {
  const auto settings = parse_settings("[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n", "p.toml");
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->http.listen.size(), 1u);
  EXPECT_EQ(settings->http.listen.front().text(), kListenAtFirst);
}

TEST(SettingsTest, MetricsMayHaveAddressesThatViewersHaveNot) {
  const std::string one = "[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n";
  const auto error_of = [&](const std::string& http) { return first_error("[http]\n" + http + "\n" + one); };
  const auto settings = parse_settings("[http]\nmetrics_listen = [\"127.0.0.1:9180\"]\n" + one, "p.toml");
  ASSERT_TRUE(settings) << settings.error().lines.front();
  ASSERT_EQ(settings->http.metrics_listen.size(), 1u);
  EXPECT_EQ(settings->http.metrics_listen.front().text(), "127.0.0.1:9180");
  EXPECT_EQ(settings->http.listen.front().text(), kListenAtFirst);
  EXPECT_TRUE(parse_settings(one, "p.toml")->http.metrics_listen.empty());
  for (const char* http :
       {R"(metrics_listen = ["127.0.0.1:8080"])", "listen = [\"0.0.0.0:80\"]\nmetrics_listen = [\"127.0.0.1:80\"]",
        "listen = [\"[::]:80\"]\nmetrics_listen = [\"127.0.0.1:80\"]",
        "listen = [\"[::1]:80\"]\nmetrics_listen = [\"[::]:80\"]",
        "tls_listen = [\"[::1]:443\"]\nmetrics_listen = [\"[::1]:1\", \"[::1]:443\"]"})
    EXPECT_NE(error_of(http).find("addresses that neither listen nor tls_listen has"), std::string::npos) << http;
  for (const char* http : {"listen = [\"0.0.0.0:80\"]\nmetrics_listen = [\"[::1]:80\"]",
                           "listen = [\"127.0.0.1:80\"]\nmetrics_listen = [\"127.0.0.2:80\"]"})
    EXPECT_EQ(error_of(http), "") << http;
  EXPECT_NE(error_of("metrics_listen = \"127.0.0.1:9180\"").find("http.metrics_listen"), std::string::npos);
}

TEST(SettingsTest, NoDoorIsInAnothersPlace) {
  const std::string one = "[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n";
  const auto error_of = [&](const std::string& http) { return first_error("[http]\n" + http + "\n" + one); };
  EXPECT_EQ(
      error_of("listen = [\"127.0.0.1:80\"]\ntls_listen = [\"127.0.0.1:80\"]"),
      "p.toml:3: http.tls_listen: found 127.0.0.1:80 beside 127.0.0.1:80 of listen, which leaves it no room, accepted "
      "addresses that differ in their ports, or each of its own (0.0.0.0 and [::] are all of them)");
  for (const char* http :
       {"listen = [\"0.0.0.0:80\", \"127.0.0.1:80\"]", "listen = [\"127.0.0.1:80\", \"127.0.0.1:80\"]",
        "listen = [\"[::]:80\", \"127.0.0.1:80\"]", "listen = [\"[::1]:80\", \"[::]:80\"]",
        "listen = [\"0.0.0.0:80\"]\ntls_listen = [\"[::]:80\"]", "tls_listen = [\"[::]:443\", \"[::1]:443\"]",
        "metrics_listen = [\"0.0.0.0:1\", \"127.0.0.1:1\"]"})
    EXPECT_NE(error_of(http).find("leaves it no room"), std::string::npos) << http << ": " << error_of(http);
  for (const char* http : {"listen = [\"0.0.0.0:80\", \"[::1]:80\"]", "listen = [\"127.0.0.1:80\", \"127.0.0.2:80\"]",
                           "listen = [\"[::]:80\", \"0.0.0.0:80\"]\ntls_listen = [\"[::]:443\"]"})
    EXPECT_EQ(error_of(http), "") << http;
}

TEST(SettingsTest, NoSourceIsInAnothersPlace) {
  const auto both = [](const std::string& first, const std::string& second) {
    return first_error("[[stream]]\nname = \"a\"\nsource = \"" + first + "\"\n[[stream]]\nname = \"b\"\nsource = \"" +
                       second + "\"\n");
  };
  for (const char* second : {"udp://127.0.0.1:5000", "rtp://0.0.0.0:5000", "udp://[::]:5000", "udp://239.1.2.3:5000"})
    EXPECT_NE(both("udp://0.0.0.0:5000", second).find("beside udp://0.0.0.0:5000 of a"), std::string::npos)
        << both("udp://0.0.0.0:5000", second);
  EXPECT_EQ(both("udp://0.0.0.0:5000", "udp://127.0.0.1:5001"), "");
  EXPECT_EQ(both("udp://0.0.0.0:5000", "udp://[::1]:5000"), "");
  EXPECT_EQ(both("udp://239.1.2.3:5000", "udp://239.1.2.4:5000"), "");
}

TEST(SettingsTest, EverybodyOfBothFamiliesMayBeWrittenOut) {
  const auto settings = parse_settings(
      "[http]\nlisten = [\"0.0.0.0:8080\", \"[::]:8080\", \"0.0.0.0:8081\"]\n[[stream]]\nname = \"a\"\n"
      "source = \"udp://127.0.0.1:5004\"\n",
      "p.toml");
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->http.listen.size(), 2u);
  EXPECT_EQ(settings->http.listen[0].text(), "[::]:8080");
  EXPECT_EQ(settings->http.listen[1].text(), "0.0.0.0:8081");
  std::vector<Endpoint> none_twice{*Endpoint::parse("0.0.0.0:80"), *Endpoint::parse("[::1]:80")};
  drop_heard_twice(none_twice);
  EXPECT_EQ(none_twice.size(), 2u);
}

TEST(SettingsTest, AnAddressMayHaveTwiceAsManyRequestsAsConnections) {
  const std::string one = "[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n";
  const auto requests_of = [&](const std::string& http) {
    const auto settings = parse_settings(http + one, "p.toml");
    return settings ? settings->http.requests_of_address_max : 0;
  };
  EXPECT_EQ(requests_of(""), 2'000U);
  EXPECT_EQ(requests_of("[http]\nconnections_of_address_max = 5000\n"), 10'000U);
  EXPECT_EQ(requests_of("[http]\nconnections_of_address_max = 5000\nrequests_of_address_max = 7\n"), 7U);
}

TEST(SettingsTest, AnOriginIsOneAsBrowsersWriteIt) {  // H-74
  const std::string one = "[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n";
  const auto error_of = [&](std::string_view origin) {
    return first_error("[http]\nallow_origin = \"" + std::string(origin) + "\"\n" + one);
  };
  EXPECT_EQ(parse_settings(one, "p.toml")->http.allow_origin, "*");
  for (const char* origin :
       {"*", "https://player.example", "http://localhost:3000", "https://[2001:db8::1]", "http://[::1]:8080"})
    EXPECT_EQ(error_of(origin), "") << origin;
  for (const char* origin :
       {"", "player.example", "https://player.example/", "https://Player.example", "https://", "https://*.example",
        "https://a.example https://b.example", "https://a.example:0", "https://a.example:443", "http://a.example:80",
        "https://a.example:", "ftp://a.example", "https://[::1", "null", "https://a.example\\r\\nx: y"})
    EXPECT_NE(error_of(origin).find("p.toml:2: http.allow_origin: found"), std::string::npos)
        << origin << ": " << error_of(origin);
  EXPECT_EQ(first_error("[http]\nallow_origin = 1\n" + one).substr(0, 26), "p.toml:2: http.allow_origi");
}

TEST(SettingsTest, WhatIsWrongIsSaidWithItsLine) {
  const std::string one = "[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n";
  EXPECT_EQ(first_error(""), "p.toml:1: stream: found none, accepted a [[stream]] with name and source at least");
  EXPECT_EQ(first_error(one + one), "p.toml:5: stream.name: found \"a\", accepted a name that no other [[stream]] has");
  EXPECT_EQ(first_error(one + "part_ms = 5\n"), "p.toml:4: stream.part_ms: found 5, accepted 20 to 2000");
  EXPECT_EQ(first_error(one + "part_ms = 1500\n"),
            "p.toml:4: stream.part_ms: found 1500, accepted no more than segment_ms");
  EXPECT_EQ(first_error(one + "segment_ms = 6000\n"),
            "p.toml:1: stream.window_s: found 30, accepted six segments at least (segment_ms)");
  EXPECT_EQ(first_error(one + "window_s = 3601\n"),
            "p.toml:4: stream.window_s: found 3601, accepted 3600 segments at most: a longer segment_ms, or a shorter "
            "window");
  EXPECT_EQ(first_error(one + "window_s = 72000\nsegment_ms = 20000\n").find("stream.window_s"), std::string::npos);
  EXPECT_EQ(first_error(one + "passphrase = \"0123456789\"\n"),
            "p.toml:4: stream.passphrase: found one beside udp://127.0.0.1:5000, accepted it beside srt:// alone");
  EXPECT_EQ(first_error("[http]\nlisten = [\"239.1.1.1:80\"]\n" + one).substr(0, 22), "p.toml:2: http.listen:");
  EXPECT_EQ(first_error("[http]\ncertificate = \"c\"\n" + one),
            "p.toml:1: http.key: found nothing, accepted both, certificate and key, or neither");
  EXPECT_NE(first_error(one + "colour = 1\n").find("colour"), std::string::npos);
  EXPECT_NE(first_error(one + "[strem]\na = 1\n").find("strem"), std::string::npos);
  EXPECT_NE(
      first_error("[[stream]]\nname = \"a\"\nsource = \"srt://x?passphrase=0123456789\"\n").find("no host and port"),
      std::string::npos);
}

TEST(SettingsTest, NoNameIsAFolderOfAnothersRenditions) {
  const auto stream = [](const std::string& name, int port) {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"udp://127.0.0.1:" + std::to_string(port) + "\"\n";
  };
  const auto error_of = [&](const std::string& a, const std::string& b) {
    return first_error(stream(a, 5000) + stream(b, 5001));
  };
  for (const char* name : {"a/v0", "a/a12"}) {
    EXPECT_NE(error_of("a", name).find("p.toml:5: name: found"), std::string::npos) << name << error_of("a", name);
    EXPECT_NE(error_of(name, "a").find("p.toml:2: name: found"), std::string::npos) << name << error_of(name, "a");
  }
  for (const char* name : {"a/v", "a/v0/x", "a/video", "a/x0", "ab/v0", "v0", "a/v0x"})
    EXPECT_EQ(error_of("a", name), "") << name;
  const std::string group = "[[group]]\nname = \"a\"\nstreams = [\"a/v0\", \"a/v1\"]\n";
  EXPECT_EQ(first_error(stream("a/v0", 5000) + stream("a/v1", 5001) + group), "")
      << "they are not served by themselves";
  EXPECT_NE(first_error(stream("b/0", 5000) + stream("b/1", 5001) + stream("a/a0", 5002) +
                        "[[group]]\nname = \"a\"\nstreams = [\"b/0\", \"b/1\"]\n")
                .find("p.toml:8: name: found \"a/a0\""),
            std::string::npos);
}

TEST(SettingsTest, ADoorIsOneStreams) {
  const std::string one = "[[stream]]\nname = \"a\"\nsource = \"udp://127.0.0.1:5000\"\n";
  const auto beside = [&](const std::string& source) {
    return first_error(one + "[[stream]]\nname = \"b\"\nsource = \"" + source + "\"\n");
  };
  EXPECT_EQ(
      beside("udp://127.0.0.1:5000"),
      "p.toml:6: stream.source: found udp://127.0.0.1:5000 beside udp://127.0.0.1:5000 of a, accepted an address and "
      "port that no other [[stream]] has, also of another program (0.0.0.0 and [::] are all of a port)");
  EXPECT_NE(beside("rtp://127.0.0.1:5000"), "");
  for (const char* source : {"udp://127.0.0.1:5001", "udp://127.0.0.2:5000", "srt://127.0.0.1:5000?streamid=a"})
    EXPECT_EQ(beside(source), "") << source;
}

TEST(SettingsTest, OnTheCommandLineAStreamHasItsIdsName) {
  const auto plain = parse_stream_argument("srt://127.0.0.1:9000?streamid=live/main");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name, "live/main");
  const auto spelt = parse_stream_argument("srt://127.0.0.1:9000?streamid=%23!::r=live/main,m=request");
  ASSERT_TRUE(spelt) << spelt.error();
  EXPECT_EQ(spelt->name, "live/main");
  const auto named = parse_stream_argument("studio=udp://127.0.0.1:5000");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->name, "studio");
  for (const char* text : {"udp://127.0.0.1:5000", "srt://127.0.0.1:9000", "a b=udp://127.0.0.1:5000", "live/main", ""})
    EXPECT_FALSE(parse_stream_argument(text)) << text;
}

}  // namespace
}  // namespace fanlight::packager
