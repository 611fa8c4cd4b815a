#include "config/feed_rule.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.h"
#include "config/srtp_key.h"
#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

constexpr std::string_view kHead = R"([[listen]]
address = "0.0.0.0:9000"
[[stream]]
name = "live/*"
)";

Result<Config, ConfigErrors> parse(std::string_view feeds) {
  return parse_config(std::string{kHead}.append(feeds), "f");
}
FeedRule the_feed(std::string_view keys) {
  const auto config = parse("[[feed]]\nstream = \"live/a\"\n" + std::string{keys});
  if (!config) ADD_FAILURE() << config.error().lines.front();
  return config ? config->feeds.at(0) : FeedRule{};
}
std::string fault(std::string_view feeds) {
  const auto config = parse(feeds);
  return config ? "" : config.error().lines.front();
}

TEST(FeedRuleTest, RtpAndBareTransportStreams) {
  const FeedRule rtp = the_feed(R"(url = "rtp://239.1.2.3:5004"
source = "192.0.2.7"
interface = "eth0"
payload_type = 96
ssrc = 0xABCD
rtcp = "same_port")");
  EXPECT_EQ(rtp.terms, (FeedTerms{.local = *Endpoint::parse("239.1.2.3:5004"),
                                  .source = IpAddress::parse("192.0.2.7"),
                                  .payload_type = 96,
                                  .ssrc = 0xABCD,
                                  .rtcp = RtcpWay::kSamePort}));
  EXPECT_EQ(rtp.interface, "eth0");
  EXPECT_EQ(url_of(rtp.terms), "rtp://239.1.2.3:5004");
  const FeedRule bare = the_feed("url = \"udp://[::]:5000\"");
  EXPECT_EQ(
      bare.terms,
      (FeedTerms{.kind = FeedKind::kTransportStream, .local = *Endpoint::parse("[::]:5000"), .rtcp = RtcpWay::kNone}));
  EXPECT_EQ(the_feed("url = \"rtp://0.0.0.0:5004\"").terms.rtcp, RtcpWay::kNextPort);
}

TEST(FeedRuleTest, EachMistakeIsToldWithItsLine) {
  const auto with = [](std::string_view keys) { return fault("[[feed]]\nstream = \"live/a\"\n" + std::string{keys}); };
  EXPECT_EQ(fault("[[feed]]\nurl = \"rtp://0.0.0.0:5004\""),
            "f:5: feed.stream: found nothing, accepted " + std::string{kStreamNameText});
  EXPECT_NE(with("").find("feed.url: found nothing, accepted rtp://ADDRESS:PORT"), std::string::npos);
  EXPECT_NE(with("url = \"srt://0.0.0.0:5004\"").find("f:7: feed.url: found \"srt://0.0.0.0:5004\""),
            std::string::npos);
  EXPECT_NE(with("url = \"rtp://0.0.0.0\"").find("feed.url"), std::string::npos);
  EXPECT_NE(with("url = \"rtp://host:1\"").find("feed.url"), std::string::npos);
  EXPECT_NE(with("url = \"rtp://0.0.0.0:5004\"\nsource = \"239.0.0.1\"").find("one sender"), std::string::npos);
  EXPECT_NE(with("url = \"rtp://0.0.0.0:5004\"\nsource = \"2001:db8::1\"").find("family"), std::string::npos);
  EXPECT_NE(with("url = \"rtp://0.0.0.0:5004\"\ninterface = \"eth0\"").find("multicast group alone"),
            std::string::npos);
  EXPECT_NE(with("url = \"rtp://[ff02::1]:5004\"").find("the link that"), std::string::npos);
  EXPECT_NE(with("url = \"udp://0.0.0.0:5004\"\nssrc = 1").find("beside rtp:// alone"), std::string::npos);
  const auto rtp = [&](std::string_view keys) { return with("url = \"rtp://0.0.0.0:5004\"\n" + std::string{keys}); };
  EXPECT_NE(rtp("nack = true\nrtcp = \"off\"").find("beside rtcp"), std::string::npos);
  EXPECT_NE(rtp("rtx_pt = 97").find("beside nack = true alone"), std::string::npos);
  EXPECT_NE(rtp("nack = true\nrtx_pt = 33").find("another type"), std::string::npos);
  EXPECT_NE(rtp("nack = true\nrtx_ssrc = 7").find("beside rtx_pt alone"), std::string::npos);
  EXPECT_NE(rtp("nack = true\nrtx_pt = 97\nssrc = 7").find("the SSRC of what is sent again"), std::string::npos);
  EXPECT_EQ(rtp("nack = true\nrtx_pt = 97\nssrc = 7\nrtx_ssrc = 8"), "");
  EXPECT_NE(rtp("nack = true\nrtx_pt = 72\nrtcp = \"same_port\"").find("which mean RTCP"), std::string::npos);
  EXPECT_EQ(rtp("nack = true\nrtx_pt = 72"), "");
  EXPECT_NE(with("url = \"udp://0.0.0.0:5004\"\nnack = true").find("beside rtp:// alone"), std::string::npos);
  EXPECT_NE(rtp("rtcp = \"same_port\"\npayload_type = 72").find("mean RTCP on a port with both"), std::string::npos);
  EXPECT_NE(with("url = \"rtp://0.0.0.0:65535\"").find("a port with one behind it"), std::string::npos);
  EXPECT_NE(with("url = \"rtp://0.0.0.0:5004\"\npayload_type = 128").find("0 to 127"), std::string::npos);
  EXPECT_NE(
      fault("[[feed]]\nstream = \"elsewhere\"\nurl = \"rtp://0.0.0.0:5004\"").find("a [[stream]] of this file covers"),
      std::string::npos);
}

TEST(FeedRuleTest, ASecondLegIsAnotherAddress) {
  const FeedRule rule = the_feed(R"(url = "rtp://239.1.2.3:5004"
second = "rtp://239.1.3.3:5004"
second_source = "192.0.2.9"
second_interface = "eth2")");
  EXPECT_EQ(rule.terms.second,
            (FeedLeg{.local = *Endpoint::parse("239.1.3.3:5004"), .source = IpAddress::v4(192, 0, 2, 9)}));
  EXPECT_EQ(rule.second_interface, "eth2");
  const auto with = [](std::string_view keys) {
    return fault("[[feed]]\nstream = \"live/a\"\nurl = \"rtp://192.0.2.1:5004\"\n" + std::string{keys});
  };
  EXPECT_NE(with("second = \"udp://192.0.2.1:6004\"").find("where the same packets come again"), std::string::npos);
  EXPECT_NE(with("second = \"rtp://192.0.2.1:5004\"").find("its RTCP do not cover"), std::string::npos);
  EXPECT_NE(with("second_source = \"192.0.2.9\"").find("beside second alone"), std::string::npos);
  EXPECT_NE(with("second = \"rtp://192.0.2.1:9000\"").find("[[listen]]"), std::string::npos);
  EXPECT_NE(with("second = \"rtp://192.0.2.1:5005\"").find("its RTCP do not cover"), std::string::npos);
  EXPECT_NE(fault("[[feed]]\nstream = \"live/a\"\nurl = \"udp://0.0.0.0:5004\"\nsecond = \"rtp://0.0.0.0:6004\"")
                .find("has no numbers"),
            std::string::npos);
  EXPECT_NE(with("second = \"rtp://192.0.2.1:6004\"\n[[feed]]\nstream = \"live/b\"\nurl = \"rtp://192.0.2.1:6004\""),
            "")
      << "another feed's";
}

TEST(FeedRuleTest, PayloadsThatAreNoTransportStream) {
  const std::string url = "url = \"rtp://0.0.0.0:5004\"\n";
  EXPECT_TRUE(the_feed(url).format.is_transport_stream());
  const MediaFormat h264 = the_feed(url + "payload = \"h264\"\nfmtp = \"packetization-mode=1\"").format;
  EXPECT_EQ(the_feed("url = \"UDP://0.0.0.0:5004\"").terms.kind, FeedKind::kTransportStream);
  EXPECT_EQ(h264.media, "video");
  EXPECT_EQ(h264.text(), "H264/90000");
  EXPECT_EQ(h264.fmtp, "packetization-mode=1");
  EXPECT_EQ(the_feed(url + "payload = \"h264\"").terms.payload_type, 96);
  EXPECT_EQ(the_feed(url + "payload = \"h265\"\npayload_type = 100").terms.payload_type, 100);
  EXPECT_EQ(the_feed(url + "payload = \"opus\"").format.text(), "opus/48000/2");
  EXPECT_EQ(the_feed(url + "payload = \"l16\"\nclock_rate = 44100\nchannels = 6").format.text(), "L16/44100/6");
  EXPECT_EQ(the_feed(url + "payload = \"aac\"\nclock_rate = 44100\nfmtp = \"mode=AAC-hbr\"").format.text(),
            "mpeg4-generic/44100/2");
  EXPECT_EQ(fault("[[feed]]\nstream = \"live/a\"\n" + url +
                  "payload = \"aac\"\nclock_rate = 44100\nfmtp = \"streamtype=5; Mode=AAC-hbr\""),
            "");
  const FeedRule other = the_feed(url + "payload = \"application/smpte291\"\nclock_rate = 90000");
  EXPECT_EQ(other.format.media, "application");
  EXPECT_EQ(other.format.text(), "smpte291/90000");
}

TEST(FeedRuleTest, WhatAPayloadCannotBe) {
  const auto with = [](std::string_view keys) {
    return fault("[[feed]]\nstream = \"live/a\"\nurl = \"rtp://0.0.0.0:5004\"\n" + std::string{keys});
  };
  EXPECT_NE(with("payload = \"vp8\"").find("feed.payload: found \"vp8\", accepted mp2t, h264"), std::string::npos);
  EXPECT_NE(with("payload = \"video/\"").find("feed.payload"), std::string::npos);
  EXPECT_NE(with("payload = \"video/VP8\"").find("feed.clock_rate: found nothing"), std::string::npos);
  EXPECT_NE(with("payload = \"l16\"").find("feed.clock_rate: found nothing"), std::string::npos);
  EXPECT_NE(with("payload = \"opus\"\nclock_rate = 44100").find("48000, which opus always has"), std::string::npos);
  EXPECT_NE(with("payload = \"h264\"\nchannels = 2").find("none beside h264"), std::string::npos);
  EXPECT_NE(with("payload = \"h264\"\npayload_type = 33")
                .find("feed.payload_type: found 33 for H264/90000, accepted another: to every receiver it means "
                      "MP2T/90000"),
            std::string::npos);
  for (const int fixed : {0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 25, 26, 28, 31, 32, 33, 34})
    EXPECT_NE(with("payload = \"h264\"\npayload_type = " + std::to_string(fixed)).find("(RFC 3551 §6)"),
              std::string::npos)
        << fixed;
  for (const int free : {1, 2, 19, 20, 24, 27, 29, 30, 35})
    EXPECT_EQ(with("payload = \"h264\"\npayload_type = " + std::to_string(free)), "") << free;
  EXPECT_EQ(with("payload = \"l16\"\nclock_rate = 44100\npayload_type = 10"), "");
  EXPECT_NE(with("payload = \"aac\"\nclock_rate = 44100").find("feed.fmtp: found nothing"), std::string::npos);
  for (const char* fmtp : {"mode=", "streamtype=5; mode=; config=1210", "nomode=AAC-hbr"})
    EXPECT_NE(
        with("payload = \"aac\"\nclock_rate = 44100\nfmtp = \"" + std::string{fmtp} + "\"").find("feed.fmtp: found"),
        std::string::npos)
        << fmtp;
  EXPECT_NE(with("payload = \"h264\"\nfmtp = \"a\\r\\na=x\"").find("one line of printable ASCII"), std::string::npos);
  EXPECT_NE(fault("[[feed]]\nstream = \"live/a\"\nurl = \"udp://0.0.0.0:5004\"\npayload = \"h264\"")
                .find("beside rtp:// alone"),
            std::string::npos);
}

TEST(FeedRuleTest, AnAddressIsAHostsOrAGroups) {
  EXPECT_NE(
      fault("[[feed]]\nstream = \"live/a\"\nurl = \"rtp://240.0.0.1:5004\"").find("a multicast group (224.0.0.0/4"),
      std::string::npos);
  const auto beside = [](std::string_view keys) {
    return fault("[[feed]]\nstream = \"live/a\"\nurl = \"rtp://0.0.0.0:5004\"\n" + std::string{keys});
  };
  EXPECT_NE(beside("second = \"rtp://255.255.255.255:6004\"").find("feed.second: found 255.255.255.255"),
            std::string::npos);
  EXPECT_NE(beside("source = \"240.0.0.1\"").find("one sender"), std::string::npos);
  EXPECT_NE(beside("second = \"rtp://0.0.0.0:6004\"\nsecond_source = \"240.0.0.1\"").find("one sender"),
            std::string::npos);
  EXPECT_NE(beside("payload = \"video/MP2T\"\nclock_rate = 48000").find("90000, which MP2T always has"),
            std::string::npos);
}

// Only RTP takes what is no transport stream.
TEST(FeedRuleTest, OtherOutputsOfSuchAStreamAreRefused) {
  const std::string h264 = "[[feed]]\nstream = \"live/a\"\nurl = \"rtp://0.0.0.0:5004\"\npayload = \"h264\"\n";
  EXPECT_EQ(fault(h264 + "[[destination]]\nstream = \"live/a\"\nurl = \"rtp://192.0.2.1:5004\""), "");
  EXPECT_NE(fault(h264 + "[[destination]]\nstream = \"live/a\"\nurl = \"udp://192.0.2.1:5004\"")
                .find("stream live/a carries H264/90000, which goes out as RTP alone: name an rtp:// destination"),
            std::string::npos);
  EXPECT_NE(fault(h264 + "[[call]]\nrole = \"viewer\"\nstream = \"live/a\"\nurl = \"srt://192.0.2.1:9000\"")
                .find("call.stream: found stream live/a carries H264/90000"),
            std::string::npos);
}

class FeedSdpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/feed-sdp-XXXXXX";
    directory = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  void write(std::string_view text) const {
    std::ofstream(directory + "/x.sdp") << text;
    std::filesystem::permissions(directory + "/x.sdp", static_cast<std::filesystem::perms>(0600));
  }
  Result<Config, ConfigErrors> parse_here(std::string_view keys) const {
    std::string text{kHead};
    text.append("[[feed]]\nstream = \"live/a\"\nsdp = \"x.sdp\"\n").append(keys);
    const std::string name = directory + "/f";
    return parse_config(text, name);
  }
  FeedRule feed_here(std::string_view keys = "") const {
    const auto config = parse_here(keys);
    if (!config) ADD_FAILURE() << config.error().lines.front();
    return config ? config->feeds.at(0) : FeedRule{};
  }
  std::string fault_here(std::string_view keys = "") const {
    const auto config = parse_here(keys);
    return config ? "" : config.error().lines.front();
  }
  std::string directory;
};

TEST_F(FeedSdpTest, ADescriptionSaysItAll) {
  write(
      "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 "
      "H264/90000\na=rtcp-mux\n"
      "m=audio 5006 RTP/AVP 97\na=rtpmap:97 opus/48000/2\n");
  const FeedRule video = feed_here("media = \"video\"");
  EXPECT_EQ(video.terms,
            (FeedTerms{.local = *Endpoint::parse("239.10.0.1:5004"), .payload_type = 96, .rtcp = RtcpWay::kSamePort}));
  EXPECT_EQ(video.format.text(), "H264/90000");
  EXPECT_EQ(feed_here("media = \"2\"").format.text(), "opus/48000/2");
  const FeedRule elsewhere =
      feed_here("media = \"video\"\nurl = \"rtp://0.0.0.0:6000\"\nrtcp = \"off\"\nssrc = 7\nsource = \"192.0.2.1\"");
  EXPECT_EQ(elsewhere.terms.local, *Endpoint::parse("0.0.0.0:6000"));
  EXPECT_EQ(elsewhere.terms.rtcp, RtcpWay::kNone);
  EXPECT_EQ(elsewhere.terms.ssrc, 7u);
  EXPECT_EQ(elsewhere.terms.source, IpAddress::parse("192.0.2.1"));
}

TEST_F(FeedSdpTest, MistakesAreToldWithTheFilesLine) {
  EXPECT_NE(fault_here().find("x.sdp, which cannot be read: No such file"), std::string::npos);
  write("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 host\n");
  EXPECT_NE(fault_here().find("f:7: feed.sdp: found " + directory + "/x.sdp:4: \"host\" is no address"),
            std::string::npos)
      << fault_here();
  write("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\nm=video 5004 RTP/AVP 96\n");
  EXPECT_NE(fault_here().find("x.sdp:6: payload type 96 needs an a=rtpmap"), std::string::npos);
  write("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\nm=video 5004 RTP/AVP 33\n");
  EXPECT_NE(fault_here("payload_type = 96").find("feed.payload_type: found it beside sdp"), std::string::npos);
  EXPECT_NE(fault_here("url = \"udp://0.0.0.0:5004\"").find("beside rtp:// alone"), std::string::npos);
  EXPECT_EQ(fault_here(), "");
}

TEST_F(FeedSdpTest, APortWithNoneBehindItIsTheDescriptionsMistake) {
  write("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\nm=video 65535 RTP/AVP 33\n");
  EXPECT_NE(fault_here().find("f:7: feed.sdp: found " + directory + "/x.sdp:6: port 65535, behind which there is none"),
            std::string::npos)
      << fault_here();
  EXPECT_EQ(fault_here("rtcp = \"off\""), "");
}

// Senders choose another SSRC at each start (RFC 5576 §10): what a description says of it keeps nobody out.
TEST_F(FeedSdpTest, AnSsrcCountsWhenTheTableSaysIt) {
  constexpr std::string_view kHeadOfSdp = "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\n";
  write(std::string{kHeadOfSdp} + "m=video 5004 RTP/AVP 33\na=ssrc:1234 cname:x\n");
  EXPECT_FALSE(feed_here().terms.ssrc);
  EXPECT_EQ(feed_here("ssrc = 1234").terms.ssrc, 1234u);
  write(std::string{kHeadOfSdp} +
        "m=video 5004 RTP/AVPF 96 97\na=rtpmap:96 H264/90000\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n"
        "a=rtcp-fb:96 nack\na=ssrc-group:FID 1234 5678\n");
  EXPECT_FALSE(feed_here().terms.rtx_ssrc);
  EXPECT_EQ(feed_here("ssrc = 1234").terms.rtx_ssrc, 5678u);
  EXPECT_NE(fault_here("ssrc = 1235").find("the SSRC of what is sent again"), std::string::npos);
}

TEST_F(FeedSdpTest, LegsAndRetransmissionsAreReadAndOverruled) {
  write(
      "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nt=0 0\na=group:DUP 1 2\nm=video 5004 RTP/AVPF 33 97\nc=IN IP4 "
      "239.10.0.1/16\na=rtcp-fb:33 nack\n"
      "a=rtpmap:97 rtx/90000\na=fmtp:97 apt=33\na=mid:1\nm=video 6004 RTP/AVPF 33 97\nc=IN IP4 239.10.0.2/16\n"
      "a=source-filter: incl IN IP4 * 192.0.2.2\na=mid:2\n");
  const FeedRule rule = feed_here("second_interface = \"eth2\"");
  EXPECT_TRUE(rule.terms.nack);
  EXPECT_EQ(rule.terms.rtx_payload_type, 97);
  EXPECT_EQ(rule.terms.second,
            (FeedLeg{.local = *Endpoint::parse("239.10.0.2:6004"), .source = IpAddress::v4(192, 0, 2, 2)}));
  EXPECT_EQ(rule.second_interface, "eth2");
  EXPECT_FALSE(feed_here("second = \"\"").terms.second) << "one leg is enough";
  EXPECT_EQ(feed_here("second = \"rtp://192.0.2.9:7000\"").terms.second,
            FeedLeg{.local = *Endpoint::parse("192.0.2.9:7000")});
  const FeedTerms off = feed_here("nack = false").terms;
  EXPECT_FALSE(off.nack || off.rtx_payload_type);
  EXPECT_FALSE(feed_here("rtcp = \"off\"").terms.nack) << "there is no way to ask";
}

TEST_F(FeedSdpTest, WhatCannotBeIsToldWithTheFilesLine) {
  write(
      "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\na=group:FID 1 2\nm=video 5004 RTP/AVPF "
      "33\na=rtcp-fb:33 nack\na=mid:1\n"
      "m=video 5008 RTP/AVPF 97\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=33\na=mid:2\n");
  EXPECT_NE(fault_here("media = \"1\"").find("x.sdp:11: retransmissions on a port of their own"), std::string::npos);
  EXPECT_EQ(fault_here("media = \"1\"\nnack = false"), "");
}

TEST(FeedRuleTest, NobodyElseIsPulledForItsStream) {
  const std::string feed_of_a = "[[feed]]\nstream = \"live/a\"\nurl = \"rtp://0.0.0.0:5004\"\n";
  const std::string call = "[[call]]\nstream = \"live/a\"\nurl = \"srt://192.0.2.1:9000\"\nrole = ";
  EXPECT_NE(fault(feed_of_a + call + "\"publisher\"").find("a feed is the only publisher"), std::string::npos);
  EXPECT_EQ(fault(feed_of_a + call + "\"viewer\""), "");
}

const std::string kKeyText = "AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const std::string kOtherKeyText = "AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

TEST(FeedRuleTest, AKeyMakesItSrtp) {
  const std::string url = "url = \"rtp://0.0.0.0:5004\"\n";
  const FeedRule feed = the_feed(url + "srtp = \"" + kKeyText + "\"\nnack = true\nrtx_pt = 97\nrtx_ssrc = 7");
  ASSERT_TRUE(feed.srtp);
  EXPECT_EQ(*feed.srtp, *parse_srtp_key(kKeyText));
  EXPECT_FALSE(feed == the_feed(url + "srtp = \"" + kOtherKeyText + "\"\nnack = true\nrtx_pt = 97\nrtx_ssrc = 7"));
  EXPECT_FALSE(the_feed(url).srtp);
}

TEST(FeedRuleTest, WhatDoesNotGoWithSrtpIsRefused) {
  const auto with = [](std::string_view keys) {
    return fault("[[feed]]\nstream = \"live/a\"\nsrtp = \"" + kKeyText + "\"\n" + std::string{keys});
  };
  const std::string url = "url = \"rtp://0.0.0.0:5004\"\n";
  EXPECT_EQ(with(url), "");
  EXPECT_NE(with("url = \"udp://0.0.0.0:5004\"").find("feed.srtp: found it beside udp://"), std::string::npos);
  EXPECT_NE(with(url + "fec = true").find("feed.fec: found true beside SRTP, accepted false"), std::string::npos);
  EXPECT_NE(with(url + "second = \"rtp://0.0.0.0:5006\"").find("feed.second: found it beside SRTP"), std::string::npos);
  EXPECT_NE(fault("[[feed]]\nstream = \"live/a\"\n" + url + "srtp = \"" + kKeyText +
                  "\"\n[[feed]]\nstream = \"live/b\"\nurl = \"rtp://0.0.0.0:6000\"\nsrtp = \"" + kOtherKeyText + "\"")
                .find("feed.srtp: found the key of line 5"),
            std::string::npos)
      << "whatever the suite";
  const std::string bad = fault("[[feed]]\nstream = \"live/a\"\n" + url + "srtp = \"" + kKeyText + "x\"");
  EXPECT_NE(bad.find("f:8: feed.srtp: found no base64 behind inline:, accepted 30 bytes"), std::string::npos) << bad;
  EXPECT_EQ(bad.find("d0Rm"), std::string::npos);
}

TEST_F(FeedSdpTest, ADescriptionMayHaveTheKey) {
  const std::string head =
      "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\nm=video 5004 RTP/SAVP 33\n";
  write(head + "a=crypto:1 " + kKeyText + "\n");
  EXPECT_EQ(feed_here().srtp, *parse_srtp_key(kKeyText));
  EXPECT_EQ(feed_here("srtp = \"" + kOtherKeyText + "\"").srtp, *parse_srtp_key(kOtherKeyText)) << "the table is right";
  write(head);
  EXPECT_NE(fault_here().find("x.sdp:6: RTP/SAVP without a key: neither a=crypto here nor srtp beside sdp"),
            std::string::npos)
      << fault_here();
  EXPECT_EQ(feed_here("srtp = \"" + kKeyText + "\"").srtp, *parse_srtp_key(kKeyText));
}

TEST_F(FeedSdpTest, AKeyInAWrongLineIsNotShown) {
  const std::string key = kKeyText.substr(kKeyText.find(':') + 1);
  const std::string head = "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\n";
  const std::string media = head + "m=video 5004 RTP/AVP 33\n";
  for (const std::string& text :
       {"v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 " + key + "\n", head + "m=" + key + "\n",
        head + "m=video " + key + " RTP/AVP 33\n", head + "m=video 5004 " + key + " 33\n",
        media + "a=rtpmap:33 MP2T/" + key + "\n", media + "a=rtpmap:" + key + "\n", media + "a=rtcp:" + key + "\n",
        media + "a=ssrc:" + key + "\n", media + "a=source-filter:" + key + "\n",
        media + "a=source-filter: incl IN IP4 * " + key + "\n",
        head + "a=group:DUP 1 " + key + "\n" + media.substr(head.size()) + "a=mid:1\n"}) {
    write(text);
    EXPECT_NE(fault_here().find("…"), std::string::npos) << fault_here();
    EXPECT_EQ(fault_here().find(key.substr(4, 8)), std::string::npos) << fault_here();
  }
}

TEST_F(FeedSdpTest, AnSdpFileWithAKeyIsASecret) {
  write("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 239.10.0.1/16\nt=0 0\nm=video 5004 RTP/SAVP 33\na=crypto:1 " +
        kKeyText + "\n");
  for (const auto mode : {0644, 0604, 0660}) {
    std::filesystem::permissions(directory + "/x.sdp", static_cast<std::filesystem::perms>(mode));
    EXPECT_NE(fault_here().find("x.sdp with mode 06"), std::string::npos) << fault_here();
    EXPECT_NE(fault_here().find("and a key in it (a=crypto), accepted one that nobody else reads"), std::string::npos);
    EXPECT_EQ(fault_here().find("d0Rm"), std::string::npos);
  }
  std::filesystem::permissions(directory + "/x.sdp", static_cast<std::filesystem::perms>(0640));
  EXPECT_EQ(fault_here(), "");
}

std::string feed(std::string_view stream, std::string_view url, std::string_view more = "") {
  return "[[feed]]\nstream = \"live/" + std::string{stream} + "\"\nurl = \"" + std::string{url} + "\"\n" +
         std::string{more} + "\n";
}

TEST(FeedRuleTest, TwoStreamsOnOnePortAreToldApartOrRefused) {
  const std::string url = "rtp://0.0.0.0:5004";
  EXPECT_NE(fault(feed("a", url) + feed("b", url)).find("f:9: feed.url: found 0.0.0.0:5004 again, after line 5"),
            std::string::npos);
  EXPECT_NE(fault(feed("a", url, "ssrc = 1") + feed("b", url, "ssrc = 1")), "");
  EXPECT_NE(fault(feed("a", url, "ssrc = 1") + feed("b", url)), "");
  EXPECT_EQ(fault(feed("a", url, "ssrc = 1") + feed("b", url, "ssrc = 2")), "");
  const std::string_view rtx_of_one = "ssrc = 1\nnack = true\nrtx_pt = 97\nrtx_ssrc = 2";
  EXPECT_NE(fault(feed("a", url, rtx_of_one) + feed("b", url, "ssrc = 2")), "")
      << "retransmissions lead to a feed, too";
  EXPECT_NE(fault(feed("a", url, "ssrc = 2") + feed("b", url, rtx_of_one)), "");
  EXPECT_EQ(fault(feed("a", url, "ssrc = 3") + feed("b", url, rtx_of_one)), "");
  EXPECT_EQ(fault(feed("a", url, "source = \"192.0.2.1\"") + feed("b", url, "source = \"192.0.2.2\"")), "");
  EXPECT_NE(fault(feed("a", url) + feed("a", "rtp://0.0.0.0:6000")).find("one feed for each stream"),
            std::string::npos);
}

TEST(FeedRuleTest, PortsDoNotMeet) {
  EXPECT_NE(fault(feed("a", "rtp://0.0.0.0:9000")).find("[[listen]]"), std::string::npos);
  EXPECT_NE(fault(feed("a", "rtp://127.0.0.1:9000")), "");
  EXPECT_NE(fault(feed("a", "rtp://127.0.0.1:8999")), "") << "RTCP's";
  EXPECT_EQ(fault(feed("a", "rtp://127.0.0.1:8999", "rtcp = \"off\"")), "");
  EXPECT_NE(fault(feed("a", "rtp://127.0.0.1:5004") + feed("b", "rtp://127.0.0.1:5005")), "") << "RTCP's of the first";
  EXPECT_NE(fault(feed("a", "rtp://127.0.0.1:5004") + feed("b", "udp://0.0.0.0:5004")), "")
      << "a wildcard has them all";
  EXPECT_EQ(fault(feed("a", "rtp://239.0.0.1:5004") + feed("b", "rtp://239.0.0.2:5004")), "");
}

TEST(FeedRuleTest, FecHasTwoPortsMore) {
  const std::string url = "rtp://0.0.0.0:5004";
  EXPECT_EQ(fault(feed("a", url, "fec = true") + feed("b", "rtp://0.0.0.0:5010")), "");
  EXPECT_NE(fault(feed("a", url, "fec = true") + feed("b", "rtp://0.0.0.0:5006")).find("fourth behind"),
            std::string::npos);
  EXPECT_NE(fault(feed("a", url, "fec = true") + feed("b", "udp://0.0.0.0:5008")), "");
  EXPECT_NE(fault(feed("a", "udp://0.0.0.0:5004", "fec = true")).find("beside rtp:// alone"), std::string::npos);
  EXPECT_NE(fault(feed("a", "rtp://0.0.0.0:65532", "fec = true")).find("two and four behind"), std::string::npos);
  EXPECT_NE(fault(feed("a", "rtp://0.0.0.0:8998", "fec = true")).find("[[listen]]"), std::string::npos);
}

TEST(FeedRuleTest, FecDoesNotSayWhichSourcesItIs) {
  const std::string url = "rtp://0.0.0.0:5004";
  EXPECT_NE(fault(feed("a", url, "ssrc = 1\nfec = true") + feed("b", url, "ssrc = 2")).find("with fec, a source"),
            std::string::npos);
  EXPECT_EQ(fault(feed("a", url, "source = \"192.0.2.1\"\nfec = true") +
                  feed("b", url, "source = \"192.0.2.2\"\nfec = true")),
            "");
}

TEST(FeedRuleTest, OnDevicesItComesToADevicesAddress) {
  const auto fault_on = [](std::string_view workers, std::string_view url, std::string_view more = "") {
    const auto config =
        parse_config("[relay]\nport = \"ethernet\"\n" + std::string{workers} +
                         "\n[ethernet]\nudp_ports = [9000, 5004]\n[[ethernet.device]]\neal = \"net_null0\"\n"
                         "ipv4 = \"10.0.0.1/24\"\n[[stream]]\nname = \"live/*\"\n" +
                         feed("a", url, more),
                     "f");
    return config ? "" : config.error().lines.front();
  };
  EXPECT_EQ(fault_on("", "rtp://10.0.0.1:5004", "rtcp = \"off\""), "");
  EXPECT_NE(fault_on("", "rtp://10.0.0.1:5004").find("one that ethernet.udp_ports lists"), std::string::npos)
      << "RTCP's";
  EXPECT_NE(
      fault_on("", "rtp://10.0.0.1:9000", "rtcp = \"off\"").find("the first of ethernet.udp_ports, which is SRT's"),
      std::string::npos);
  EXPECT_EQ(fault_on("", "rtp://239.0.0.1:9000", "rtcp = \"off\""), "") << "SRT has no groups";
  EXPECT_NE(fault_on("", "rtp://10.0.0.9:5004", "rtcp = \"off\"").find("an address of an [[ethernet.device]]"),
            std::string::npos);
  EXPECT_EQ(fault_on("workers = 2", "rtp://10.0.0.1:5004", "rtcp = \"off\""), "");
  EXPECT_EQ(fault_on("", "rtp://239.0.0.1:5004", "rtcp = \"off\""), "") << "a group";
  EXPECT_EQ(fault_on("", "rtp://239.0.0.1:5004", "rtcp = \"off\"\ninterface = \"net_null0\""), "");
  EXPECT_NE(fault_on("", "rtp://239.0.0.1:5004", "rtcp = \"off\"\ninterface = \"eth1\"").find("there are net_null0"),
            std::string::npos);
  EXPECT_NE(fault_on("", "rtp://[ff15::1]:5004", "rtcp = \"off\"").find("has an address of IPv6"), std::string::npos);
}

}  // namespace
}  // namespace fanlight::control
