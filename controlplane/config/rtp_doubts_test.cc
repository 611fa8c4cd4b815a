#include "config/rtp_doubts.h"

#include <gmock/gmock.h>

#include "config/srtp_key.h"

namespace fanlight::control {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> doubts(const std::string& toml) {
  const auto config =
      parse_config("[[listen]]\naddress = \"0.0.0.0:9000\"\n[[stream]]\nname = \"live/*\"\n" + toml, "file");
  EXPECT_TRUE(config) << toml << (config ? "" : config.error().lines.front());
  return config ? find_rtp_doubts(*config) : std::vector<std::string>{};
}

std::vector<std::string> doubts_of_feed(const std::string& keys) {
  return doubts("[[feed]]\nstream = \"live/a\"\n" + keys + "\n");
}

// RFC 4607 §4.3, RFC 4604 §2.2: its routers ignore the join, and the feed would be silent for ever.
TEST(RtpDoubtsTest, ASourceSpecificGroupNeedsItsSource) {
  EXPECT_THAT(doubts_of_feed(R"(url = "rtp://232.1.2.3:5004")"),
              ElementsAre(AllOf(HasSubstr("feed rtp://232.1.2.3:5004 of live/a (line 5): group 232.1.2.3 is of "
                                          "source-specific multicast"),
                                HasSubstr("say source, the sender's address, or take another group"))));
  EXPECT_THAT(doubts_of_feed(R"(url = "udp://232.1.2.3:5004")").size(), 1u);
  EXPECT_THAT(doubts_of_feed(R"(url = "rtp://[ff3e::8000:1]:5004")").size(), 1u);
  EXPECT_THAT(doubts_of_feed("url = \"rtp://232.1.2.3:5004\"\nsource = \"192.0.2.7\""), IsEmpty());
  EXPECT_THAT(doubts_of_feed("url = \"rtp://[ff3e::8000:1]:5004\"\nsource = \"2001:db8::7\""), IsEmpty());
  for (const char* other : {"231.255.255.255", "233.0.0.1", "239.1.2.3", "[ff3e:40:2001:db8::1]", "[ff0e::1]",
                            "[ff2e::1]", "192.0.2.232", "0.0.0.0"})
    EXPECT_THAT(doubts_of_feed(std::string{"url = \"rtp://"} + other + ":5004\""), IsEmpty()) << other;
}

TEST(RtpDoubtsTest, SoDoesTheSecondLegs) {
  const std::string legs = "url = \"rtp://239.1.2.3:5004\"\nsecond = \"rtp://232.1.2.4:5004\"\n";
  EXPECT_THAT(doubts_of_feed(legs), ElementsAre(AllOf(HasSubstr("group 232.1.2.4"), HasSubstr("say second_source, "))));
  EXPECT_THAT(doubts_of_feed(legs + "second_source = \"192.0.2.7\""), IsEmpty());
}

TEST(RtpDoubtsTest, WhatNoFrameHoldsIsToldOfPayloadsThatMayBeSoLarge) {
  const MediaFormat h264{.encoding = "H264", .payload_type = 96};
  const auto doubt = [&](const char* url, const MediaFormat& format, PortKind port = PortKind::kEthernet) {
    return doubt_of(*parse_destination_url(url), format, port).value_or("");
  };
  EXPECT_EQ(
      doubt("rtp://[2001:db8::7]:5004", h264),
      "a frame of its Ethernet device holds 1440 bytes of H264/90000 over IPv6, and its sender's packets may have "
      "1460: larger ones are not sent (transmit_refused); have the sender make none (ffmpeg: pkt_size=1452)");
  EXPECT_NE(doubt("rtp://192.0.2.7:5004?second=[2001:db8::7]:5004", h264), "");
  EXPECT_EQ(doubt("rtp://192.0.2.7:5004", h264), "") << "1,472 bytes fit over IPv4";
  EXPECT_EQ(doubt("rtp://[2001:db8::7]:5004", h264, PortKind::kSockets), "") << "it leaves in two fragments";
  EXPECT_EQ(doubt("rtp://[2001:db8::7]:5004", {}), "") << "seven TS packets";
}

TEST(RtpDoubtsTest, SrtpsTagTakesRoomAsWell) {
  DestinationRule rule = *parse_destination_url("rtp://[2001:db8::7]:5004");
  rule.srtp = *parse_srtp_key("AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
  const MediaFormat opus{.media = "audio", .encoding = "opus", .clock_rate = 48'000, .channels = 2, .payload_type = 96};
  EXPECT_THAT(doubt_of(rule, opus, PortKind::kEthernet).value_or(""),
              AllOf(HasSubstr("holds 1430 bytes of opus/48000/2"), HasSubstr("pkt_size=1442")));
}

}  // namespace
}  // namespace fanlight::control
