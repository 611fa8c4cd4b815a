#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/srtp_key.h"

namespace fanlight::control {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> errors_of(std::string_view toml) {
  const Result<Config, ConfigErrors> config = parse_config(toml, "x.toml");
  return config ? std::vector<std::string>{} : config.error().lines;
}

constexpr std::string_view kListen = "[[listen]]\naddress = \"127.0.0.1:9000\"\n";

TEST(ConfigTest, ASmallFileGetsTheDefaults) {
  const auto config = parse_config(std::string{kListen} + "[[stream]]\nname = \"live/main\"\n", "x.toml");
  ASSERT_TRUE(config) << config.error().lines.front();
  EXPECT_EQ(config->relay.port, PortKind::kSockets);
  EXPECT_EQ(config->relay.sessions_max, 4096u);
  EXPECT_EQ(config->relay.admission_share, 0.8);
  EXPECT_FALSE(config->relay.api.empty());
  EXPECT_EQ(config->listen.front().address.text(), "127.0.0.1:9000");
  StreamRule expected;
  expected.name = "live/main";
  EXPECT_EQ(config->streams.front(), expected);
}

TEST(ConfigTest, EveryKeyArrivesWhereItBelongs) {
  const auto config = parse_config(R"(
[relay]
api = "/tmp/f.sock"
port = "ethernet"
core = 3
sessions_max = 65535
memory_mb = 512
log_level = "debug"
capacity_mbps = 7400.5
admission_share = 0.7
[ethernet]
udp_ports = [9000, 9001]
backoff = true
[[ethernet.device]]
eal = "net_af_packet0,iface=fanl0"
ipv4 = "10.77.0.1/24"
ipv4_gateway = "10.77.0.254"
ipv6 = "fd77::1/64"
ipv6_gateway = "fe80::1"
rx_checksum = "trust"
mtu = 1500
[[stream]]
name = "live/*"
latency_ms = 200
latency_max_ms = 2000
bitrate_max_mbps = 2.5
gop_max_ms = 4000
join = "live"
join_rate_max_mbps = 12.5
join_time_max_ms = 900
repair_share_percent = 40
cut_slow = false
coalesce_ms = 4
rekey_packets = 1000000
rekey_interval_s = 3600
publish_passphrase = "0123456789"
view_passphrase = "9876543210"
)",
                                   "x.toml");
  ASSERT_TRUE(config) << config.error().lines.front();
  EXPECT_EQ(config->relay,
            (RelayOptions{"/tmp/f.sock", PortKind::kEthernet, 1, 3, 65535, 512, LogLevel::kDebug, 7400.5, 0.7}));
  EXPECT_DOUBLE_EQ(config->relay.egress_bits_max(), 7400.5e6 * 0.7);
  EXPECT_THAT(config->ethernet.udp_ports, ElementsAre(9000, 9001));
  EXPECT_TRUE(config->ethernet.backoff);
  const DeviceOptions& device = config->ethernet.devices.front();
  EXPECT_EQ(device.ipv4, (InterfaceAddress{IpAddress::v4(10, 77, 0, 1), 24, IpAddress::v4(10, 77, 0, 254)}));
  EXPECT_EQ(device.ipv6->prefix_bits, 64);
  EXPECT_TRUE(device.trusts_rx_checksum);
  EXPECT_EQ(device.mtu, 1500);
  EXPECT_EQ(config->streams.front(), (StreamRule{"live/*",
                                                 millis(200),
                                                 seconds(2),
                                                 2'500'000,
                                                 seconds(4),
                                                 {.at_picture = false, .bits_max = 12'500'000, .time_max = millis(900)},
                                                 {.repair_percent = 40, .cuts_slow = false},
                                                 millis(4),
                                                 1'000'000,
                                                 seconds(3600),
                                                 false,
                                                 "0123456789",
                                                 "9876543210"}));
}

TEST(ConfigTest, AKeyLastsForNoPacketsOrForAHundredAtLeast) {
  const auto with = [](const std::string& line) {
    return errors_of("[[listen]]\naddress = \"[::]:9000\"\n[[stream]]\nname = \"a\"\n" + line + "\n");
  };
  const auto is_refused = ElementsAre(HasSubstr("rekey_packets: found 99, accepted 0 (never), or 100 to 1073741824"));
  EXPECT_THAT(with("rekey_packets = 99"), is_refused);
  EXPECT_THAT(with("rekey_packets = 1073741825"), ElementsAre(HasSubstr("accepted 0 to 1073741824")));
  EXPECT_THAT(with("rekey_interval_s = -1"), ElementsAre(HasSubstr("accepted 0 to 31536000")));
}

TEST(ConfigTest, SeveralMistakesAreToldAtOnceInTheOrderOfTheirLines) {
  EXPECT_THAT(
      errors_of(R"([relay]
worker = 1
port = "dpdk"
sessions_max = 65536
[[listen]]
address = "localhost:9000"
[[stream]]
name = "a b"
latency_ms = "fast"
)"),
      ElementsAre(AllOf(StartsWith("x.toml:2: relay.worker: found an unknown key"), HasSubstr("did you mean workers?")),
                  "x.toml:3: relay.port: found \"dpdk\", accepted one of \"sockets\", \"ethernet\"",
                  "x.toml:4: relay.sessions_max: found 65536, accepted 1 to 65535",
                  StartsWith("x.toml:6: listen.address: found \"localhost:9000\", accepted an address with port"),
                  StartsWith("x.toml:8: stream.name: found \"a b\""),
                  "x.toml:9: stream.latency_ms: found \"fast\", accepted 0 to 60000"));
}

TEST(ConfigTest, EachWorkerMayHaveACoreOfItsOwn) {
  const auto config = parse_config(std::string{kListen} + "[relay]\nworkers = 3\ncores = [4, 0, 2]\n", "x.toml");
  ASSERT_TRUE(config) << config.error().lines.front();
  EXPECT_EQ(config->relay.workers, 3u);
  EXPECT_EQ(config->relay.core_of(0), 4);
  EXPECT_EQ(config->relay.core_of(2), 2);
  const auto loose = parse_config(std::string{kListen} + "[relay]\nworkers = 3\n", "x.toml");
  ASSERT_TRUE(loose);
  EXPECT_EQ(loose->relay.core_of(2), -1);
  EXPECT_THAT(errors_of(std::string{kListen} + "[relay]\nworkers = 3\ncores = [0, 1]\n"),
              ElementsAre(HasSubstr("relay.cores: found 2 cores, accepted 3, one for each worker")));
  EXPECT_THAT(errors_of(std::string{kListen} + "[relay]\nworkers = 2\ncore = 1\n"),
              ElementsAre(HasSubstr("relay.core: found 1, accepted cores = [0, 1, …], one for each worker")));
}

TEST(ConfigTest, AnEthernetDeviceHasAsManyQueuesAsThereAreWorkers) {
  const std::string text =
      "[relay]\nport = \"ethernet\"\nworkers = 4\n[[ethernet.device]]\neal = \"net_null0\"\nipv4 = \"10.0.0.1/8\"\n";
  const auto config = parse_config(text, "x.toml");
  ASSERT_TRUE(config) << config.error().lines.front();
  EXPECT_EQ(config->relay.workers, 4u);
  EXPECT_THAT(errors_of(text + "queues = 4\n"), ElementsAre(HasSubstr("ethernet.device.queues: found an unknown key")));
}

TEST(ConfigTest, APassphraseIsNeverPrinted) {
  const auto errors = errors_of(std::string{kListen} + R"([[stream]]
name = "s"
publish_passphrase = "hush"
view_passphrase = 1234567890
view_pasphrase = "hush-hush-hush"
)");
  EXPECT_THAT(errors,
              ElementsAre("x.toml:5: stream.publish_passphrase: found 4 bytes, accepted a string of 10 to 79 bytes",
                          HasSubstr("x.toml:6: stream.view_passphrase: found an integer"),
                          AllOf(HasSubstr("did you mean view_passphrase?"), Not(HasSubstr("hush")))));
}

TEST(ConfigTest, SocketsWithoutListenAndEthernetWithoutDeviceAreRefused) {
  EXPECT_THAT(errors_of("[relay]\nport = \"sockets\"\n"), ElementsAre(HasSubstr("x.toml:1: listen: found nothing")));
  EXPECT_THAT(errors_of("\n[relay]\nport = \"ethernet\"\n"),
              ElementsAre(HasSubstr("x.toml:2: ethernet.device: found nothing")));
}

TEST(ConfigTest, CallsAreRead) {
  const auto config = parse_config(std::string{kListen} + R"([[call]]
url = "srt://cdn.example.net:7000?streamid=in&latency=200"
role = "viewer"
stream = "live/main"
passphrase = "passphrase12345"
[[call]]
url = "srt://[2001:db8::5]:7001"
role = "publisher"
stream = "live/camera"
[[stream]]
name = "live/*"
)",
                                   "x.toml");
  ASSERT_TRUE(config) << config.error().lines.front();
  ASSERT_EQ(config->calls.size(), 2u);
  EXPECT_EQ(config->calls[0].role, Role::kViewer);
  EXPECT_EQ(config->calls[0].url.passphrase, "passphrase12345");
  EXPECT_EQ(config->calls[0].url.latency, millis(200));
  EXPECT_EQ(config->calls[1].role, Role::kPublisher);
  EXPECT_EQ(config->calls[1].stream, "live/camera");
  EXPECT_EQ(config->calls[1].url.host, "2001:db8::5");
}

TEST(ConfigTest, TheSameCallTwiceIsAMistakeOfTheSecond) {
  const std::string call = R"([[call]]
url = "srt://a:1?passphrase=hush-hush-hush"
role = "viewer"
stream = "live/main"
)";
  const std::string streams = "[[stream]]\nname = \"live/main\"\n";
  EXPECT_THAT(errors_of(std::string{kListen} + call + call + streams),
              ElementsAre("x.toml:7: call.url: found the call of line 3 again, accepted each call once"));
  std::string another = call;
  another.replace(another.find("a:1"), 3, "a:2");
  EXPECT_TRUE(parse_config(std::string{kListen} + call + another + streams, "x.toml"));
}

TEST(ConfigTest, ACallsMistakesAreTold) {
  EXPECT_THAT(
      errors_of(std::string{kListen} + R"([[call]]
url = "srt://cdn.example.net?passphrase=hush-hush-hush"
role = "watcher"
stream = "live/main"
[[call]]
url = "srt://a:1?passphrase=hush-hush-hush"
passphrase = "another-secret"
role = "viewer"
stream = "live/*"
)"),
      ElementsAre(StartsWith("x.toml:3: call.stream: found \"live/main\", accepted a stream that a [[stream]]"),
                  StartsWith("x.toml:4: call.url: found one that cannot be used: no host and port, accepted srt"),
                  "x.toml:5: call.role: found \"watcher\", accepted one of \"viewer\", \"publisher\"",
                  HasSubstr("x.toml:7: call.stream"),
                  "x.toml:9: call.passphrase: found one here and one in url, accepted one of them",
                  HasSubstr("x.toml:11: call.stream: found \"live/*\", accepted the name of one stream: letters")));
}

TEST(ConfigTest, WhereRtpGoesIsToldBesideACallOfAnotherScheme) {
  const std::string call = "[[call]]\nrole = \"viewer\"\nstream = \"a\"\nurl = ";
  EXPECT_THAT(errors_of(std::string{kListen} + call + "\"rtp://192.0.2.7:5004\"\n").at(1),
              HasSubstr("not an SRT URL, accepted srt://HOST:PORT?streamid=NAME&latency=MILLISECONDS; what goes out "
                        "without a call, to rtp://ADDRESS:PORT or udp://ADDRESS:PORT, is a [[destination]]"));
}

TEST(ConfigTest, AStreamThatNobodyCanAskForIsAMistake) {
  const auto with = [](const std::string& name) {
    return errors_of(std::string{kListen} + "[[stream]]\nname = \"" + name + "\"\n");
  };
  for (const char* name : {"/live/x", "live//x", "live/x/", "live/../x", "live/\u00fc", "/live/*", "*/x"})
    EXPECT_THAT(with(name), ElementsAre(HasSubstr("x.toml:4: stream.name: found"))) << name;
  for (const char* name : {"live/x", "a", "*", "live*", "live/*", "live/.x-*"}) EXPECT_TRUE(with(name).empty()) << name;
}

TEST(ConfigTest, AKeyLengthWithoutAPassphraseIsNoClearCall) {
  const std::string call = "[[call]]\nurl = \"srt://a:1?pbkeylen=32\"\nrole = \"viewer\"\nstream = \"a\"\n";
  const std::string streams = "[[stream]]\nname = \"a\"\n";
  EXPECT_THAT(errors_of(std::string{kListen} + call + streams),
              ElementsAre(HasSubstr("pbkeylen without a passphrase, so the session would be clear")));
  EXPECT_TRUE(parse_config(std::string{kListen} + call + "passphrase = \"long-enough\"\n" + streams, "x.toml"));
  EXPECT_THAT(errors_of(std::string{kListen} + call + "passphrase = \"abcd\"\n" + streams),
              ElementsAre(HasSubstr("call.passphrase: found 4 bytes")));
}

TEST(ConfigTest, ADuplicateStreamNameIsRefused) {
  EXPECT_THAT(errors_of(std::string{kListen} + "[[stream]]\nname = \"a\"\n[[stream]]\nname = \"a\"\n"),
              ElementsAre(HasSubstr("x.toml:6: stream.name: found \"a\" twice")));
}

TEST(ConfigTest, AListenAddressUnderAWildcardIsRefused) {
  const auto both = [](std::string_view first, std::string_view second) {
    return errors_of("[[listen]]\naddress = \"" + std::string{first} + "\"\n[[listen]]\naddress = \"" +
                     std::string{second} + "\"\n");
  };
  EXPECT_THAT(both("[::]:9000", "127.0.0.1:9000"), ElementsAre(HasSubstr("x.toml:4: listen.address")));
  EXPECT_THAT(both("127.0.0.1:9000", "0.0.0.0:9000"), ElementsAre(HasSubstr("x.toml:4: listen.address")));
  EXPECT_THAT(both("[::]:9000", "[::]:9000"), ElementsAre(HasSubstr("x.toml:4: listen.address")));
  EXPECT_THAT(both("[::]:9000", "0.0.0.0:9000"), ElementsAre());
  EXPECT_THAT(both("0.0.0.0:9000", "[fd77::1]:9000"), ElementsAre());
  EXPECT_THAT(both("[::]:9000", "127.0.0.1:9001"), ElementsAre());
}

TEST(ConfigTest, AGatewayOffTheLinkIsRefused) {
  constexpr std::string_view kHead = "[relay]\nport = \"ethernet\"\n[[ethernet.device]]\neal = \"net_null0\"\n";
  const auto with = [&](std::string_view tail) { return errors_of(std::string{kHead} + std::string{tail}); };
  EXPECT_THAT(with("ipv4 = \"10.77.0.1/25\"\nipv4_gateway = \"10.77.0.129\"\n"),
              ElementsAre(HasSubstr("x.toml:6: ethernet.device.ipv4_gateway: found \"10.77.0.129\"")));
  EXPECT_THAT(with("ipv4 = \"10.77.0.1/25\"\nipv4_gateway = \"10.77.0.1\"\n"), ElementsAre(HasSubstr("x.toml:6:")));
  EXPECT_THAT(with("ipv6 = \"fd77::1/64\"\nipv6_gateway = \"fd77:0:0:1::1\"\n"), ElementsAre(HasSubstr("x.toml:6:")));
  EXPECT_THAT(with("ipv6 = \"fd77::1/64\"\nipv6_gateway = \"fe80::1\"\n"), ElementsAre());
  EXPECT_THAT(with(""), ElementsAre(HasSubstr("x.toml:3: ethernet.device.ipv4: found nothing")));
  EXPECT_THAT(with("ipv4 = \"10.77.0.1/33\"\n"),
              ElementsAre(HasSubstr("x.toml:5: ethernet.device.ipv4: found \"10.77.0.1/33\"")));
}

TEST(ConfigTest, LatencyMaxBelowLatencyIsRefused) {
  EXPECT_THAT(errors_of(std::string{kListen} + "[[stream]]\nname = \"a\"\nlatency_ms = 500\nlatency_max_ms = 400\n"),
              ElementsAre(HasSubstr("x.toml:6: stream.latency_max_ms: found 400, accepted 500 (latency_ms) to 60000")));
}

TEST(ConfigTest, WaitUnderAPatternIsRefused) {
  EXPECT_THAT(errors_of(std::string{kListen} + "[[stream]]\nname = \"a/*\"\nwait = true\n"),
              ElementsAre(HasSubstr("x.toml:5: stream.wait")));
}

TEST(ConfigTest, AWrongKindOfTableIsToldByItsHeading) {
  EXPECT_THAT(errors_of("[listen]\naddress = \"127.0.0.1:9000\"\n"),
              ElementsAre("x.toml:1: listen: found [listen], accepted [[listen]]"));
  EXPECT_THAT(
      errors_of(std::string{kListen} + "[[streams]]\nname = \"a\"\n"),
      ElementsAre(AllOf(HasSubstr("x.toml:3: streams: found an unknown table"), HasSubstr("did you mean stream?"))));
}

TEST(ConfigTest, ASyntaxErrorNamesItsLine) {
  EXPECT_THAT(errors_of("[relay]\nport = \n"), ElementsAre(StartsWith("x.toml:2: syntax: found ")));
}

TEST(ConfigTest, AShareOfNothingIsAMistake) {
  EXPECT_THAT(errors_of("[relay]\nadmission_share = 0\n"),
              testing::Contains(testing::HasSubstr("relay.admission_share: found 0, accepted above 0 to 1")));
}

TEST(ConfigTest, TheArmourHasDefaultsAndLeavesHalfOfTheRoomToThoseWhoSpeak) {
  const auto usual = parse_config(kListen, "x.toml");
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->armour.site_conclusions_per_second, 1'000u);
  EXPECT_EQ(usual->armour.half_open_max, 2'048u);
  const auto own = parse_config(std::string{kListen} +
                                    "[armour]\nconclusions_per_second = 50\ninductions_per_second = 70\n"
                                    "half_open_max = 9\n[relay]\nsessions_max = 100\n",
                                "x.toml");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->armour, (ArmourOptions{50, 50, 70, 9}));
}

TEST(ConfigTest, ASiteHasNoMoreThanAllHave) {
  EXPECT_THAT(
      errors_of(std::string{kListen} + "[armour]\nconclusions_per_second = 50\nsite_conclusions_per_second = 51\n"),
      ElementsAre(
          "x.toml:5: armour.site_conclusions_per_second: found 51, accepted at most conclusions_per_second (50)"));
  EXPECT_THAT(errors_of(std::string{kListen} + "[armour]\ninductions_per_second = 0\n"),
              ElementsAre("x.toml:4: armour.inductions_per_second: found 0, accepted 1 to 100000"));
}

TEST(ConfigTest, APipeIsNoConfigurationAndHoldsNobodyUp) {
  const auto config = load_config("/dev/null");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().lines.at(0), "/dev/null: is no regular file, and a reload must not wait for one");
}

TEST(ConfigTest, AMissingFileIsAnError) {
  const auto config = load_config("/nonexistent/fanlight.toml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().lines,
              ElementsAre("/nonexistent/fanlight.toml: cannot be read: No such file or directory"));
}

TEST(ConfigTest, StreamsAndLogLevelMayChangeWithoutARestart) {
  Config running;
  Config fresh = running;
  fresh.streams.emplace_back().name = "new";
  fresh.relay.log_level = LogLevel::kDebug;
  fresh.relay.capacity_mbps = 100;
  fresh.relay.admission_share = 0.5;
  fresh.armour.half_open_max = 3;
  EXPECT_THAT(restart_only_changes(running, fresh), ElementsAre());
  fresh.relay.core = 1;
  fresh.listen.push_back({});
  EXPECT_THAT(restart_only_changes(running, fresh), ElementsAre("relay", "listen"));
}

TEST(ConfigTest, AFeedsKeyChangesWithARestart) {
  Config running;
  running.feeds.emplace_back().stream = "live/a";
  Config fresh = running;
  fresh.feeds[0].line = 7;
  EXPECT_THAT(restart_only_changes(running, fresh), ElementsAre());
  fresh.feeds[0].srtp = *parse_srtp_key("AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
  EXPECT_THAT(restart_only_changes(running, fresh), ElementsAre("feed"));
  EXPECT_THAT(restart_only_changes(fresh, running), ElementsAre("feed"));
  running.feeds[0].srtp = *parse_srtp_key("AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
  EXPECT_THAT(restart_only_changes(running, fresh), ElementsAre("feed")) << "another suite";
}

TEST(ConfigTest, SrtIsNotHeardOnGroups) {
  for (const char* address : {"239.1.2.3:9000", "[ff15::1]:9000", "255.255.255.255:9000"}) {
    const auto config = parse_config("[[listen]]\naddress = \"" + std::string{address} + "\"\n", "f");
    ASSERT_FALSE(config) << address;
    EXPECT_NE(config.error().lines.at(0).find("an address of this host"), std::string::npos);
  }
}

}  // namespace
}  // namespace fanlight::control
