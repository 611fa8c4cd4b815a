#include "config/sdp_media.h"

#include <gtest/gtest.h>

#include "config/destination_sdp.h"

namespace fanlight::control {
namespace {

std::string text_of(std::string_view media) {
  return "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 192.0.2.7\nt=0 0\n" + std::string{media};
}
Result<MediaDescription, SdpFault> described(std::string_view media, std::string_view wanted = "") {
  const auto session = parse_sdp(text_of(media));
  if (!session) return session.error();
  const auto chosen = choose_media(*session, wanted);
  if (!chosen) return chosen.error();
  return describe_media(*session, **chosen);
}
MediaDescription good(std::string_view media, std::string_view wanted = "") {
  const auto found = described(media, wanted);
  EXPECT_TRUE(found) << found.error().why;
  return found ? *found : MediaDescription{};
}
std::string fault(std::string_view media, std::string_view wanted = "") {
  const auto found = described(media, wanted);
  return found ? "" : std::to_string(found.error().line) + ": " + found.error().why;
}

TEST(SdpMediaTest, APayloadWithAClockAndParameters) {
  const MediaDescription found = good(
      "m=video 5004 RTP/AVP 96\na=rtpmap:97 no/1000\na=rtpmap:96 H264/90000\n"
      "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAC6zZX4==,aOvjyyLA\n");
  EXPECT_EQ(found.address, *Endpoint::parse("192.0.2.7:5004"));
  EXPECT_EQ(found.rtcp, RtcpWay::kNextPort);
  EXPECT_EQ(found.format, (MediaFormat{.media = "video",
                                       .encoding = "H264",
                                       .clock_rate = 90'000,
                                       .fmtp = "packetization-mode=1; sprop-parameter-sets=Z2QAC6zZX4==,aOvjyyLA",
                                       .payload_type = 96}));
  EXPECT_FALSE(found.source || found.ssrc);
}

TEST(SdpMediaTest, AudioHasChannels) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/44100/2").format.text(), "MPEG4-GENERIC/44100/2");
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 97\na=rtpmap:97 L16/48000").format.channels, 0u);
}

TEST(SdpMediaTest, SomeTypesNeedNoMap) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 10").format.text(), "L16/44100/2");
  EXPECT_TRUE(good("m=video 5004 RTP/AVP 33").format.is_transport_stream());
  EXPECT_TRUE(good("m=video 5004 RTP/AVP 96\na=rtpmap:96 mp2t/90000").format.is_transport_stream());
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96"), "6: payload type 96 needs an a=rtpmap: it means nothing by itself");
}

TEST(SdpMediaTest, WhereRtcpComes) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtcp-mux").rtcp, RtcpWay::kSamePort);
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtcp:5005 IN IP4 192.0.2.7").rtcp, RtcpWay::kNextPort);
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtcp:5004").rtcp, RtcpWay::kSamePort);
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=rtcp:6000"),
            "7: RTCP on port 6000; it comes to RTP's port or the one behind it");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=rtcp:x"), "7: no port behind a=rtcp: x");
}

TEST(SdpMediaTest, FromWhom) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP4 * 192.0.2.1").source,
            IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(good("a=source-filter: incl IN IP4 * 192.0.2.9\nm=audio 5004 RTP/AVP 0").source,
            IpAddress::parse("192.0.2.9"))
      << "of the whole session";
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=ssrc:4294967295 cname:x\na=ssrc:5 cname:y").ssrc, 0xFFFF'FFFF);
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: excl IN IP4 * 192.0.2.1"),
            "7: no incl IN IP4 GROUP SOURCE:  excl IN IP4 * 192.0.2.1");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP4 * 192.0.2.1 192.0.2.2"),
            "7: several sources; a feed has one, or anybody's");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP6 * 2001:db8::1"),
            "7: 2001:db8::1 is not of the family of 192.0.2.7");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=ssrc:x"), "7: no SSRC behind a=ssrc: x");
}

TEST(SdpMediaTest, OneOfSeveralIsNamed) {
  constexpr std::string_view kTwo = "m=video 5004 RTP/AVP 33\nm=audio 5006 RTP/AVP 0\n";
  EXPECT_EQ(good(kTwo, "audio").address.port, 5006);
  EXPECT_EQ(good(kTwo, "2").address.port, 5006);
  EXPECT_NE(fault(kTwo).find("7: another m=; say which one is meant"), std::string::npos);
  EXPECT_EQ(fault(kTwo, "text"), "6: no m=text in all of it");
  EXPECT_EQ(fault(kTwo, "3"), "6: no m=3 in all of it");
  EXPECT_EQ(fault(""), "1: no m=, so it describes nothing");
}

TEST(SdpMediaTest, WhatIsNoRtpOrNotSent) {
  EXPECT_EQ(fault("m=video 5004 RAW/RAW/UDP 33"), "6: RAW/RAW/UDP is neither RTP/AVP nor RTP/AVPF");
  EXPECT_EQ(fault("m=video 0 RTP/AVP 33"), "6: port 0: the medium is not sent");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 128"), "6: a payload type that is not 0 to 127: 128");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 H264"), "7: no a=rtpmap:TYPE ENCODING/CLOCK: 96 H264");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/"), "7: no a=rtpmap:TYPE ENCODING/CLOCK: 96 H264/");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 x/0"), "7: a clock of less than 1000 ticks a second");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 x/90000/0"), "7: channels that are not 1 to 64: 96 x/90000/0");
  const auto session = parse_sdp("v=0\nm=video 5004 RTP/AVP 33");
  EXPECT_EQ(describe_media(*session, session->media[0]).error().why, "no c= says where it comes");
}

// One relay's output is another's input.
TEST(SdpMediaTest, WhatTheRelayWritesItReads) {
  const MediaFormat format{.media = "audio",
                           .encoding = "opus",
                           .clock_rate = 48'000,
                           .channels = 2,
                           .fmtp = "sprop-stereo=1",
                           .payload_type = 97};
  DestinationRule rule = *parse_destination_url("rtp://239.1.2.3:5004?pt=97&source=192.0.2.1&rtcp=same_port");
  rule.stream = "live/audio";
  const std::string text = sdp_of(rule, SocketId{77}, format);
  const auto session = parse_sdp(text);
  ASSERT_TRUE(session) << text;
  const auto found = describe_media(*session, session->media.at(0));
  ASSERT_TRUE(found) << found.error().why;
  EXPECT_EQ(found->format, format);
  EXPECT_EQ(found->address, *Endpoint::parse("239.1.2.3:5004"));
  EXPECT_EQ(found->source, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(found->ssrc, 77u);
  EXPECT_EQ(found->rtcp, RtcpWay::kSamePort);
}

}  // namespace
}  // namespace fanlight::control
