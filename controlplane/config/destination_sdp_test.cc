#include "config/destination_sdp.h"

#include <gtest/gtest.h>

#include "config/srtp_key.h"

namespace fanlight::control {
namespace {

std::string sdp(const char* url, std::uint32_t session = 0) {
  DestinationRule rule = *parse_destination_url(url);
  rule.stream = "live/main";
  return sdp_of(rule, {.ssrc = session, .cname = "c0ffee"}, {.session = session, .version = 5});
}

TEST(DestinationSdpTest, AHostsAddressIsDescribed) {
  EXPECT_EQ(sdp("rtp://192.0.2.7:5004", 77),
            "v=0\r\no=- 77 5 IN IP4 127.0.0.1\r\ns=live/main\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\na=recvonly\r\n"
            "m=video 5004 RTP/AVP 33\r\na=rtpmap:33 MP2T/90000\r\na=ssrc:77 cname:c0ffee\r\n");
}

// RFC 8866 §5.2: it is told apart by who made it and where.
TEST(DestinationSdpTest, TheOriginIsWherePacketsLeave) {
  const DestinationRule rule = *parse_destination_url("rtp://192.0.2.7:5004");
  const auto origin = [](const DestinationRule& of, const char* local) {
    const std::string text = sdp_of(of, {.ssrc = 77, .local = *IpAddress::parse(local)}, {77, 5});
    return text.substr(5, text.find("\r\ns=") - 5);
  };
  EXPECT_EQ(origin(rule, "192.0.2.1"), "o=- 77 5 IN IP4 192.0.2.1");
  EXPECT_EQ(origin(rule, "0.0.0.0"), "o=- 77 5 IN IP4 127.0.0.1");
  EXPECT_EQ(origin(rule, "::"), "o=- 77 5 IN IP4 127.0.0.1");
  EXPECT_EQ(origin(*parse_destination_url("rtp://192.0.2.7:5004?source=192.0.2.9"), "192.0.2.1"),
            "o=- 77 5 IN IP4 192.0.2.9");
}

// RFC 8866 §5.2
TEST(DestinationSdpTest, ItsVersionRisesWhenItSaysSomethingElseAndNoSooner) {
  constexpr std::int64_t kNow = 1'795'000'000;
  SdpHistory history;
  SdpFacts facts{};
  const SdpOrigin waiting = history.note(7, kNow, facts);
  EXPECT_EQ(waiting.session, kNow * 1'000'000 + 7);
  EXPECT_EQ(waiting.version, kNow);
  EXPECT_EQ(history.note(7, kNow + 60, facts).version, kNow) << "it says what it said";
  facts.ssrc = 77;
  EXPECT_EQ(history.note(7, kNow + 61, facts).version, kNow + 61);
  facts.cname = "c0ffee";
  EXPECT_EQ(history.note(7, kNow + 61, facts).version, kNow + 62) << "twice in a second";
  facts.local = IpAddress::v4(192, 0, 2, 1);
  const SdpOrigin last = history.note(7, kNow - 3'600, facts);
  EXPECT_EQ(last.version, kNow + 63) << "the clock was set back";
  EXPECT_EQ(last.session, waiting.session);
  SdpHistory other;
  EXPECT_NE(other.note(8, kNow, facts).session, waiting.session);
}

TEST(DestinationSdpTest, AGroupHasItsTtlAndSource) {
  const std::string four = sdp("rtp://239.1.2.3:5004?pt=96&ttl=8&source=192.0.2.1");
  EXPECT_NE(four.find("\r\nc=IN IP4 239.1.2.3/8\r\n"), std::string::npos) << four;
  EXPECT_NE(four.find("\r\na=rtpmap:96 MP2T/90000\r\n"), std::string::npos) << four;
  EXPECT_NE(four.find("\r\na=source-filter: incl IN IP4 239.1.2.3 192.0.2.1\r\n"), std::string::npos) << four;
  EXPECT_EQ(four.find("a=ssrc"), std::string::npos) << "it is not open";
  EXPECT_NE(sdp("rtp://239.1.2.3:5004").find("239.1.2.3/1\r\n"), std::string::npos);
  EXPECT_NE(sdp("rtp://[ff15::1]:5004?ttl=8").find("\r\nc=IN IP6 ff15::1\r\n"), std::string::npos);
}

TEST(DestinationSdpTest, RtcpOnOnePortIsSaid) {
  EXPECT_NE(sdp("rtp://192.0.2.7:5004?rtcp=same_port").find("a=rtcp-mux"), std::string::npos);
  EXPECT_EQ(sdp("rtp://192.0.2.7:5004").find("a=rtcp-mux"), std::string::npos);
}

// RFC 3556 §2. Receivers would send theirs to a port where nobody hears them.
TEST(DestinationSdpTest, NoRtcpIsSaidToo) {
  EXPECT_NE(sdp("rtp://192.0.2.7:5004?rtcp=off").find("m=video 5004 RTP/AVP 33\r\nb=RS:0\r\nb=RR:0\r\n"),
            std::string::npos);
  EXPECT_EQ(sdp("rtp://192.0.2.7:5004").find("b="), std::string::npos);
}

TEST(DestinationSdpTest, WhatMayBeAskedForAgainIsSaid) {
  const std::string nack = sdp("rtp://192.0.2.7:5004?nack=1", 77);
  EXPECT_NE(nack.find("m=video 5004 RTP/AVPF 33\r\n"), std::string::npos) << nack;
  EXPECT_NE(nack.find("a=rtcp-fb:33 nack\r\n"), std::string::npos) << nack;
  EXPECT_EQ(nack.find("FID"), std::string::npos) << nack;
  const std::string rtx = sdp("rtp://192.0.2.7:5004?nack=1&rtx_pt=97", 77);
  EXPECT_NE(rtx.find("m=video 5004 RTP/AVPF 33 97\r\n"), std::string::npos) << rtx;
  EXPECT_NE(rtx.find("a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=33\r\n"), std::string::npos) << rtx;
  EXPECT_NE(rtx.find("a=ssrc-group:FID 77 2147483725\r\na=ssrc:77 cname:c0ffee\r\na=ssrc:2147483725 cname:c0ffee"),
            std::string::npos)
      << rtx;
}

TEST(DestinationSdpTest, TwoLegsAreOneGroup) {
  EXPECT_EQ(sdp("rtp://192.0.2.7:5004?second=239.1.2.3:6004&second_ttl=5", 77),
            "v=0\r\no=- 77 5 IN IP4 127.0.0.1\r\ns=live/main\r\nt=0 0\r\na=recvonly\r\na=group:DUP 1 2\r\n"
            "m=video 5004 RTP/AVP 33\r\nc=IN IP4 192.0.2.7\r\na=rtpmap:33 MP2T/90000\r\n"
            "a=ssrc:77 cname:c0ffee\r\na=mid:1\r\n"
            "m=video 6004 RTP/AVP 33\r\nc=IN IP4 239.1.2.3/5\r\na=rtpmap:33 MP2T/90000\r\n"
            "a=ssrc:77 cname:c0ffee\r\na=mid:2\r\n");
}

TEST(DestinationSdpTest, EachLegSendsAgainUnderASourceOfItsOwn) {
  const std::string text = sdp("rtp://192.0.2.7:5004?second=192.0.2.8:6004&nack=1&rtx_pt=97", 77);
  EXPECT_NE(text.find("a=ssrc-group:FID 77 2147483725\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("a=ssrc-group:FID 77 3221225549\r\n"), std::string::npos) << text;
}

TEST(DestinationSdpTest, APayloadIsDescribedAsItsFeedIs) {
  DestinationRule rule = *parse_destination_url("rtp://192.0.2.7:5004?pt=100");
  const std::string text = sdp_of(rule, {}, {},
                                  {.media = "audio",
                                   .encoding = "mpeg4-generic",
                                   .clock_rate = 44'100,
                                   .channels = 2,
                                   .fmtp = "mode=AAC-hbr;config=1210",
                                   .payload_type = 97});
  EXPECT_NE(text.find("\r\nm=audio 5004 RTP/AVP 100\r\na=rtpmap:100 mpeg4-generic/44100/2\r\n"
                      "a=fmtp:100 mode=AAC-hbr;config=1210\r\n"),
            std::string::npos)
      << text;
}

// RFC 4568: the key is a line of its own, and only where it is asked for. Its SSRC may change: it is that of now.
TEST(DestinationSdpTest, SrtpHasItsProfileAndOnWishItsKey) {
  constexpr const char* kKey = "AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
  DestinationRule rule = *parse_destination_url("rtp://192.0.2.7:5004");
  rule.stream = "live/main";
  rule.srtp = *parse_srtp_key(kKey);
  const std::string shown =
      "v=0\r\no=- 77 5 IN IP4 127.0.0.1\r\ns=live/main\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
      "a=recvonly\r\nm=video 5004 RTP/SAVP 33\r\na=rtpmap:33 MP2T/90000\r\n";
  EXPECT_EQ(sdp_of(rule, {}, {77, 5}), shown);
  EXPECT_EQ(sdp_of(rule, {}, {77, 5}, {}, true), shown + "a=crypto:1 " + kKey + "\r\n");
  EXPECT_EQ(sdp_of(rule, {.ssrc = 99, .cname = "c0ffee"}, {77, 5}), shown + "a=ssrc:99 cname:c0ffee\r\n");
}

TEST(DestinationSdpTest, FecHasItsPorts) {
  EXPECT_NE(
      sdp("rtp://192.0.2.7:5004?fec=1").find("\r\na=x-smpte-2022-1:columns 5006\r\na=x-smpte-2022-1:rows 5008\r\n"),
      std::string::npos);
  EXPECT_EQ(sdp("rtp://192.0.2.7:5004").find("2022"), std::string::npos);
}

TEST(DestinationSdpTest, ABareTransportStreamHasNone) { EXPECT_EQ(sdp("udp://192.0.2.7:5004"), ""); }

}  // namespace
}  // namespace fanlight::control
