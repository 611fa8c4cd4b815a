#include "config/destination_rule.h"

#include <gtest/gtest.h>

#include "config/config.h"
#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

std::string fault_of(std::string_view url) {
  const auto rule = parse_destination_url(url);
  return rule ? "" : rule.error();
}

TEST(DestinationRuleTest, AUrlSaysItAll) {
  const auto rule =
      parse_destination_url("rtp://239.1.2.3:5004?pt=96&ttl=8&source=192.0.2.1&interface=eth1&rtcp=same_port");
  ASSERT_TRUE(rule) << rule.error();
  EXPECT_EQ(rule->terms.kind, FeedKind::kRtp);
  EXPECT_EQ(rule->terms.remote, *Endpoint::parse("239.1.2.3:5004"));
  EXPECT_EQ(rule->terms.payload_type, 96);
  EXPECT_EQ(rule->terms.ttl, 8);
  EXPECT_EQ(rule->source, IpAddress::v4(192, 0, 2, 1));
  EXPECT_EQ(rule->interface, "eth1");
  EXPECT_EQ(rule->terms.rtcp_port(), 5004);
}

TEST(DestinationRuleTest, AUrlIsWrittenAsItIsRead) {
  for (const char* url :
       {"rtp://192.0.2.1:5004", "rtp://[2001:db8::1]:5004?pt=96&rtcp=off", "rtp://192.0.2.1:5004?nack=1&rtx_pt=97",
        "rtp://239.1.1.1:5004?ttl=4&second=239.1.2.1:5004&second_ttl=5&second_source=192.0.2.9&second_interface=eth2",
        "rtp://192.0.2.1:5004?ttl=3&fec=1", "udp://192.0.2.1:1235",
        "udp://[ff15::1]:5004?ttl=3&source=2001:db8::7&interface=eth0"}) {
    const auto rule = parse_destination_url(url);
    ASSERT_TRUE(rule) << url << rule.error();
    EXPECT_EQ(url_of(*rule), url);
  }
}

TEST(DestinationRuleTest, ASchemesLettersMayBeCapitals) {
  EXPECT_TRUE(is_destination_url("RTP://192.0.2.1:5004"));
  const auto rule = parse_destination_url("Udp://192.0.2.1:5005");
  ASSERT_TRUE(rule) << rule.error();
  EXPECT_EQ(rule->terms.kind, FeedKind::kTransportStream);
  EXPECT_EQ(url_of(*rule), "udp://192.0.2.1:5005");
}

TEST(DestinationRuleTest, WhatIsWrongIsSaid) {
  const std::vector<std::pair<const char*, const char*>> wrong{
      {"srt://192.0.2.1:5004", "not an RTP or UDP URL"},
      {"rtp://host.example:5004", "names are not resolved"},
      {"rtp://192.0.2.1", "no address and port"},
      {"rtp://192.0.2.1:0", "no address and port"},
      {"rtp://192.0.2.1:5004/live", "a path behind the address"},
      {"rtp://192.0.2.1:5004/live?pt=96", "a path behind the address"},
      {"rtp://192.0.2.1:5004#x", "a # in it"},
      {"udp://192.0.2.1:5004?ttl=4#x", "a # in it"},
      {"rtp://0.0.0.0:5004", "neither a host's address nor a group's"},
      {"udp://255.255.255.255:5004", "neither a host's address nor a group's"},
      {"udp://240.0.0.1:5004", "224.0.0.0/4"},
      {"rtp://192.0.2.1:5005", "even port"},
      {"rtp://192.0.2.1:65535", "even port"},
      {"rtp://192.0.2.1:5004?ttl=0", "1 to 255"},
      {"rtp://192.0.2.1:5004?ttl=256", "1 to 255"},
      {"rtp://192.0.2.1:5004?pt=128", "0 to 127"},
      {"udp://192.0.2.1:5004?pt=33", "an unknown option; there are ttl, source, interface"},
      {"rtp://192.0.2.1:5004?rtcp=maybe", "next_port, same_port or off"},
      {"rtp://192.0.2.1:5004?source=2001:db8::1", "family"},
      {"rtp://192.0.2.1:5004?source=239.0.0.1", "an address of this host"},
      {"rtp://192.0.2.1:5004?interface=eth0", "multicast group alone"},
      {"rtp://[fe80::1]:5004", "one link only"},
      {"rtp://[ff02::1]:5004", "interface must say which"},
      {"rtp://192.0.2.1:5004?second=rtp://192.0.2.2:5004", "must be ADDRESS:PORT"},
      {"rtp://192.0.2.1:5004?second=192.0.2.1:5004", "another address or port"},
      {"rtp://192.0.2.1:5004?second=192.0.2.2:5005", "second: RTP has an even port"},
      {"rtp://192.0.2.1:5004?second=192.0.2.2:65535", "second: RTP has an even port"},
      {"rtp://192.0.2.1:5004?second_ttl=4", "no second=ADDRESS:PORT"},
      {"rtp://192.0.2.1:5004?second=192.0.2.2:5004&second_source=2001:db8::1", "second leg's family"},
      {"rtp://192.0.2.1:5004?second=192.0.2.2:5004&second_pt=4",
       "an unknown option; there are ttl, source, interface, pt, rtcp, nack, rtx_pt, fec, second, second_ttl"},
      {"rtp://239.0.0.1:5004?interface=", "interface must be a name that `ip link` lists, or a device's"},
      {"rtp://239.0.0.1:5004?second=239.0.0.2:5004&second_interface=",
       "second_interface must be a name that `ip link` lists, or a device's"},
      {"rtp://239.0.0.1:5004?second=239.0.0.2:5004&second_ttl=0", "second_ttl must be 1 to 255"},
      {"udp://192.0.2.1:5004?second=192.0.2.2:5004", "an unknown option"},
      {"rtp://192.0.2.1:5004?nack=yes", "nack must be 1"},
      {"rtp://192.0.2.1:5004?rtx_pt=97", "nack=1, which is not there"},
      {"rtp://192.0.2.1:5004?nack=1&rtx_pt=33", "another type than pt"},
      {"rtp://192.0.2.1:5004?nack=1&rtx_pt=0", "mean other payloads"},
      {"rtp://192.0.2.1:5004?nack=1&rtx_pt=128", "0 to 127"},
      {"rtp://192.0.2.1:5004?nack=1&rtx_pt=95&rtcp=same_port", "rtx_pt 64 to 95 mean RTCP"},
      {"rtp://192.0.2.1:5004?nack=1&rtcp=off", "which rtcp=off does not hear"},
      {"rtp://192.0.2.1:5004?fec=yes", "fec must be 1 or 0"},
      {"udp://192.0.2.1:5004?fec=1", "an unknown option"},
      {"rtp://192.0.2.1:5004?fec=1&pt=96", "payload type, 33"},
      {"rtp://192.0.2.1:65534?fec=1", "second and fourth port"},
      {"rtp://192.0.2.1:5004?fec=1&second=192.0.2.2:5004", "without second"},
      {"rtp://192.0.2.1:5004?rtcp=same_port&pt=72", "RFC 5761"},
      {"rtp://192.0.2.1:5004?ttl=1&ttl=2", "ttl twice"},
      {"rtp://0.1.2.3:5004", "neither a host's address nor a group's"},
      {"rtp://192.0.2.1:5004?second=240.0.0.1:5004", "second: 240.0.0.1 is neither"},
      {"rtp://192.0.2.1:5004?source=240.0.0.1", "an address of this host"},
      {"rtp://192.0.2.1:5004?latency=5", "an unknown option"}};
  for (const auto& [url, word] : wrong)
    EXPECT_NE(fault_of(url).find(word), std::string::npos) << url << ": " << fault_of(url);
  EXPECT_EQ(fault_of("rtp://192.0.2.1:5005?rtcp=off"), "");
  EXPECT_EQ(fault_of("rtp://192.0.2.1:5004/"), "");
  EXPECT_EQ(fault_of("udp://192.0.2.1:5005"), "");
}

std::string fault(std::string_view tables, std::string_view relay = "[[listen]]\naddress = \"0.0.0.0:9000\"\n") {
  const auto config = parse_config(std::string{relay} + "[[stream]]\nname = \"live/*\"\n" + std::string{tables}, "f");
  return config ? "" : config.error().lines.front();
}

std::string table(std::string_view url, std::string_view stream = "live/a") {
  return "[[destination]]\nstream = \"" + std::string{stream} + "\"\nurl = \"" + std::string{url} + "\"\n";
}

TEST(DestinationRuleTest, AFileNamesItsMistakesByLine) {
  EXPECT_EQ(fault(table("rtp://192.0.2.1:5004") + table("rtp://192.0.2.2:5004")), "");
  EXPECT_EQ(fault("[[destination]]\nstream = \"live/a\"\n"),
            "f:5: destination.url: found nothing, accepted rtp://ADDRESS:PORT or udp://ADDRESS:PORT, the address a "
            "host's or a group's");
  EXPECT_NE(fault(table("rtp://192.0.2.1:5005")).find("f:7: destination.url: found \"rtp://192.0.2.1:5005\": RTP has"),
            std::string::npos);
  EXPECT_NE(fault(table("rtp://192.0.2.1:5004", "elsewhere")).find("a [[stream]] of this file covers"),
            std::string::npos);
}

TEST(DestinationRuleTest, NoAddressIsNamedTwice) {
  EXPECT_NE(fault(table("rtp://192.0.2.1:5004") + table("udp://192.0.2.1:5004", "live/b")).find("after line 5"),
            std::string::npos);
  EXPECT_NE(fault(table("rtp://192.0.2.1:5004") + table("udp://192.0.2.1:5005")).find("for RTCP"), std::string::npos);
  EXPECT_NE(fault(table("rtp://192.0.2.9:9000?rtcp=off"), "[[listen]]\naddress = \"192.0.2.9:9000\"\n")
                .find("the relay's own"),
            std::string::npos);
}

constexpr const char* kKey = "AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

std::string secret_table(std::string_view url, std::string_view key = kKey, std::string_view stream = "live/a") {
  return table(url, stream) + "srtp = \"" + std::string{key} + "\"\n";
}

TEST(DestinationRuleTest, AnSrtpKeyStandsBesideTheUrl) {
  const auto config = parse_config("[[listen]]\naddress = \"0.0.0.0:9000\"\n[[stream]]\nname = \"live/*\"\n" +
                                       secret_table("rtp://192.0.2.1:5004") + table("rtp://192.0.2.2:5004"),
                                   "f");
  ASSERT_TRUE(config);
  const DestinationRule& rule = config->destinations.at(0);
  ASSERT_TRUE(rule.srtp);
  EXPECT_EQ(rule.srtp->suite, crypto::SrtpSuite::kAesCm128HmacSha1Tag80);
  EXPECT_EQ(url_of(rule), "rtp://192.0.2.1:5004") << "which is shown";
  EXPECT_FALSE(config->destinations.at(1).srtp);
  DestinationRule other = rule;
  EXPECT_TRUE(other.is_same(rule));
  other.srtp->packets_max = 7;
  EXPECT_FALSE(other.is_same(rule)) << "a reload opens it anew";
}

TEST(DestinationRuleTest, WhatSrtpDoesNotGoWithIsSaid) {
  EXPECT_NE(fault(secret_table("udp://192.0.2.1:5004")).find("destination.srtp: found a key beside a bare transport"),
            std::string::npos);
  EXPECT_NE(fault(secret_table("rtp://192.0.2.1:5004?nack=1")).find("beside nack=1"), std::string::npos);
  EXPECT_NE(fault(secret_table("rtp://192.0.2.1:5004?fec=1")).find("beside fec=1"), std::string::npos);
  EXPECT_NE(fault(secret_table("rtp://192.0.2.1:5004?second=192.0.2.2:5004")).find("beside second"), std::string::npos);
  EXPECT_NE(fault_of("rtp://192.0.2.1:5004?srtp=AES").find("does not stand in a URL"), std::string::npos);
  const std::string wrong = fault(secret_table("rtp://192.0.2.1:5004", "AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0"));
  EXPECT_NE(wrong.find("destination.srtp: found 6 bytes"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find("c2VjcmV0"), std::string::npos) << "no message shows a key";
}

TEST(DestinationRuleTest, AFeedsKeyIsNoDestinations) {
  const std::string feed =
      "[[feed]]\nstream = \"live/b\"\nurl = \"rtp://127.0.0.1:6000\"\nsrtp = \"" + std::string{kKey} + "\"\n";
  EXPECT_NE(fault(feed + secret_table("rtp://192.0.2.1:5004")).find("the key of the feed in line 5"), std::string::npos)
      << fault(feed + secret_table("rtp://192.0.2.1:5004"));
  EXPECT_EQ(fault(feed + table("rtp://192.0.2.1:5004")), "");
}

TEST(DestinationRuleTest, AStreamHasSoManySrtpKeys) {
  std::string tables;
  for (std::size_t i = 0; i <= kSrtpKeysPerStreamMax; ++i)
    tables += secret_table("rtp://192.0.2." + std::to_string(i + 1) + ":5004",
                           std::string{kKey} + "|" + std::to_string(1'000 + i));
  const std::string most = std::to_string(kSrtpKeysPerStreamMax);
  EXPECT_NE(fault(tables).find("one more key of stream \"live/a\", accepted " + most + " at most"), std::string::npos)
      << fault(tables);
  tables.clear();
  for (std::size_t i = 0; i < 100; ++i) tables += secret_table("rtp://192.0.2." + std::to_string(i + 1) + ":5004");
  EXPECT_EQ(fault(tables), "") << "all with one";
  std::string feed = "[[feed]]\nstream = \"live/a\"\nurl = \"rtp://127.0.0.1:6000\"\npayload = \"h264\"\n";
  EXPECT_EQ(fault(feed + tables), "") << "whose type is the feed's";
}

TEST(DestinationRuleTest, FecGoesToPortsOfItsOwn) {
  const auto rule = parse_destination_url("rtp://192.0.2.1:5004?ttl=3&fec=1");
  ASSERT_TRUE(rule);
  const std::vector<DestinationRule> legs = legs_of(*rule);
  ASSERT_EQ(legs.size(), 2u);
  EXPECT_EQ(url_of(legs[0]), "rtp://192.0.2.1:5006?pt=96&ttl=3&rtcp=off");
  EXPECT_EQ(url_of(legs[1]), "rtp://192.0.2.1:5008?pt=96&ttl=3&rtcp=off");
  EXPECT_EQ(fault(table("rtp://192.0.2.1:5004?fec=1") + table("rtp://192.0.2.1:5010")), "");
  EXPECT_NE(fault(table("rtp://192.0.2.1:5004?fec=1") + table("rtp://192.0.2.1:5006")), "");
  EXPECT_NE(fault(table("udp://192.0.2.1:5008") + table("rtp://192.0.2.1:5004?fec=1")).find("FEC to 192.0.2.1:5008"),
            std::string::npos);
}

TEST(DestinationRuleTest, OnDevicesItMustBeSomethingThatADeviceSendsTo) {
  const char* devices =
      "[relay]\nport = \"ethernet\"\n[[ethernet.device]]\neal = \"net_null0\"\nipv4 = \"10.0.0.1/24\"\n";
  EXPECT_EQ(fault(table("rtp://10.0.0.2:5004?ttl=3&source=10.0.0.1"), devices), "");
  EXPECT_EQ(fault(table("rtp://239.0.0.1:5004?ttl=3&interface=net_null0"), devices), "");
  EXPECT_NE(fault(table("rtp://10.0.0.2:5004?source=10.0.0.9"), devices).find("is not the address of an"),
            std::string::npos);
  EXPECT_NE(fault(table("rtp://239.0.0.1:5004?interface=eth1"), devices).find("is called eth1; there are net_null0"),
            std::string::npos);
  EXPECT_NE(fault(table("rtp://198.51.100.1:5004"), devices).find("no ipv4_gateway"), std::string::npos);
  EXPECT_NE(fault(table("rtp://[ff15::1]:5004"), devices).find("has an address of IPv6"), std::string::npos);
}

TEST(DestinationRuleTest, OnSocketsItsSourceIsListenedAt) {
  const char* listen = "[[listen]]\naddress = \"192.0.2.9:9000\"\n";
  EXPECT_EQ(fault(table("rtp://192.0.2.1:5004?source=192.0.2.9"), listen), "");
  EXPECT_EQ(fault(table("rtp://192.0.2.1:5004?source=192.0.2.8")), "") << "0.0.0.0:9000 listens";
  EXPECT_EQ(fault(table("udp://192.0.2.1:5004?source=192.0.2.8"), listen),
            "f:5: destination.url: found \"udp://192.0.2.1:5004?source=192.0.2.8\": the relay does not listen at its "
            "source 192.0.2.8, so neither its receivers' reports nor ICMP would be heard: add a [[listen]] with that "
            "address, or with 0.0.0.0, accepted a source that the relay listens at");
  EXPECT_NE(fault(table("rtp://192.0.2.1:5004?second=192.0.2.2:5004&second_source=192.0.2.8"), listen)
                .find("does not listen at its source 192.0.2.8"),
            std::string::npos);
}

// It would go round for ever.
TEST(DestinationRuleTest, NoStreamGoesIntoAFeed) {
  const auto feed = [](std::string_view keys) { return "[[feed]]\nstream = \"live/in\"\n" + std::string{keys} + "\n"; };
  const auto is_told = [&](std::string_view keys, std::string_view url) {
    return fault(feed(keys) + table(url)).find("which is the relay's own") != std::string::npos;
  };
  EXPECT_TRUE(is_told("url = \"rtp://127.0.0.1:7000\"", "rtp://127.0.0.1:7000"));
  EXPECT_TRUE(is_told("url = \"rtp://0.0.0.0:7000\"", "udp://127.0.0.1:7000"));
  EXPECT_TRUE(is_told("url = \"rtp://127.0.0.1:7000\"\nfec = true", "udp://127.0.0.1:7004")) << "where its FEC comes";
  EXPECT_TRUE(is_told("url = \"rtp://127.0.0.1:7004\"", "rtp://127.0.0.1:7000?fec=1")) << "where its FEC goes";
  EXPECT_TRUE(is_told("url = \"rtp://127.0.0.1:7000\"", "rtp://192.0.2.1:5004?second=127.0.0.1:7000"));
  EXPECT_TRUE(is_told("url = \"rtp://239.1.1.1:7000\"", "rtp://239.1.1.1:7000"));
  EXPECT_FALSE(is_told("url = \"rtp://239.1.1.1:7000\"\nsource = \"192.0.2.1\"", "rtp://239.1.1.1:7000"))
      << "of another source";
  EXPECT_TRUE(is_told("url = \"rtp://239.1.1.1:7000\"\nsource = \"127.0.0.1\"", "rtp://239.1.1.1:7000"))
      << "which is this host";
  EXPECT_FALSE(is_told("url = \"rtp://0.0.0.0:7000\"", "rtp://192.0.2.1:7000"));
  EXPECT_NE(fault(table("udp://127.0.0.1:9000")).find("the relay's own"), std::string::npos) << "0.0.0.0:9000 listens";
  EXPECT_NE(fault(table("rtp://192.0.2.1:5004?second=127.0.0.1:9000&rtcp=off")).find("the relay's own"),
            std::string::npos);
}

// What a payload type is, and whether there is FEC, the stream's feed decides.
TEST(DestinationRuleTest, WhatAStreamCarriesDecidesOverFecAndTypes) {
  const std::string feed =
      "[[feed]]\nstream = \"live/a\"\nurl = \"rtp://0.0.0.0:7000\"\npayload = \"h264\"\npayload_type = 97\n";
  EXPECT_NE(fault(feed + table("rtp://192.0.2.1:5004?fec=1")).find("carries H264/90000, and SMPTE 2022-1 FEC is a"),
            std::string::npos);
  EXPECT_NE(fault(feed + table("rtp://192.0.2.1:5004?nack=1&rtx_pt=97")).find("another type than the stream's, 97"),
            std::string::npos);
  EXPECT_EQ(fault(feed + table("rtp://192.0.2.1:5004?nack=1&rtx_pt=97&pt=96")), "");
  EXPECT_EQ(fault(table("rtp://192.0.2.1:5004?nack=1&rtx_pt=97")), "");
}

// Places of destinations, and sessions, are as many as those and no more.
TEST(DestinationRuleTest, SecondLegsAndFecAreCounted) {
  std::string tables;
  const auto add = [&](int i, std::string_view more) {
    const std::string ip = std::to_string(i / 200) + "." + std::to_string(i % 200 + 1);
    tables += table("rtp://10.1." + ip + ":5004?rtcp=off" + std::string{more});
  };
  for (int i = 0; i < 10'000; ++i) add(i, "&second=10.2.0.1:" + std::to_string(10'000 + i));
  EXPECT_EQ(fault(tables), "");
  add(10'000, "");
  EXPECT_NE(
      fault(tables).find("f:30005: destination.url: found 20001 sessions of destinations (a second leg is one, FEC "
                         "two), accepted 20000 at most"),
      std::string::npos)
      << fault(tables);
  EXPECT_EQ(sessions_of(*parse_destination_url("rtp://192.0.2.1:5004?fec=1")), 3u);
}

// It stands in what `fanlight sdp` writes.
TEST(DestinationRuleTest, AStreamsNameIsOneLine) {
  const auto config = parse_config(
      "[[listen]]\naddress = \"0.0.0.0:9000\"\n[[stream]]\nname = \"live/*\"\n[[destination]]\n"
      "stream = \"live/a\\r\\nm=audio 1 RTP/AVP 0\"\nurl = \"rtp://192.0.2.1:5004\"\n",
      "f");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().lines.at(0).find(kStreamNameText), std::string::npos);
}

}  // namespace
}  // namespace fanlight::control
